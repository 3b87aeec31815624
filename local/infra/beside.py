"""Where are the code and the pages that belong to an infrastructure?"""

import re
from pathlib import Path

from local.children import ROOT
from local.infra.project import Project


def repository_of(project: Project) -> Path:
    """The folder around it, if an app is there; else this one."""
    around = project.root.resolve().parent
    return around if (around / "host.json").is_file() else ROOT


def text_of(path: Path) -> str:
    """A file's text; none where there is no file."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def line_of(text: str, part: str) -> int:
    """The first line that holds a part, or the first one."""
    found = re.search(re.escape(part), text)
    return text.count("\n", 0, found.start()) + 1 if found else 1
