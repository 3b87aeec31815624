"""What a real tenant needs."""

from pathlib import Path

import pytest

from local.errors import LocalError
from local.real import DEFAULTS, missing, settings

COMPLETE = {"ENVIRONMENTS": "a,b", "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "k"}


def test_each_missing_setting_has_its_line() -> None:
    """An empty one is missing too; signing in is not tried before."""
    assert len(missing({"ENVIRONMENTS": " "}, lambda: "not tried")) == 2


def test_signing_in_is_tried_last() -> None:
    """What is wrong with it is the only line then."""
    assert missing(COMPLETE, lambda: "run az login") == ["run az login"]
    assert missing(COMPLETE, lambda: "") == []


def test_the_environment_wins(tmp_path: Path) -> None:
    """As with Azure's own tools."""
    file = tmp_path / "local.settings.json"
    file.write_text('{"IsEncrypted": false, "Values": {"ENVIRONMENTS": "file", "OTHER": "x"}}')
    assert settings(file, {"ENVIRONMENTS": "shell"}) == {**DEFAULTS, "ENVIRONMENTS": "shell", "OTHER": "x"}
    assert settings(tmp_path / "none.json", {"A": "b"}) == {**DEFAULTS, "A": "b"}


def test_a_broken_settings_file(tmp_path: Path) -> None:
    """The file is named."""
    file = tmp_path / "local.settings.json"
    file.write_text('{"Values": {')
    with pytest.raises(LocalError, match=r"local\.settings\.json cannot be read"):
        settings(file, {})
