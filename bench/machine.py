"""On what was it measured? The facts of this machine, without its name, and the versions of what takes part."""

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench.peers.peer import CACHE
from bench.peers.redis_server import PROGRAM, redis_program
from local.children import ROOT
from local.machine import AZURITE, node_from_wheel, node_on_path

LIBRARIES = ("azure-functions", "azure-storage-blob", "azure-storage-queue", "azure-data-tables", "aiohttp", "msgspec")
NOT_HERE = "not here"
REDIS = CACHE / "redis"


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cores, processor, memory, system, and versions by name."""

    cores: int
    processor: str
    memory_gib: float
    system: str
    versions: dict[str, str]

    def __str__(self) -> str:
        """In a line."""
        return f"{self.cores} cores ({self.processor}), {self.memory_gib:g} GiB of memory, {self.system}"


def machine() -> Machine:
    """The one that this runs on."""
    return Machine(_cores(), _processor(), _memory_gib(), _system(), versions())


def versions() -> dict[str, str]:
    """Of each thing that takes part: which one; peers that this machine lacks are told so."""
    return {
        "Python": platform.python_version(),
        "Node": _node(),
        "Azurite": locked(AZURITE.lock / "package-lock.json", "azurite"),
        **_peers(),
        **{name: version(name) for name in LIBRARIES},
    }


def commit(root: Path = ROOT) -> str:
    """The commit that is checked out, and whether files differ from it."""
    head = said_by("git", "-C", str(root), "rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown"
    return f"{head}, and changes" if said_by("git", "-C", str(root), "status", "--porcelain") else head


def said_by(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """What a program says, or nothing when it is not here or fails."""
    with suppress(OSError, subprocess.TimeoutExpired):
        whole = {**os.environ, **(environment or {})}
        done = subprocess.run(command, env=whole, capture_output=True, text=True, timeout=20, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""
    return ""


def locked(lock: Path, package: str) -> str:
    """The version of a package of npm, as its lock file has it."""
    try:
        packages: Mapping[str, Mapping[str, str]] = json.loads(lock.read_bytes())["packages"]
        return packages[f"node_modules/{package}"]["version"]
    except (OSError, ValueError, KeyError):
        return NOT_HERE


def _node() -> str:
    node = node_on_path(os.environ) or node_from_wheel()
    return said_by(node.program, "--version").removeprefix("v") if node else NOT_HERE


def _peers() -> dict[str, str]:
    peers = ROOT / "bench" / "peers"
    celery = re.search(
        r"^celery==([\w.]+)", (peers / "requirements-celery.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    return {
        "Redis": _redis(),
        "BullMQ": locked(peers / "bullmq" / "package-lock.json", "bullmq"),
        "Celery": celery[1] if celery else NOT_HERE,
    }


def _redis() -> str:
    if not shutil.which(PROGRAM) and not REDIS.exists():
        return NOT_HERE  # asking for the program would fetch it
    program, environment = redis_program()
    found = re.search(r"v=([\w.]+)", said_by(program, "--version", environment=environment))
    return found[1] if found else NOT_HERE


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    with suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    with suppress(AttributeError, ValueError, OSError):
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    return 0.0


def _system() -> str:
    name = platform.system()
    with suppress(OSError):
        name = platform.freedesktop_os_release().get("PRETTY_NAME", name)
    return f"{name}, {platform.system()} {platform.release().partition('-')[0]} {platform.machine()}"
