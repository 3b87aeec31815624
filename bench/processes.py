"""What have other processes used? Read from Linux's /proc, with all that they started."""

import os
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def can_tell() -> bool:
    """Whether it can be told here."""
    return (_PROC / "self" / "stat").exists()


def cpu_seconds(*pids: int) -> float:
    """The CPU time of processes and all of their descendants, ended ones that were waited for included."""
    return sum(_ticks(pid) for root in pids for pid in (root, *_descendants(root))) / os.sysconf("SC_CLK_TCK")


def with_argument(text: str) -> int:
    """The process that was started with this argument. Raises LookupError."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and text.encode() in _arguments(entry):
            return int(entry.name)
    raise LookupError(f"no process was started with {text}")


def _arguments(process: Path) -> list[bytes]:
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _ticks(pid: int) -> int:
    fields = _fields(pid)
    return sum(map(int, fields[11:15])) if fields else 0  # utime, stime, cutime, cstime


def _descendants(root: int) -> Iterator[int]:
    """Those that run."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    waiting = [root]
    while waiting:
        found = parents.get(waiting.pop(), [])
        yield from found
        waiting += found


def _fields(pid: int) -> list[str]:
    """The fields of stat behind the name, the third (the state) first; none when it is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
