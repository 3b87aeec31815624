"""How does a run go? Promise by promise and part by part, each in its own way; what is broken stops no other."""

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from local.errors import LocalError
from local.faults.other_parts import run_fuzz, run_mutation
from local.faults.outcomes import Outcome, Results
from local.faults.promises import Part, Promise, Way
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
    """One run: where it writes, how much it tries, with how many processes, and whom it tells."""

    folder: Path
    profile: str
    workers: int
    telling: Telling

    def results(self, promises: Sequence[Promise]) -> Results:
        """Try all of them."""
        began = time.monotonic()
        found = {}
        for promise in promises:
            self.telling.begin(promise)
            found[promise.name] = tuple(self._try(promise, part) for part in promise.parts)
        return Results(
            day=datetime.now(UTC).date().isoformat(),
            profile=self.profile,
            machine=machine(),
            versions={"Python": platform.python_version(), **{name: version(name) for name in TOLD_VERSIONS}},
            seconds=round(time.monotonic() - began, 1),
            promises=found,
        )

    def _try(self, promise: Promise, part: Part) -> Outcome:
        try:
            outcome = self._run(promise, part)
        except LocalError as error:
            outcome = Outcome(part.name, failures=1, not_done=str(error))
        self.telling.end(outcome)
        return outcome

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


def machine() -> str:
    """What it ran on, without a name."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
