"""Where is a Python that has what requirements.txt says and nothing else? Made once below .cache for each of them."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.children import ROOT
from local.errors import LocalError
from local.machine import require_writable

OLDEST, TOO_NEW = (3, 11), (3, 15)
CACHE = ROOT / ".cache"
_WHO = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.base_prefix)"
_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")
_INSTALL = ("install", "--progress-bar", "off", "--require-hashes", "-r")
# Azure's build leaves them out too: an app that needs one by accident would start here and not there.
_TOOLS = ("pip", "setuptools", "wheel")
_STEPS = ("Collecting", "Downloading", "Installing", "Building")


def clean_environment(
    requirements: Path,
    python: Path = Path(sys.executable),
    cache: Path = CACHE,
    variables: Mapping[str, str] = os.environ,
    what: str = "",
) -> Path:
    """Give a Python with these requirements and nothing else; `what` says what they are. Raises LocalError."""
    version, base = who(python)
    digest = hashlib.sha256(requirements.read_bytes() + base.encode()).hexdigest()[:12]
    home = cache / f"package-python{version}-{digest}"
    if not python_of(home).exists():
        require_writable(cache)
        # Made aside and renamed when whole, so that neither a crash nor a twin leaves half of one.
        draft = home.with_name(f"{home.name}.{os.getpid()}")
        try:
            _make(python, draft, requirements, variables, what or f"{requirements.name} into a clean environment")
            if not python_of(home).exists():
                shutil.rmtree(home, ignore_errors=True)
                draft.rename(home)
        except OSError as error:
            if not python_of(home).exists():
                raise LocalError(f"{home} cannot be made: {error}") from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return python_of(home)


def who(python: Path) -> tuple[str, str]:
    """Its version and where it is installed. Raises LocalError when the app cannot run with it."""
    try:
        done = subprocess.run([python, "-c", _WHO], capture_output=True, text=True, timeout=60, check=True)
        version, base = done.stdout.splitlines()
        number = tuple(map(int, version.split(".")))
    except (OSError, subprocess.SubprocessError, ValueError):
        raise LocalError(f"--python: {python} is no Python that runs") from None
    if not OLDEST <= number < TOO_NEW:
        raise LocalError(f"--python: {python} is Python {version}, and the app needs 3.11 to 3.14")
    return version, base


def python_of(home: Path) -> Path:
    """Where an environment's Python is, on Windows too."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _make(python: Path, home: Path, requirements: Path, variables: Mapping[str, str], what: str) -> None:
    count = len(re.findall(r"^[\w.\[\]-]+==", requirements.read_text(encoding="utf-8"), re.MULTILINE))
    print(f"Installing {what} (up to {count} packages, once; this can take a minute)", flush=True)
    began = time.monotonic()
    made = _run([str(python), "-m", "venv", "--clear", str(home)], variables)
    if made:
        hint = " On Debian and Ubuntu: apt install python3-venv" if "ensurepip" in " ".join(made) else ""
        raise LocalError(f"Python could not make an environment: {made[-1]}{hint}")
    pip = [str(python_of(home)), *_PIP]
    failed = _run([*pip, *_INSTALL, str(requirements)], variables)
    if failed:
        raise LocalError(f"pip could not install {requirements.name}: {_reason(failed)} (is PyPI reachable?)")
    _run([*pip, "uninstall", "--yes", "--quiet", *_TOOLS], variables)
    _show_step("")
    print(f"  done in {time.monotonic() - began:.0f} s", flush=True)


def _run(command: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """Run it, showing how far it is; what it said when it failed, nothing otherwise."""
    inherited = {name: value for name, value in variables.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    said: list[str] = []
    with subprocess.Popen(
        command, env=inherited, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as running:
        for line in running.stdout or ():
            said += [line.strip()] if line.strip() else []
            _show_step(line)
    return (said or [f"exit code {running.returncode}"]) if running.returncode else []


def _reason(said: Sequence[str]) -> str:
    """The error that pip ends with."""
    return ([line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")] or [*said])[-1]


def _show_step(line: str) -> None:
    """Keep one line of a terminal up to date with what pip is doing; a log file needs no such line."""
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and (not line or line.lstrip().startswith(_STEPS)):
        print(f"\r\x1b[K{line.strip()[:78] and '  ' + line.strip()[:76]}", end="", flush=True)
