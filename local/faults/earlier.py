"""What did an earlier run find out that still counts? Only what it said of the same app, tests, tools and Python."""

import hashlib
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from local.children import ROOT
from local.errors import LocalError
from local.faults.outcomes import Results, read_results

PRODUCT = ("shared", "functions", "function_app.py", "host.json", "requirements.txt")
SUITE = ("tests", "local", "connector", "flows", "pyproject.toml", "requirements-dev.txt")
_MADE = ("__pycache__", "node_modules", "dist")  # by what is run here


@dataclass(frozen=True, slots=True)
class Digests:
    """The code that is tried, which goes to Azure, and all that it is tried with, as hashes."""

    app: str
    suite: str


def digests(root: Path = ROOT) -> Digests:
    """Those of now."""
    return Digests(_hash(root, PRODUCT), _hash(root, SUITE, platform.python_version()))


def read_earlier(file: Path, profile: str, now: Digests) -> tuple[Results | None, str]:
    """What is kept of the same profile, code and suite; if nothing, why."""
    if not file.exists():
        return None, "there was no run before"
    try:
        results = read_results(file)
    except LocalError:
        return None, f"{file} is of an older suite"
    if results.profile != profile:
        return None, f"the run before had the {results.profile} profile"
    if results.code != now.app:
        return None, "the app's code has changed since"
    if results.suite != now.suite:
        return None, "tests, tools or Python have changed since"
    return results, ""


def _hash(root: Path, places: Iterable[str], more: str = "") -> str:
    whole = hashlib.sha256(more.encode())
    for place in places:
        for file in sorted(_files(root / place)):
            whole.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def _files(place: Path) -> Iterator[Path]:
    """Every file there that is no leftover of a run."""
    if place.is_file():
        yield place
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name not in _MADE and not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.endswith(".pyc"))
