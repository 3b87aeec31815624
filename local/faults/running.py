"""How does a run go? Promise by promise and part by part, each in its own way; what is broken stops no other."""

import os
import platform
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from local.errors import LocalError
from local.faults.earlier import Digests, digests
from local.faults.other_parts import run_fuzz, run_mutation
from local.faults.outcomes import Outcome, Results, written
from local.faults.promises import Part, Promise, Way, place
from local.faults.pytest_part import run_tests
from local.faults.telling import Telling

FUZZ_SECONDS = 20.0
QUICK_FUZZ_SECONDS = 2.0
TOLD_VERSIONS = (
    "azure-functions",
    "azure-data-tables",
    "azure-storage-blob",
    "azure-storage-queue",
    "aiohttp",
    "hypothesis",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: where it writes, how much it tries, with how many processes, whom it tells, and of which code and suite.

    `earlier` is what is known of the same ones from before; with `resume`, what was good there is not tried again.
    """

    folder: Path
    profile: str
    workers: int
    telling: Telling
    now: Digests
    earlier: Results | None = None
    resume: bool = False
    look: Callable[[], Digests] = digests

    def results(self, promises: Sequence[Promise]) -> Results:
        """Try all of them; what is known of them is on disk after each part."""
        found: dict[str, tuple[Outcome, ...]] = {}
        for promise in promises:
            self.telling.begin(promise)
            for part in promise.parts:
                good = self._good_before(promise, part)
                outcome = good or self._try(promise, part)
                self.telling.end(outcome, taken_over=good is not None)
                found[promise.name] = (*found.get(promise.name, ()), outcome)
                if self.is_unchanged():
                    file_of(self.folder, self.profile).write_bytes(written(self._told(self._with_earlier(found))))
        return self._told(found)

    def is_unchanged(self) -> bool:
        """Whether code and suite are still those that this run began with: else nobody knows what was tried."""
        return self.look() == self.now

    def _with_earlier(self, found: Mapping[str, tuple[Outcome, ...]]) -> dict[str, tuple[Outcome, ...]]:
        """What was not yet come to, or not asked for, is still known from before."""
        whole = dict(found)
        for name, outcomes in self.earlier.promises.items() if self.earlier else ():
            new = {one.part for one in whole.get(name, ())}
            whole[name] = (*whole.get(name, ()), *(one for one in outcomes if one.part not in new))
        return whole

    def _told(self, found: Mapping[str, tuple[Outcome, ...]]) -> Results:
        return Results(
            day=datetime.now(UTC).date().isoformat(),
            profile=self.profile,
            code=self.now.app,
            suite=self.now.suite,
            machine=machine(),
            versions={"Python": platform.python_version(), **{name: version(name) for name in TOLD_VERSIONS}},
            seconds=round(sum(one.seconds for outcomes in found.values() for one in outcomes), 1),
            promises=dict(found),
        )

    def _good_before(self, promise: Promise, part: Part) -> Outcome | None:
        before = self.earlier.of(promise.name, part.name) if self.earlier and self.resume else None
        return before if before and before.is_good else None

    def _try(self, promise: Promise, part: Part) -> Outcome:
        """Whatever goes wrong with a part, the others, the table and the report still come."""
        began, folder = time.monotonic(), self.folder / place(promise, part)
        try:
            return self._run(part, folder)
        except LocalError as error:
            problem = str(error)
        except Exception as error:
            problem = f"broke: {type(error).__name__}: {error}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "broke.log").write_text(traceback.format_exc(), encoding="utf-8")
        return Outcome(part.name, seconds=round(time.monotonic() - began, 1), not_done=problem)

    def _run(self, part: Part, folder: Path) -> Outcome:
        def progress(done: int, total: int) -> None:
            self.telling.progress(part.name, done, total)

        match part.way:
            case Way.TESTS:
                return run_tests(part.name, part.tests, folder, self.profile, self.workers, progress)
            case Way.FUZZ:
                seconds = FUZZ_SECONDS if self.profile == "full" else QUICK_FUZZ_SECONDS
                return run_fuzz(part.name, seconds, self.workers, folder, progress)
            case Way.MUTATION:
                return run_mutation(part.name, self.workers, folder, progress)


def file_of(folder: Path, profile: str) -> Path:
    """Where the results of a profile are kept, from the first part on."""
    return folder / f"results-{profile}.json"


def machine() -> str:
    """What it ran on, without a name."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
