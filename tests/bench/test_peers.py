"""Where do the peers come from, and what becomes of a machine that cannot have them?"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.figures import NotHere
from bench.peers import redis_server
from bench.peers.bullmq_peer import HERE
from bench.peers.celery_peer import REQUIREMENTS
from bench.peers.redis_server import redis_program, unpack


def test_redis_on_the_path_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n", encoding="ascii")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis_program() == (str(program), {})


@pytest.mark.parametrize("broken", [FileNotFoundError("apt-get"), subprocess.CalledProcessError(100, "apt-get")])
def test_without_redis_it_says_how_to_get_it_and_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    def fail(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
        raise broken

    monkeypatch.setattr(redis_server, "_run", fail)
    with pytest.raises(NotHere, match="apt install redis-server"):
        unpack(tmp_path / "redis")
    assert not list(tmp_path.iterdir())


def test_the_locks_name_no_registry() -> None:
    """They say what is installed, and everybody's own settings say where it comes from."""
    lock = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))
    packages = [one for name, one in lock["packages"].items() if name]
    assert packages
    assert all("integrity" in one and "resolved" not in one for one in packages)
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    assert any(line.strip().startswith("--hash=sha256:") for line in lines)
    assert not [line for line in lines if "://" in line or line.lstrip().startswith(("--index", "--extra", "--find"))]
