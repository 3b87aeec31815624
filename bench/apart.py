"""What does a fresh process find? Its memory and its imports are its own, and nothing that ran before is in them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from local.children import ROOT
from local.errors import BrokenRunError

_LONGEST_SECONDS = 300.0
_STATUS = Path("/proc/self/status")


def told(module: str, *arguments: str) -> dict[str, Any]:
    """Run a module; it tells JSON on its last line. Raises BrokenRunError."""
    done = run(module, *arguments)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(module: str, *arguments: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a module and wait for its end. Raises BrokenRunError."""
    command = [sys.executable, *options, "-m", module, *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False
    )
    if done.returncode:
        raise BrokenRunError(f"{module} {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done


def can_tell_memory() -> bool:
    """Whether a process can ask here how much memory it has."""
    return _STATUS.exists()


def memory_bytes(what: str) -> int:
    """The memory of this process: VmRSS (now) or VmHWM (the most since the start, or since forget_peak)."""
    line = next(one for one in _STATUS.read_text(encoding="ascii").splitlines() if one.startswith(what))
    return int(line.split()[1]) * 1024


def forget_peak() -> None:
    """Count the most memory from here."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
