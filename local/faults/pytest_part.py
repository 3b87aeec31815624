"""What do the tests of a part come to? pytest runs them in a process of its own; its lines are read as they come."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.children import Child, running
from local.faults import plugin
from local.faults.outcomes import Outcome, largest
from local.show import counted

Progress = Callable[[int, int], None]
LOOK_SECONDS = 0.3
PART_SECONDS = 20 * 60.0
FAILED_TESTS = 1
_NO_FAILURE = 0


@dataclass(slots=True)
class Reading:
    """What was read of the lines so far."""

    total: int = 0
    cases: int = 0
    over: int = 0
    skipped: int = 0
    deselected: int = 0
    is_late: bool = False
    failed: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def take(self, line: str) -> None:
        """Count a line; the last of a process that was killed may be half of one."""
        try:
            told = json.loads(line)
        except ValueError:
            return
        if "total" in told:
            self.total = told["total"]
            return
        if "deselected" in told:
            self.deselected += told["deselected"]
            return
        self.over += 1
        if told["outcome"] == "skipped":
            self.skipped += 1
            return
        self.cases += told["cases"]
        self.figures = largest(self.figures, told["figures"])
        if told["outcome"] == "failed":
            self.failed.append(told["test"])


def run_tests(
    part: str,
    tests: Sequence[str],
    folder: Path,
    profile: str,
    workers: int,
    progress: Progress,
    seconds: float = PART_SECONDS,
) -> Outcome:
    """Run these tests to their end, or for so long; what falls short is named, and the log is below the folder."""
    began = time.monotonic()
    lines, log = folder / "lines.jsonl", folder / "pytest.log"
    folder.mkdir(parents=True, exist_ok=True)
    for old in (lines, log):
        old.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-p", "local.faults.plugin", "-o", "faulthandler_timeout=300"]
    command += ["-p", "no:schemathesis"]  # no test needs it in its own process, and each would load it
    command += ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else []
    # No options of whoever starts it: they could leave tests out.
    settings = {plugin.VARIABLE: str(lines), "FAULTS_PROFILE": profile, "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    with running(f"tests of '{part}'", [*command, *tests], log, settings, Child.stop_all) as child:
        reading = _follow(child, lines, progress, began + seconds)
    failed = [*reading.failed, *_broken(child, reading, log)]
    return Outcome(
        part,
        cases=reading.cases,
        failures=len(failed),
        skipped=reading.skipped,
        seconds=round(time.monotonic() - began, 1),
        figures=reading.figures,
        failed=tuple(failed),
    )


def _follow(child: Child, lines: Path, progress: Progress, deadline: float) -> Reading:
    reading, read = Reading(), 0
    while True:
        over = child.process.poll() is not None  # before reading: what it wrote last is read too
        text = lines.read_text(encoding="utf-8") if lines.exists() else ""
        whole = text if over else text[: text.rfind("\n") + 1]
        for line in whole[read:].splitlines():
            reading.take(line)
        read = len(whole)
        progress(reading.over, reading.total)
        reading.is_late = not over and time.monotonic() > deadline
        if over or reading.is_late:
            return reading
        time.sleep(LOOK_SECONDS)


def _broken(child: Child, reading: Reading, log: Path) -> Iterator[str]:
    """A run that did not come to its end, or left tests out, is a failure, whatever its tests said."""
    code, after = child.process.returncode, f"after {reading.over} of {reading.total} tests (see {log})"
    if reading.deselected:
        yield f"{counted(reading.deselected, 'test')} left out (see {log})"
    if reading.is_late:
        yield f"took too long {after}"
    elif code == _NO_FAILURE and reading.over == reading.total and reading.total:
        return
    elif code != FAILED_TESTS or not reading.failed:
        yield f"pytest ended with {code} {after}"
