"""The clean environment: made once, whole or not at all, with what requirements.txt says and nothing else."""

import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from local.children import free_ports
from local.errors import LocalError
from local.package.environment import clean_environment, python_of, who
from local.package.trying import ask

NOTHING = "# nothing\n"
UNKNOWN = f"no-such-thing-of-ours==1 --hash=sha256:{'0' * 64}\n"


def requirements(folder: Path, text: str) -> Path:
    """A file of requirements."""
    (folder / "requirements.txt").write_text(text, encoding="utf-8")
    return folder / "requirements.txt"


def test_it_has_no_tool_that_azure_would_not_have_either(clean: Path, tmp_path: Path) -> None:
    """And nothing of what tests need."""
    names = {name.lower().replace("_", "-") for name in ask(clean, "sizes", tmp_path)}
    assert {"azure-functions", "aiohttp", "msal"} <= names
    assert not names & {"pip", "setuptools", "wheel", "pytest", "hypothesis", "mypy", "jinja2"}
    here = {one.metadata["Name"].lower().replace("_", "-") for one in distributions()}
    assert names < here


def test_it_is_made_once_for_the_same_requirements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = requirements(tmp_path, NOTHING)
    first = clean_environment(wanted, cache=tmp_path / "cache", what="a scanner")
    assert "Installing a scanner (up to 0 packages, once; this can take a minute)" in capsys.readouterr().out
    assert clean_environment(wanted, cache=tmp_path / "cache") == first
    assert capsys.readouterr().out == ""
    assert ask(first, "sizes", tmp_path) == {}
    (home,) = (tmp_path / "cache").iterdir()
    assert first == python_of(home)


def test_an_index_that_cannot_be_reached_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (closed,) = free_ports(1)
    offline = {"PIP_INDEX_URL": f"http://127.0.0.1:{closed}/", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    variables = {**os.environ, **offline, "PIP_CONFIG_FILE": os.devnull}
    with pytest.raises(LocalError, match=r"pip could not install requirements\.txt: .*is PyPI reachable") as failure:
        clean_environment(requirements(tmp_path, UNKNOWN), cache=tmp_path / "cache", variables=variables)
    assert "\n" not in str(failure.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LocalError, match="cannot be written"):
        clean_environment(requirements(tmp_path, NOTHING), cache=tmp_path / "file" / "cache")


@pytest.mark.parametrize("name", ["missing", "folder", "text"])
def test_what_is_no_python_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("x", encoding="utf-8")
    with pytest.raises(LocalError, match=r"^--python: .* is no Python that runs$"):
        who(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
@pytest.mark.parametrize("version", ["3.10", "3.15", "2.7"])
def test_a_python_that_the_app_does_not_run_with_is_refused(tmp_path: Path, version: str) -> None:
    (stand_in := tmp_path / "python").write_text(f"#!/bin/sh\necho {version}; echo /usr\n", encoding="utf-8")
    stand_in.chmod(0o755)
    with pytest.raises(LocalError, match=rf"is Python {version}, and the app needs 3\.11 to 3\.14"):
        who(stand_in)


def test_this_python_will_do(clean: Path) -> None:
    """The clean one is the same, and has none of the checkout on its path."""
    assert who(Path(sys.executable)) == who(clean)
    done = subprocess.run([clean, "-I", "-c", "import local"], capture_output=True, text=True, timeout=60, check=False)
    assert "No module named 'local'" in done.stderr
