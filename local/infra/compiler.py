"""What does the real compiler say, where there is one?"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from local.infra.findings import Finding, NotDone, Note
from local.infra.project import Project

SECONDS = 300
ADVICE = "Do as the compiler says"
NO_COMPILER = "no Bicep compiler here (az bicep install, or github.com/Azure/bicep/releases)"
# main.bicep(12,5) : Error BCP057: The name "x" does not exist in the current context.
SAID = re.compile(r"^(.+?)\((\d+),\d+\) : (Error|Warning) ([\w-]+): (.*)$")
Commands = tuple[Sequence[str], Sequence[str], Sequence[str]]  # to build a file, a parameter file, and to lint
Find = Callable[[str], str | None]


def commands(find: Find = shutil.which) -> Commands | None:
    """How to build a file, a parameter file, and to lint a file; None when there is no compiler."""
    if bicep := find("bicep"):
        return (bicep, "build", "--stdout"), (bicep, "build-params", "--stdout"), (bicep, "lint")
    if az := find("az"):
        base = (az, "bicep")
        return (
            (*base, "build", "--stdout", "--file"),
            (*base, "build-params", "--stdout", "--file"),
            (*base, "lint", "--file"),
        )
    return None


def compiled(found: Commands | None, project: Project) -> Iterator[Finding | Note]:
    """Build and lint every file; its warnings are told, its errors found. Raises NotDone when there is no compiler."""
    if found is None:
        raise NotDone(NO_COMPILER)
    build, build_parameters, lint = found
    for file in project.files:
        for command in (build, lint):
            yield from _said((*command, str(file.path)), file.path)
    for parameters in project.parameter_files:
        yield from _said((*build_parameters, str(parameters.path)), parameters.path)


def _said(command: Sequence[str], path: Path) -> Iterator[Finding | Note]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NotDone(f"{command[0]} did not end within {SECONDS} s") from None
    except OSError as error:
        raise NotDone(f"{command[0]} cannot be started: {error}") from None
    if "aka.ms/BicepLatestRelease" in done.stderr or "az bicep install" in done.stderr:
        raise NotDone(NO_COMPILER)
    told = [one for line in done.stderr.splitlines() if (one := _told(line, path))]
    yield from told
    if done.returncode and not any(isinstance(one, Finding) for one in told):
        said = " ".join(done.stderr.split())[-200:]
        yield Finding(path, 1, f"the compiler ended with {done.returncode}: {said}", ADVICE)


def _told(line: str, path: Path) -> Finding | Note | None:
    match = SAID.match(line.strip().removeprefix("WARNING: ").removeprefix("ERROR: "))
    if match is None:
        return None
    where = Path(match[1]) if Path(match[1]).is_absolute() else path
    if match[3] == "Warning":
        return Note(f"{where.name}:{match[2]}: warning {match[4]}: {match[5].rstrip('.')}")
    return Finding(where, int(match[2]), match[5].rstrip("."), ADVICE, match[4])
