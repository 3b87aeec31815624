"""Where does the code read a setting, and where does the infrastructure set it?"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from local.children import ROOT
from local.infra.gates_site import file_of
from local.infra.plans import Plan, Plans

SETTINGS = ROOT / "shared" / "settings.py"
FOR_AN_ID = "<id>"
Place = tuple[Path, int]


def read_at(name: str) -> Place:
    """The line of the code that names it; of what is put together there, the beginning of it."""
    wanted = re.compile(rf"""["']{re.escape(_written(name))}["']""")
    files = (SETTINGS, *sorted((ROOT / "shared").rglob("*.py")))
    return _found(files, wanted) or _found(files, re.compile(rf"\b{re.escape(_written(name))}")) or (SETTINGS, 1)


def set_at(plans: Plans, name: str, plan: Plan | None = None) -> Place:
    """The line that sets it: in the parameter file of a plan, or in a template."""
    mine = [one.path for one in plans.project.parameter_files if plan and one.path.stem == plan.name]
    files = (*mine, *(one.path for one in plans.project.files), *(one.path for one in plans.project.parameter_files))
    key = re.compile(rf"(?:^|[{{,])\s*'?{re.escape(name)}'?\s*:")
    made = re.compile(rf"'{re.escape(_written(name))}\$")  # of which the end is filled in
    return _found(files, key) or _found(files, made) or (file_of(plans.known[0]), 1)


def near(name: str, names: Iterable[str]) -> str:
    """The one of the names that may be meant; nothing when none is like it."""
    return next(iter(get_close_matches(name, sorted(names), 1)), "")


def shown(place: Place) -> str:
    """A place as one writes it in a sentence."""
    path, line = place
    whole = path.resolve()
    return f"{whole.relative_to(ROOT).as_posix() if whole.is_relative_to(ROOT) else path.name}:{line}"


def _written(name: str) -> str:
    return name.removesuffix(FOR_AN_ID)


def _found(files: Iterable[Path], wanted: re.Pattern[str]) -> Place | None:
    for path in files:
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if wanted.search(text):
                return path, line
    return None
