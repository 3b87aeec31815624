"""`./dev` and its commands: mistakes are one line each, with exit code 2."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.children import ROOT
from local.cli import with_name
from tests.ports import free_base

NEEDED = ("ENVIRONMENTS", "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY")


def dev(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as `./dev` hands it over, without readying the environment first."""
    kept = {name: value for name, value in os.environ.items() if name not in NEEDED}
    return subprocess.run(
        [sys.executable, "-m", "local.cli", *arguments],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def script(*arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    command = [python, str(ROOT / "dev"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_help_needs_nothing() -> None:
    """It comes at once, before anything is installed, and names every command."""
    helped = script("--help")
    assert helped.returncode == 0
    assert all(
        f"\n  {name} " in helped.stdout
        for name in ("run", "simulate", "token", "connector", "flows", "test", "check", "format", "lock")
    )


def test_an_unknown_command() -> None:
    """The commands that there are come with the answer."""
    refused = script("rnu")
    assert refused.returncode == 2
    commands = "run, simulate, token, connector, flows, infra, package, test, faults, bench, check, format, lock"
    assert refused.stderr == f"dev: There is no command 'rnu'. Commands: {commands}.\n"


def test_an_old_python() -> None:
    """It says which is needed, instead of failing over its own syntax."""
    old = next((found for name in ("3.6", "3.7", "3.8", "3.9", "3.10") if (found := old_python(name))), None)
    if old is None:
        pytest.skip("this machine has no Python older than 3.11")
    refused = script("run", python=old)
    assert refused.returncode == 2
    assert refused.stderr.startswith("dev: Python 3.11 or newer is needed, this is 3.")
    assert refused.stderr.count("\n") == 1


def old_python(version: str) -> str | None:
    places = [*Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), shutil.which(f"python{version}")]
    works = (str(each) for each in places if each and subprocess.run([each, "-c", ""], check=False).returncode == 0)
    return next(works, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--speed", "0"), "argument --speed: '0' is not a number above 0"),
        (("--speed", "fast"), "argument --speed: 'fast' is not a number above 0"),
        (("--kill-every", "-5"), "argument --kill-every"),
        (("--port", "70000"), "argument --port: '70000' is not a port from 1 to 65529"),
        (("--seed", "x"), "argument --seed"),
        (("--hosts", "0"), "argument --hosts: '0' is not a number from 1 to 9"),
        (("--hosts", "many"), "argument --hosts: 'many' is not a number from 1 to 9"),
        (("--hosts", "2", "--port", "65529"), "--hosts 2: there is no port behind 65535; choose a lower --port"),
        (("--fast",), "unrecognized arguments: --fast"),
        (("--no-play", "--once"), "--no-play plays nothing"),
        (("--real", "--once"), "--real has no simulated day"),
        (("--scenario", "no-such.toml"), "no-such.toml"),
        (("--report", "no/such/folder/report.json"), "--report: there is no folder"),
        (("--report", "local"), "is a folder; name a file"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], said: str) -> None:
    """Each is one line, and nothing is started."""
    refused = dev("run", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert refused.stdout == ""


def test_a_port_in_use() -> None:
    """The line names the port, what it is for, and the option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = dev("run", "--once", "--port", str(port))
    assert refused.returncode == 2
    assert f"Port {port} (for the functions host) is in use" in refused.stderr
    assert "--port BASE" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_port_of_a_second_host_in_use() -> None:
    """It is looked at before anything is started, too."""
    base = free_base(hosts=2)
    with socket.create_server(("127.0.0.1", base + 7)):
        refused = dev("run", "--once", "--hosts", "2", "--port", str(base))
    assert refused.returncode == 2
    assert f"Port {base + 7} (for the functions host 2) is in use" in refused.stderr


def test_real_names_every_missing_setting() -> None:
    """One line each, before anything is started."""
    if (ROOT / "local.settings.json").exists():
        pytest.skip("this checkout has a local.settings.json of its own")
    refused = dev("run", "--real")
    assert refused.returncode == 2
    assert [name in line for name, line in zip(NEEDED, refused.stderr.splitlines(), strict=True)] == [True, True]


def test_each_command_has_help() -> None:
    """Help starts nothing, and says what the command does."""
    for name in ("run", "simulate", "token", "connector", "flows", "check", "format", "lock"):
        helped = dev(name, "--help")
        assert helped.returncode == 0
        assert f"./dev {name}" in helped.stdout
        assert "?" not in helped.stdout


def test_every_problem_has_the_command_in_front() -> None:
    """Once each; the end of a log below one stays as it is."""
    assert with_name("./dev run: ", "A is not set.\nB is not set.") == (
        "./dev run: A is not set.\n./dev run: B is not set."
    )
    assert with_name("./dev run: ", "The host ended:\n  its log") == "./dev run: The host ended:\n  its log"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Error: [Errno 13] Permission denied: 'x'", "Error: [Errno 13] Permission denied: 'x'"),
        ("... because ensurepip is not available.\nFailing command: python", "apt install python3-venv"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_why_there_is_no_venv(tmp_path: Path, said: str, told: str) -> None:
    """In Python's own words; the package to install only where it is the cause."""
    for name in ("dev", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit 1\n")
    fake.chmod(0o755)
    lines = ("import runpy, sys", f"sys.executable = {str(fake)!r}", "sys.argv = ['dev', 'check']")
    code = "\n".join((*lines, "runpy.run_path('dev', run_name='__main__')"))
    refused = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 2
    assert told in refused.stderr
    assert ("apt install" in refused.stderr) is ("ensurepip" in said)
    assert refused.stderr.count("\n") == 1
