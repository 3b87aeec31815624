"""What is installed on a machine, and what is said when it cannot be."""

import os
from pathlib import Path

import pytest

from local.children import free_ports
from local.connector.swagger_cli import SWAGGER_CLI
from local.errors import LocalError
from local.machine import AZURITE, NpmProgram, azurite_command, node_on_path, require_writable


def fake_node(folder: Path, version: str) -> dict[str, str]:
    for name, says in (("node", version), ("npm", "10.0.0")):
        (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
@pytest.mark.parametrize(("version", "good"), [("v18.19.0", False), ("v20.0.0", True), ("v24.1.0", True), ("?", False)])
def test_an_old_node_is_not_used(tmp_path: Path, version: str, good: bool) -> None:
    """Azurite needs Node 20; an older one is as good as none."""
    assert (node_on_path(fake_node(tmp_path, version)) is not None) is good


def test_a_machine_without_node(tmp_path: Path) -> None:
    """No Node on the path is an answer, not an error."""
    assert node_on_path({"PATH": str(tmp_path)}) is None


def test_no_npm_registry_is_one_line(tmp_path: Path) -> None:
    """It says what is needed, and leaves nothing half installed."""
    (closed,) = free_ports(1)
    offline = {"npm_config_registry": f"http://127.0.0.1:{closed}/", "npm_config_cache": str(tmp_path / "cache")}
    with pytest.raises(LocalError, match="npm registry must be reachable") as failure:
        azurite_command(tmp_path / "home" / "azurite", {**os.environ, **offline})
    assert "\n" not in str(failure.value)
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("program", [AZURITE, SWAGGER_CLI], ids=["azurite", "swagger-cli"])
def test_the_lock_names_no_registry(program: NpmProgram) -> None:
    """Packages come from wherever this machine gets its packages, checked by their hashes."""
    lock = (program.lock / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """It names the place; a place that can be is made."""
    require_writable(tmp_path / "new" / "folder")
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match=r"file.run cannot be written \(.+\): make it writable") as failure:
        require_writable(tmp_path / "file" / "run")
    assert "\n" not in str(failure.value)
