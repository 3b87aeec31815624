"""Is a fault in the app's code one finding with its place, and no traceback?"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.children import ROOT
from local.infra.app_faults import CHECK, fault_of, fault_of_the_app
from local.infra.findings import make
from local.infra.project import read_project

COPIED = ("docs", "functions", "infra", "local", "scripts", "shared")
FILES = ("azure.yaml", "function_app.py", "host.json", "pyproject.toml")
FAULTS = [
    ("shared/settings.py", "x = y(\n", "'(' was never closed"),
    ("shared/ports.py", "import no_such_thing\n", "ModuleNotFoundError: No module named 'no_such_thing'"),
    ("functions/timers.py", "from shared.ports import Quue\n", "ImportError: cannot import name 'Quue'"),
    ("shared/domain/metrics.py", "x = 1 / 0\n", "ZeroDivisionError: division by zero"),
]


def test_ours_can_be_imported() -> None:
    assert fault_of_the_app() is None
    assert make(CHECK, read_project(ROOT / "infra")).findings == ()


@pytest.mark.parametrize(("file", "text", "why"), FAULTS, ids=[file for file, *_ in FAULTS])
def test_a_fault_is_told_once_and_the_checks_that_need_the_code_are_not_done(
    file: str, text: str, why: str, tmp_path: Path
) -> None:
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__", "images", "node_modules")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in FILES:
        shutil.copyfile(ROOT / name, tmp_path / name)
    line = (tmp_path / file).read_text(encoding="utf-8").count("\n") + 1
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(text)
    command = [sys.executable, "-B", "-P", "-m", "local.cli", "infra", "check", "--no-scanner"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", timeout=200, check=False
    )
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (1, "")
    assert [one for one in lines if f"    {file}:{line}: the app cannot be imported: {why}" in one]
    assert "1 finding. Failed: app." in lines[-1]
    assert any(f"NOT DONE  the app cannot be imported: {file}:{line}: " in one for one in lines) or "timers" in file


def test_a_fault_that_is_in_no_line_of_ours_is_told_with_the_module() -> None:
    assert fault_of(ImportError("no luck"), ROOT / "shared" / "ports.py")[:2] == (ROOT / "shared" / "ports.py", 1)
