"""Does a test notice each small change to the rules and services? mutmut makes and tries them in a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.children import ROOT, Child, running
from local.errors import BrokenRunError, LocalError
from local.faults.mutation_results import MutationResult, UnfinishedError, judged
from local.package.environment import clean_environment

HERE = ROOT / "local" / "faults"
REQUIREMENTS = HERE / "tools" / "requirements.txt"
WHAT = "mutmut, which makes mutants, into an environment of its own"
SECONDS = 40 * 60.0
_LOOK_SECONDS = 1.0
# The tests run in this environment; mutmut's comes behind it, so that nothing of the app is shadowed.
_START = """
import os, sys
os.chdir(sys.argv.pop(1))
sys.path.append(sys.argv.pop(1))
from mutmut.__main__ import cli
cli()
"""
_TRIED = re.compile(r"(\d+)/(\d+)  \S")
_LIBRARY = "import sysconfig; print(sysconfig.get_paths()['purelib'])"

Reasons = Mapping[str, Mapping[str, str]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is mutated: a tree, what mutmut is told about it, and the survivors whose reason is known."""

    root: Path
    settings: Path
    survivors: Path


LOG = "mutmut.log"
SIGNALS = Subject(ROOT, HERE / "mutation.toml", HERE / "survivors.toml")


def mutate(
    workers: int, progress: Progress, folder: Path, subject: Subject = SIGNALS, seconds: float = SECONDS
) -> MutationResult:
    """Try every mutant, and tell how far it is. Raises LocalError when it does not come to an end."""
    if os.name == "nt":
        raise LocalError("mutmut needs Linux, macOS or WSL")
    library = library_of(clean_environment(REQUIREMENTS, what=WHAT))
    began = time.monotonic()
    tree = copied(subject, folder / "tree")
    command = [sys.executable, "-P", "-c", _START, str(tree), str(library), "run", "--max-children", str(workers)]
    log = folder / LOG
    log.unlink(missing_ok=True)
    variables = {"PYTHONPATH": "", "PYTHONHASHSEED": "0", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    # It tries each mutant in a process of its own; those are in its group and go with it.
    with running("mutation testing", command, log, variables, Child.kill_all) as child:
        _follow(child, progress, began + seconds)
    try:
        result = judged(tree / "mutants", reasons_of(subject.survivors), time.monotonic() - began)
    except UnfinishedError as error:
        raise BrokenRunError(f"{error} (see {log})") from None
    if missing := result.without_mutants(told_of(subject)["source_paths"]):
        raise BrokenRunError(f"There were no mutants of {' and '.join(missing)} (see {log})")
    shutil.rmtree(tree)
    return result


def copied(subject: Subject, tree: Path) -> Path:
    """What the settings name, in a folder of its own, so that the checkout stays as it is."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    for name in told_of(subject)["also_copy"]:
        source = subject.root / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, tree / name)
    with (tree / "pyproject.toml").open("a", encoding="utf-8") as project:
        project.write(f"\n{subject.settings.read_text(encoding='utf-8')}")
    return tree


def told_of(subject: Subject) -> Mapping[str, Sequence[str]]:
    """What mutmut is told: in its settings, the lists."""
    told: Mapping[str, Sequence[str]] = tomllib.loads(subject.settings.read_text(encoding="utf-8"))["tool"]["mutmut"]
    return told


def reasons_of(survivors: Path) -> Reasons:
    """Why some mutants survive: by function, then by change."""
    return tomllib.loads(survivors.read_text(encoding="utf-8"))


def library_of(python: Path) -> Path:
    """Where an environment keeps its packages."""
    said = subprocess.run([python, "-c", _LIBRARY], capture_output=True, text=True, timeout=60, check=True)
    return Path(said.stdout.strip())


def tried(log: str) -> tuple[int, int]:
    """How many mutants were tried, and of how many, as mutmut told last."""
    told = _TRIED.findall(log)
    return (int(told[-1][0]), int(told[-1][1])) if told else (0, 0)


def _follow(child: Child, progress: Progress, deadline: float) -> None:
    """Wait for its end. Raises BrokenRunError when that is no good one, or does not come in time."""
    over = False
    while not over:
        over = child.process.poll() is not None  # before reading: what it told last is read too
        done, total = tried(child.log.read_text(encoding="utf-8", errors="replace"))
        progress(done, total)
        if not over and time.monotonic() > deadline:
            raise BrokenRunError(f"took too long after {done} of {total} mutants (see {child.log})")
        time.sleep(0 if over else _LOOK_SECONDS)
    if child.process.returncode:
        child.require_running()
