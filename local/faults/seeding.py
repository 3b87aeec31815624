"""Does the suite notice a defect? Each is planted in a copy of the checkout, whose tests must then fail."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local.children import ROOT
from local.errors import LocalError

COPIED = ("shared", "functions", "local", "tests", "connector")
FILES = ("function_app.py", "host.json", "pyproject.toml", "requirements.txt", "dev")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "node_modules")
SECONDS = 300
TESTS_FAILED = 1


@dataclass(frozen=True, slots=True)
class Seed:
    """A defect: what it is, the file in which `right` (once there) becomes `wrong`, and the tests that must notice."""

    name: str
    file: str
    right: str
    wrong: str
    noticed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it was noticed: by how many failed tests; if not, what the tests said."""

    failed: tuple[str, ...]
    said: str = ""


def plant(seed: Seed, root: Path) -> None:
    """Put the defect into a copy of the code. Raises LocalError when the code is no longer what the seed says."""
    file = root / seed.file
    text = file.read_text(encoding="utf-8")
    if text.count(seed.right) != 1:
        raise LocalError(
            f"{seed.file} has not exactly one place for the defect '{seed.name}': adapt local/faults/seeds.py"
        )
    file.write_text(text.replace(seed.right, seed.wrong), encoding="utf-8")


def noticed(seed: Seed, folder: Path) -> Verdict:
    """Plant the defect in a copy below the folder and run the tests that must notice it."""
    copy = Path(tempfile.mkdtemp(prefix="seed-", dir=folder))
    try:
        copy_to(copy)
        plant(seed, copy)
        return _tried(seed, copy)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def copy_to(folder: Path) -> None:
    """Copy what the tests need."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    if (ROOT / ".local").exists():  # Azurite is there
        (folder / ".local").symlink_to(ROOT / ".local", target_is_directory=True)


def _tried(seed: Seed, copy: Path) -> Verdict:
    lines = copy / "lines.jsonl"
    command = [sys.executable, "-P", "-m", "pytest", "-x", "-p", "local.faults.plugin", "-p", "no:cacheprovider"]
    variables = {"FAULTS_LINES": str(lines), "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [*command, *seed.noticed_by],
        cwd=copy,
        env={**_inherited(), **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    text = lines.read_text(encoding="utf-8") if lines.exists() else ""
    told = [json.loads(line) for line in text.splitlines()]
    failed = tuple(one["test"] for one in told if one.get("outcome") == "failed")
    if done.returncode == TESTS_FAILED and failed:
        return Verdict(failed, done.stdout)
    return Verdict((), done.stdout + done.stderr)


def _inherited() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "FAULTS_"))}
