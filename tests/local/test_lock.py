"""The locked requirements."""

import re

import pytest

from local.children import ROOT

LOCKED = sorted(file.name for file in ROOT.glob("requirements*.txt"))


@pytest.mark.parametrize("name", LOCKED)
def test_every_package_has_a_version_and_hashes_and_no_address(name: str) -> None:
    """So that every machine gets the same files, from wherever it gets its packages."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    packages = re.findall(r"^[A-Za-z0-9].*$", text, re.MULTILINE)
    assert packages
    assert all("==" in package for package in packages)
    assert len(re.findall(r"^[A-Za-z0-9].* \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)) == len(packages)
