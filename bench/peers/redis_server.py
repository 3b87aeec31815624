"""How does Redis come to this machine? From PATH, or from Debian's packages, unpacked into .cache and not installed."""

import os
import platform
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import NotHere
from bench.peers.peer import CACHE
from local.children import Child, free_ports, running

PROGRAM = "redis-server"
# Redis and what it needs that a small Debian does not have.
PACKAGES = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1")
DOWNLOAD_SECONDS = 120.0
# Kept on disk as a shop would that cannot lose its jobs, with the loss of a second in a crash of the machine.
DURABLE = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")


@dataclass(frozen=True, slots=True)
class Redis:
    """Where a running Redis is."""

    child: Child
    port: int

    @property
    def url(self) -> str:
        """As clients are told it."""
        return f"redis://127.0.0.1:{self.port}/0"


@contextmanager
def running_redis(folder: Path) -> Iterator[Redis]:
    """Have a Redis that keeps its data there. Raises NotHere."""
    program, environment = redis_program()
    data = folder / "redis"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    (port,) = free_ports(1)
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(data), *DURABLE]
    with running("Redis", command, folder / "redis.log", environment) as child:
        child.wait_until_listening(port)
        yield Redis(child, port)


def redis_program() -> tuple[str, Mapping[str, str]]:
    """The program and what its environment needs. Raises NotHere."""
    found = shutil.which(PROGRAM)
    if found:
        return found, {}
    home = CACHE / "redis"
    if not home.exists():
        unpack(home)
    return unpacked(home)


def unpacked(home: Path) -> tuple[str, Mapping[str, str]]:
    """The program that was unpacked there, and where its libraries are."""
    libraries = home / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
    return str(home / "usr" / "bin" / PROGRAM), {"LD_LIBRARY_PATH": str(libraries)}


def unpack(home: Path) -> None:
    """Fetch Debian's packages and lay their files out there: nothing is installed, and nobody needs to be root."""
    draft = home.with_name(f"redis.{uuid.uuid4().hex}.partial")
    try:
        draft.mkdir(parents=True)
        _run(["apt-get", "download", *PACKAGES], draft)
        for package in sorted(draft.glob("*.deb")):
            _run(["dpkg", "-x", str(package), "."], draft)
            package.unlink()
        program, environment = unpacked(draft)
        _run([program, "--version"], draft, environment)
        draft.rename(home)
    except (OSError, subprocess.SubprocessError):
        raise NotHere("Redis is not on PATH and could not be had from Debian: apt install redis-server") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _run(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    variables = {**os.environ, **(environment or {})}
    subprocess.run(command, cwd=folder, env=variables, capture_output=True, timeout=DOWNLOAD_SECONDS, check=True)
