"""How does a run go? Promise by promise and part by part, each in its own way; what is broken stops no other."""

import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from local.children import ROOT
from local.errors import LocalError
from local.faults.other_parts import run_fuzz, run_mutation
from local.faults.outcomes import Outcome, Results, read_results, written
from local.faults.promises import Part, Promise, Way
from local.faults.pytest_part import run_tests
from local.faults.telling import Telling

FUZZ_SECONDS = 20.0
QUICK_FUZZ_SECONDS = 2.0
PRODUCT = ("shared", "functions")
PRODUCT_FILES = ("function_app.py", "host.json", "requirements.txt")
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
    """One run: where it writes, how much it tries, with how many processes, whom it tells, what it need not repeat."""

    folder: Path
    profile: str
    workers: int
    telling: Telling
    kept: Results | None = None

    @property
    def file(self) -> Path:
        """Where the results are, from the first part on."""
        return self.folder / "results.json"

    def results(self, promises: Sequence[Promise]) -> Results:
        """Try all of them; what is known of them is on disk after each part."""
        found: dict[str, tuple[Outcome, ...]] = {}
        for promise in promises:
            self.telling.begin(promise)
            for part in promise.parts:
                outcome = self._try(promise, part)
                self.telling.end(outcome)
                found[promise.name] = (*found.get(promise.name, ()), outcome)
                self.file.write_bytes(written(self._told(self._with_kept(found))))
        return self._told(found)

    def _with_kept(self, found: Mapping[str, tuple[Outcome, ...]]) -> dict[str, tuple[Outcome, ...]]:
        """What was not yet come to is still known from before: this run may be broken off too."""
        whole = dict(found)
        for name, outcomes in self.kept.promises.items() if self.kept else ():
            new = {one.part for one in whole.get(name, ())}
            whole[name] = (*whole.get(name, ()), *(one for one in outcomes if one.part not in new))
        return whole

    def _told(self, found: Mapping[str, tuple[Outcome, ...]]) -> Results:
        return Results(
            day=datetime.now(UTC).date().isoformat(),
            profile=self.profile,
            code=digest(),
            machine=machine(),
            versions={"Python": platform.python_version(), **{name: version(name) for name in TOLD_VERSIONS}},
            seconds=round(sum(one.seconds for outcomes in found.values() for one in outcomes), 1),
            promises=dict(found),
        )

    def _try(self, promise: Promise, part: Part) -> Outcome:
        for outcome in self.kept.promises.get(promise.name, ()) if self.kept else ():
            if outcome.part == part.name and outcome.is_good:
                return outcome
        try:
            return self._run(promise, part)
        except LocalError as error:
            return Outcome(part.name, failures=1, not_done=str(error))

    def _run(self, promise: Promise, part: Part) -> Outcome:
        def progress(done: int, total: int) -> None:
            self.telling.progress(part.name, done, total)

        folder = self.folder / promise.name / part.name.replace(" ", "-")
        folder.mkdir(parents=True, exist_ok=True)
        match part.way:
            case Way.TESTS:
                return run_tests(part.name, part.tests, folder, self.profile, self.workers, progress)
            case Way.FUZZ:
                seconds = FUZZ_SECONDS if self.profile == "full" else QUICK_FUZZ_SECONDS
                return run_fuzz(part.name, seconds, self.workers, progress)
            case Way.MUTATION:
                return run_mutation(part.name, self.workers, progress)


def kept(file: Path, profile: str) -> Results | None:
    """What an earlier run found out about the same code, as far as it is still to be had."""
    if not file.exists():
        return None
    try:
        results = read_results(file)
    except LocalError:  # of an older suite
        return None
    return results if (results.profile, results.code) == (profile, digest()) else None


def digest() -> str:
    """The code that is tried, as a hash: what goes to Azure."""
    files = sorted(file for place in PRODUCT for file in (ROOT / place).rglob("*.py"))
    whole = hashlib.sha256()
    for file in (*files, *(ROOT / name for name in PRODUCT_FILES)):
        whole.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def machine() -> str:
    """What it ran on, without a name."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
