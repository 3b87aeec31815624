"""Which programs has this run started, are they well, and how do they end? Each is ended by its own process id."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Never

from local.errors import BrokenRunError, LocalError

ROOT = Path(__file__).resolve().parent.parent
GRACE_SECONDS = 12.0
LOG_LINES_SHOWN = 12
PORTS_OF_SERVERS = (15000, 32700)


@dataclass(slots=True)
class Child:
    """One program that this run started, with the log that holds all it says."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def require_running(self) -> None:
        """Raise, with the end of its log, when it has ended by itself."""
        code = self.process.poll()
        if code is not None:
            raise BrokenRunError(
                f"The {self.name} ended (exit code {code}). Its log is {self.log}:\n{self.last_lines()}"
            )

    def last_lines(self) -> str:
        """The end of what it said."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LOG_LINES_SHOWN:])

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def stop_all(self) -> None:
        """Have it and its group leave as at a Ctrl-C, so that they end what they started; then end what is left."""
        if self.process.poll() is None and os.name != "nt":
            self._send_all("SIGINT")
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE_SECONDS)
        self.stop()
        self._send_all("SIGKILL")

    def kill_all(self) -> None:
        """End it and its group at once."""
        self._send_all("SIGKILL")
        self.kill()

    def _send_all(self, name: str) -> None:
        """Send it and its group a signal; Windows has no groups."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.Signals[name])

    def wait_until_listening(self, port: int, seconds: float = 60.0) -> None:
        """Return when something answers at the port; raise when the program ends first or the time is over."""
        wait_until(lambda: is_listening(port), f"The {self.name} does not listen on port {port}", seconds, (self,))


def start(name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Child:
    """Start a program of this checkout in a session of its own, so that a Ctrl-C here reaches only us."""
    log.parent.mkdir(parents=True, exist_ok=True)
    inherited = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=inherited,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(name, log, process)


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    end: Callable[[Child], None] = Child.stop,
) -> Iterator[Child]:
    """Have a program run for as long as the block does; `end` is how it ends then."""
    child = start(name, command, log, environment)
    try:
        yield child
    finally:
        end(child)


def wait_until(holds: Callable[[], object], problem: str, seconds: float, children: Sequence[Child] = ()) -> None:
    """Poll until it holds; raise the problem after that many seconds, or at once when a child has ended."""
    deadline = time.monotonic() + seconds
    while not holds():
        for child in children:
            child.require_running()
        if time.monotonic() > deadline:
            logs = "".join(f" See {child.log}" for child in children)
            raise BrokenRunError(f"{problem} after {seconds:.0f} s.{logs}")
        time.sleep(0.05)


def is_listening(port: int) -> bool:
    """Does something answer at this port of this machine?"""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> tuple[int, ...]:
    """Some ports of this machine that nothing uses at the moment.

    They lie below the range from which systems take the ports of outgoing connections (from 32768 on Linux, from
    49152 elsewhere), so that no connection takes one between the look and the use.
    """
    ports: set[int] = set()
    while len(ports) < count:
        port = random.SystemRandom().randrange(*PORTS_OF_SERVERS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports.add(port)
    return tuple(ports)


def require_free(port: int, use: str, option: str) -> None:
    """Raise when something uses the port; the message names the option that chooses another."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        raise LocalError(f"Port {port} (for the {use}) is in use: end what uses it, or choose with {option}.") from None


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Turn the first signal to end into an exception, so that every block is left in order; ignore later ones."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [signal.Signals[name] for name in names]

    def leave(number: int, _frame: FrameType | None) -> Never:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
