"""The infrastructure with a defect in it, and which checks turn red."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from local.children import ROOT
from local.infra.agreement import AGREEMENT
from local.infra.findings import Finding, make
from local.infra.gates import GATES
from local.infra.project import Project, read_project

BESIDE = ("host.json", "azure.yaml", "pyproject.toml")
FOLDERS = ("docs", "functions", "scripts", "shared/adapters")
Edit = tuple[str, str, str]


def seeded(folder: Path, edits: Iterable[Edit]) -> Project:
    """A copy with texts replaced: of the templates alone, or with the files beside them where one of those changes."""
    listed = list(edits)
    shutil.copytree(ROOT / "infra", folder / "infra")
    if not all(name.startswith("infra/") for name, _, _ in listed):
        for name in FOLDERS:
            ignored = shutil.ignore_patterns("images", "__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in BESIDE:
            shutil.copyfile(ROOT / name, folder / name)
    for name, old, new in listed:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, f"{name} no longer holds {old!r}: choose another defect"
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    project = read_project(folder / "infra")
    assert not [file.trouble for file in project.files if file.trouble]
    assert not [file.trouble for file in project.parameter_files if file.trouble]
    return project


def red(project: Project) -> set[str]:
    """The names of the gates and agreements that find something, in whole sentences."""
    found = {check.name: make(check, project).findings for check in (*GATES, *AGREEMENT)}
    assert [one for findings in found.values() for one in findings if not is_whole(one)] == []
    return {name for name, findings in found.items() if findings}


def is_whole(finding: Finding) -> bool:
    """Does it name what it speaks of: is nothing blank, no list empty, no end cut off?"""
    return not re.search(r"''|  |(?<!')None|: *\.(?!/)|, *,|: *$|, *$| $|^ ", f"{finding.wrong}. {finding.advice}")


def called(case: tuple[str, str, str, set[str]]) -> str:
    """The same name for a case in every process."""
    name, old, new, _ = case
    words = f"{name.rpartition('/')[2]}-{old.strip()[:30]}-{new.strip()[:30]}"
    return "".join(one if one.isalnum() or one in "._-" else "_" for one in words)
