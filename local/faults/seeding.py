"""Does the suite notice a defect? Each is planted in a copy of the checkout, whose tests must then fail."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from local.children import ROOT
from local.errors import LocalError
from local.machine import AZURITE, azurite_command

COPIED = ("shared", "functions", "local", "bench", "tests", "connector")
FILES = ("function_app.py", "host.json", "pyproject.toml", "requirements.txt", "requirements-node.txt", "dev")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules")
INHERITED_NOT = ("PYTEST_", "FAULTS_", "HYPOTHESIS_", "PYTHONDONTWRITEBYTECODE")
PLUGINS = ("-p", "local.faults.seeding_pytest", "-p", "no:cacheprovider", "-p", "no:schemathesis")
SECONDS = 300
GRACE_SECONDS = 10
PASSED = 0
TESTS_FAILED = 1


@dataclass(frozen=True, slots=True)
class Seed:
    """A defect: what it is, the file in which `right` (once there) becomes `wrong`, and the tests that must notice.

    `says`: words that a failure must have, where a test could also fail of something else. `full`: in the quick profile
    they try too little to notice it.
    """

    name: str
    file: str
    right: str
    wrong: str
    noticed_by: tuple[str, ...]
    says: str = ""
    full: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run of tests: its exit code (None: it had to be ended), what failed in tests, and what it said."""

    code: int | None
    failures: dict[str, str]
    said: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it was noticed: by which failed tests; if by none, why."""

    failed: tuple[str, ...]
    said: str = ""


def noticed(seed: Seed, folder: Path, seconds: float = SECONDS) -> Verdict:
    """Plant the defect in the folder's copy and run the tests that must notice it."""
    copy = copied(folder)
    with planted(seed, copy):
        outcome = run(seed.noticed_by, copy, "-x", seconds=seconds, full=seed.full)
    if outcome.code is None:
        return Verdict((), f"It took too long and was ended after {seconds:.0f} s.\n{outcome.said}")
    failed = [test for test, text in outcome.failures.items() if seed.says in text]
    return Verdict(tuple(failed) if outcome.code == TESTS_FAILED else (), outcome.said)


def unharmed(tests: Sequence[str], folder: Path) -> Outcome:
    """What the tests say of the copy without a defect: else whatever is missing there would pass for a notice."""
    return run(tests, copied(folder))


def copied(folder: Path) -> Path:
    """The folder's copy of what tests need; made once, for Python then knows its modules from one run to the next."""
    copy = folder / "copy"
    if not copy.exists():
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=LEFT_OUT)
        for name in FILES:
            shutil.copy(ROOT / name, copy / name)
        azurite_command()  # installed once here, or each copy would do it for itself
        place = copy / AZURITE.home.relative_to(ROOT)
        place.parent.mkdir()
        place.symlink_to(AZURITE.home, target_is_directory=True)
    shutil.rmtree(copy / ".hypothesis", ignore_errors=True)
    return copy


@contextmanager
def planted(seed: Seed, root: Path) -> Iterator[None]:
    """Have the defect in a copy of the code. Raises LocalError when the code is no longer what the seed says."""
    file = root / seed.file
    text = file.read_text(encoding="utf-8")
    if text.count(seed.right) != 1:
        raise LocalError(
            f"{seed.file} has not exactly one place for the defect '{seed.name}': adapt local/faults/seeds*.py"
        )
    _write(file, text.replace(seed.right, seed.wrong))
    try:
        yield
    finally:
        _write(file, text)


def _write(file: Path, text: str) -> None:
    """Python would take what it compiled of a text as long that was written in the same second."""
    for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
        compiled.unlink()
    file.write_text(text, encoding="utf-8")


def run(tests: Sequence[str], copy: Path, *options: str, seconds: float = SECONDS, full: bool = False) -> Outcome:
    """Run tests of a copy in a process group of its own; one that does not come to its end is ended."""
    report, said = copy / "report.xml", copy / "said.txt"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-P", "-m", "pytest", *PLUGINS, f"--junitxml={report}", *options]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(INHERITED_NOT)}
    with said.open("wb") as output:
        process = subprocess.Popen(
            [*command, *tests],
            cwd=copy,
            env={**inherited, "PYTHONPATH": str(copy), "FAULTS_PROFILE": "full" if full else ""},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        code = _code_of(process, seconds)
    finally:
        _end(process)
    return Outcome(code, failures_in(report), said.read_text(encoding="utf-8", errors="replace"))


def _code_of(process: "subprocess.Popen[bytes]", seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a run with all it started. Interrupted, pytest ends its fixtures' programs, which have groups of their own;
    a second time for a loop that took the first one as a cancellation.
    """
    for number in (signal.SIGINT, signal.SIGINT):
        if process.poll() is None:
            os.killpg(process.pid, number)
            _code_of(process, GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def failures_in(report: Path) -> dict[str, str]:
    """What failed in tests themselves, and how: in JUnit's words an `error` is one of what stands around a test."""
    if not report.exists():
        return {}
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest's own
    return {
        f"{case.get('classname')}::{case.get('name')}": f"{failure.get('message')}\n{failure.text}"
        for case in cases
        for failure in case.iter("failure")
    }
