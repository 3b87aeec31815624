"""Which Bicep and parameter files are there, and which belongs to which?"""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local.errors import LocalError
from local.infra.model import BicepFile, Module, ParameterFile
from local.infra.syntax import read, read_parameters

COMMENTS = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
CONFIGURATION = "bicepconfig.json"


@dataclass(frozen=True, eq=False)
class Project:
    """The files of a folder, read."""

    files: tuple[BicepFile, ...]
    parameter_files: tuple[ParameterFile, ...]
    root: Path

    @cached_property
    def by_path(self) -> dict[Path, BicepFile]:
        """The Bicep files by where they are."""
        return {file.path.resolve(): file for file in self.files}

    def used_by(self, file: BicepFile, module: Module) -> BicepFile | None:
        """The file that a module is made of, if it is one of these."""
        return self.by_path.get((file.path.parent / module.path).resolve())

    def main_of(self, parameters: ParameterFile) -> BicepFile | None:
        """The Bicep file that a parameter file is for."""
        return self.by_path.get((parameters.path.parent / parameters.using).resolve())

    @cached_property
    def configuration(self) -> dict[str, object]:
        """What bicepconfig.json says; it may hold comments."""
        path = self.root / CONFIGURATION
        if not path.is_file():
            return {}
        try:
            found = json.loads(COMMENTS.sub(lambda match: match[1] or "", path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise LocalError(f"{path} is no JSON: {error}.") from None
        return found if isinstance(found, dict) else {}

    def silenced(self, path: Path, line: int, rule: str) -> bool:
        """Does a comment in the file ask not to hear of this rule in this line?"""
        file = self.by_path.get(path.resolve())
        return bool(rule) and file is not None and (line, rule) in file.silenced


def read_project(root: Path) -> Project:
    """Read every Bicep and parameter file in a folder."""
    files = tuple(read(path) for path in sorted(root.rglob("*.bicep")))
    return Project(files, tuple(read_parameters(path) for path in sorted(root.rglob("*.bicepparam"))), root)
