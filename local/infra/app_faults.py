"""Can the app's code be imported, which templates and files are held to? If not, where is its fault?"""

import importlib
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from local.children import ROOT
from local.errors import LocalError
from local.infra.findings import Check, Finding
from local.infra.project import Project

PARTS = ("shared", "functions")


class Fault(NamedTuple):
    """Where the code cannot be imported, and why not."""

    path: Path
    line: int
    why: str

    def __str__(self) -> str:
        path = self.path.relative_to(ROOT).as_posix() if self.path.is_relative_to(ROOT) else self.path
        return f"the app cannot be imported: {path}:{self.line}: {self.why}"


@cache
def fault_of_the_app() -> Fault | None:
    """The first module of the app that cannot be imported."""
    for file in (file for part in PARTS for file in sorted((ROOT / part).rglob("*.py"))):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        try:
            importlib.import_module(name)
        except Exception as error:
            return fault_of(error, file)
    return None


def fault_of(error: Exception, file: Path) -> Fault:
    """Where an import broke: in the file that is no Python, or in the last line of ours that was run."""
    if isinstance(error, SyntaxError) and error.filename:
        return Fault(Path(error.filename), error.lineno or 1, error.msg)
    ours = [ROOT / part for part in PARTS]
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if any(Path(frame.filename).is_relative_to(part) for part in ours)
    ]
    path, line = (Path(frames[-1].filename), frames[-1].lineno or 1) if frames else (file, 1)
    return Fault(path, line, f"{type(error).__name__}: {' '.join(str(error).split())}")


def faults(project: Project) -> Iterator[Finding]:
    """What keeps the checks below from being made."""
    found = fault_of_the_app()
    if found:
        advice = "Mend it: the checks that need the code come after it"
        yield Finding(found.path, found.line, f"the app cannot be imported: {found.why}", advice)


def require_the_app() -> None:
    """Raise LocalError when it cannot be imported."""
    found = fault_of_the_app()
    if found:
        raise LocalError(str(found))


CHECK = Check("app", "Can its code be imported, which the checks below ask?", faults)
