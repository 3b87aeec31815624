"""Does the code hold to the rules of the house, and do its tests pass? Each check is named with its result."""

import os
import subprocess
import sys
from pathlib import Path

from local.children import ROOT
from local.connector.swagger_cli import SWAGGER_CLI
from local.errors import LocalError
from local.machine import azurite_command, npm_command
from local.options import OneLineParser

# `dev` has no ending, so the tools must be told of it.
SOURCES = (".", "dev")
CHECKS = {
    "format": ("-m", "ruff", "format", "--check", *SOURCES),
    "lint": ("-m", "ruff", "check", *SOURCES),
    "types": ("-m", "mypy"),
    "types of dev": ("-m", "mypy", "dev"),
    "imports": ("-m", "importlinter.cli", "lint"),
    "sizes": ("-m", "local.sizes"),
}
MOST_AT_ONCE = 4


def check_all(arguments: list[str]) -> int:
    """Check formatting, lint, types, the import rule and the size rules; name each with its result. Runs no tests."""
    OneLineParser(prog="./dev check", description=check_all.__doc__).parse_args(arguments)
    failed = [name for name, command in CHECKS.items() if not passes(name, command)]
    print(f"Failed: {', '.join(failed)}." if failed else "All checks pass.")
    return 1 if failed else 0


def passes(name: str, command: tuple[str, ...]) -> bool:
    """Run one check and say how it ended."""
    print(f"{name:14}", end="", flush=True)
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    print("pass" if done.returncode == 0 else "FAIL", flush=True)
    if done.returncode:
        print((done.stdout + done.stderr).strip(), flush=True)
    return done.returncode == 0


def put_into_form(arguments: list[str]) -> int:
    """Sort imports and lay out the code."""
    OneLineParser(prog="./dev format", description=put_into_form.__doc__).parse_args(arguments)
    steps = (("check", "--select", "I", "--fix", *SOURCES), ("format", *SOURCES))
    return max(
        subprocess.run([sys.executable, "-m", "ruff", *step], cwd=ROOT, check=False).returncode for step in steps
    )


def run_tests(arguments: list[str]) -> int:
    """Ready what the tests need, then let pytest have the terminal. All of them go side by side, a file at a time."""
    if not (ROOT / "tests").is_dir():
        raise LocalError(f"There is no folder {Path(ROOT, 'tests')}.")
    azurite_command()
    npm_command(SWAGGER_CLI)
    how = arguments or ["-n", str(min(os.cpu_count() or 1, MOST_AT_ONCE)), "--dist", "loadfile"]
    return subprocess.run([sys.executable, "-m", "pytest", *how], cwd=ROOT, check=False).returncode
