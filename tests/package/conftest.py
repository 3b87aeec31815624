"""What the tests of the package share: a tree of files to choose from, and the clean environment."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from local.children import ROOT
from local.package.environment import clean_environment
from tests.package.trees import OTHERS, OURS, planted


@pytest.fixture(scope="session")
def clean() -> Path:
    """The Python of the clean environment: made once in .cache (15 s), there at once from then on."""
    return clean_environment(ROOT / "requirements.txt")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with everything in it that must not go to Azure."""
    files: Mapping[str, str] = dict.fromkeys((*OURS, *OTHERS), "")
    return planted(tmp_path / "checkout", {**files, "function_app.py": '"""The app."""\n'})
