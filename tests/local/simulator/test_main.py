"""Does the program start as asked, and say in one line why not?"""

import socket
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from local.simulator.__main__ import main
from tests.local.simulator.conftest import SCENARIOS

ROOT = SCENARIOS.parent.parent


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_it_says_when_it_is_ready_answers_and_ends_when_told() -> None:
    port = free_port()
    command = [sys.executable, "-m", "local.simulator", "--port", str(port), "--paused"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout
            assert f"ready on http://127.0.0.1:{port}" in program.stdout.readline()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/control/state", timeout=5) as answer:
                assert b'"paused":true' in answer.read()
        finally:
            program.terminate()
        assert program.wait(timeout=10) == 0


def test_a_port_in_use_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    told = capsys.readouterr().err
    assert str(port) in told
    assert "--port" in told
    assert len(told.splitlines()) == 1


def test_a_scenario_that_is_not_there_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scenario", str(tmp_path / "none.toml")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("wrong", [["--speed", "0"], ["--speed", "fast"], ["--port", "99999"], ["--paths", "v9"]])
def test_a_wrong_option_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_it_tells_its_controls_and_each_change_as_it_comes() -> None:
    port = free_port()
    command = [sys.executable, "-m", "local.simulator", "--port", str(port), "--speed", "50000"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout
            said = [program.stdout.readline() for _ in range(12)]
        finally:
            program.terminate()
        assert program.wait(timeout=10) == 0
    assert any(f"curl http://127.0.0.1:{port}/control/start" in line for line in said)
    assert "02:00  'Nightly refresh' started by schedule\n" in said


def test_a_mistake_in_the_options_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--fast"])
    assert capsys.readouterr().err.startswith("./dev simulate: unrecognized arguments: --fast")
