"""Which files of a folder go to Azure? Read from .funcignore as `func` reads it, and as azd does: they differ.

Core Tools (its GitIgnoreParser) has rules of its own. A pattern is the beginning of a path, up to the end of a word, so
that `__pycache__` leaves out the one at the top only and `dev` leaves out `dev-notes` too; `*` and `**` stand for at
least one character; brackets and question marks stand for themselves; and what "!" names goes, in whatever order it is
said. azd has git's rules (go-gitignore, folder by folder).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from pathspec import GitIgnoreSpec, PathSpec

Goes = Callable[[str], bool]
NAME = ".funcignore"
_LITERAL = re.compile(r"[-\[\]/{}()+?.\\^$|]")
_FOLDERS_THAT_NEVER_GO = frozenset({".git", ".vscode"})
_FILES_THAT_NEVER_GO = frozenset({".funcignore", ".gitignore", "local.settings.json", "project.lock.json"})


def goes_by_func(text: str) -> Goes:
    """Whether `func azure functionapp publish` sends a path, given what .funcignore says."""
    patterns = [line for line in map(str.strip, text.split("\n")) if line and not line.startswith("#")]
    denied = _beginnings(line for line in patterns if not line.startswith("!"))
    kept = _beginnings(line.removeprefix("!") for line in patterns if line.startswith("!"))

    def goes(path: str) -> bool:
        *folders, name = path.lower().split("/")
        if name in _FILES_THAT_NEVER_GO or not _FOLDERS_THAT_NEVER_GO.isdisjoint(folders):
            return False
        return bool(kept.match(path)) or not denied.match(path)

    return goes


def _beginnings(patterns: Iterable[str]) -> re.Pattern[str]:
    """What matches a path that begins with one of the patterns; nothing without any."""
    found = "|".join(_expression(pattern.removeprefix("/")) for pattern in patterns)
    return re.compile(rf"(?:{found})\b" if found else r"(?!)", re.ASCII)


def _expression(pattern: str) -> str:
    return _LITERAL.sub(r"\\\g<0>", pattern).replace("**", "(.+)").replace("*", "([^/]+)")


def goes_by_azd(text: str) -> Goes:
    """Whether `azd deploy` sends a path, given what .funcignore says."""
    lines = text.splitlines()
    files = GitIgnoreSpec.from_lines(lines)
    # The one above takes a folder that is named for what is in it; asked about folders, the last pattern has to win.
    folders = PathSpec.from_lines("gitignore", lines)

    def goes(path: str) -> bool:
        if PurePosixPath(path).name in (NAME, "local.settings.json"):
            return False
        return not files.match_file(path) and not any(map(folders.match_file, _folders_above(path)))

    return goes


def _folders_above(path: str) -> Iterator[str]:
    """What azd would have to look into to come to the file."""
    for folder in PurePosixPath(path).parents[:-1] if "/" in path else ():
        yield f"{folder}/"
