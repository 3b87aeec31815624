"""Child processes: each ends with its block, and one that ends by itself says why."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.children import ROOT, free_ports, is_listening, require_free, running, wait_until
from local.errors import BrokenRunError, LocalError

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_ends_with_its_block(tmp_path: Path) -> None:
    """Also when the block fails."""
    with pytest.raises(ZeroDivisionError), running("sleeper", SLEEPER, tmp_path / "log") as child:
        raise ZeroDivisionError
    assert not is_alive(child.process.pid)


def test_a_child_that_does_not_listen_to_reason_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM first, then SIGKILL."""
    monkeypatch.setattr("local.children.GRACE_SECONDS", 0.3)
    with running("mule", [sys.executable, "-c", STUBBORN], tmp_path / "log") as child:
        wait_until(lambda: "ready" in child.log.read_text(), "no start", 20)
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_ended_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """The reason is in the message."""
    command = [sys.executable, "-c", "raise SystemExit('no such setting')"]
    with (
        running("host", command, tmp_path / "log") as child,
        pytest.raises(BrokenRunError, match=r"(?s)The host ended .exit code 1.*no such setting"),
    ):
        child.wait_until_listening(free_ports(1)[0])


def test_waiting_has_an_end() -> None:
    """The message says what did not happen."""
    with pytest.raises(BrokenRunError, match="Nothing came"):
        wait_until(lambda: False, "Nothing came", 0.1)


def test_a_port_in_use_is_named_with_the_option() -> None:
    """A person can choose another at once."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert is_listening(port)
        with pytest.raises(LocalError, match=rf"Port {port} \(for the flow inbox\).*--port"):
            require_free(port, "flow inbox", "--port")
    require_free(port, "flow inbox", "--port")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_every_block(tmp_path: Path, number: signal.Signals) -> None:
    """The children of a run that is told to end are gone when it is gone."""
    program = (
        "import sys, time; from pathlib import Path; from local.children import ended_by_signals, running\n"
        f"with ended_by_signals(), running('sleeper', {SLEEPER!r}, Path({str(tmp_path / 'log')!r})) as child:\n"
        "    print(child.process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(number)
        parent.wait(30)
    assert parent.returncode != 0
    assert not is_alive(pid)
