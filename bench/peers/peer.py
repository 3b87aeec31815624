"""How is a peer used? Its workers wait, its producer is told of job files, and all of their CPU time is counted."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.app import running_sink
from bench.processes import cpu_seconds
from local.children import ROOT, Child, running, wait_until
from local.errors import BrokenRunError

CACHE = ROOT / ".cache" / "bench"
READY = "ready"
READY_SECONDS = 60.0
END_SECONDS = 10.0
WARM_CALLS, WARM_SECONDS = 2000, 60.0

Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class Producer:
    """A program that is told the path of a job file on a line, and answers a line of JSON once all of it is queued."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def ask(self, line: str) -> dict[str, Any]:
        """Tell it a line and hear its answer."""
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """Its next answer."""
        assert self.process.stdout is not None  # noqa: S101
        line = self.process.stdout.readline()
        if not line:
            raise BrokenRunError(f"The {self.name} ended. Its log is {self.log}")
        told: dict[str, Any] = json.loads(line)
        return told


@dataclass(frozen=True, slots=True)
class Peer:
    """A framework whose programs run and wait."""

    name: str
    producer: Producer
    others: Sequence[Child]

    def run(self, job_file: Path) -> float:
        """Queue a job for each item and subscriber of the file; when that began. Posts are still under way after it."""
        started_at: float = self.producer.ask(str(job_file))["started_at"]
        for child in self.others:
            child.require_running()
        return started_at

    @property
    def cpu_seconds(self) -> float:
        """What all of its processes have used until now, Redis too."""
        return cpu_seconds(self.producer.process.pid, *(child.process.pid for child in self.others))


@dataclass(frozen=True, slots=True)
class Programs:
    """What makes up a peer beside Redis: its producer and its workers, each of which says that it is ready."""

    name: str
    producer: Command
    workers: Sequence[Command]
    environment: Mapping[str, str]


@contextmanager
def waiting(programs: Programs, redis: Child, folder: Path) -> Iterator[Peer]:
    """Have all of them, connected and waiting for work."""
    with ExitStack() as stack:
        workers = []
        for number, command in enumerate(programs.workers):
            log = folder / f"{programs.name}-worker-{number}.log"
            log.unlink(missing_ok=True)
            name = f"{programs.name} worker"
            workers.append(stack.enter_context(running(name, command, log, programs.environment)))
        producer = stack.enter_context(producing(programs, folder))
        for child in workers:
            wait_until(partial(_is_ready, child), f"The {child.name} was not ready", READY_SECONDS, [child])
        producer.hear()
        peer = Peer(programs.name, producer, (redis, *workers))
        warm(peer, folder)
        yield peer


def warm(peer: Peer, folder: Path) -> None:
    """Have it do what a long-running worker did long ago: compile what is called often, and connect."""
    with running_sink(folder) as sink:
        items = [{"id": f"warm-{number}", "data": {"text": "." * 900}} for number in range(WARM_CALLS)]
        job = folder / f"{peer.name}-warm.json"
        job.write_text(json.dumps({"items": items, "subscribers": [sink.url]}), encoding="utf-8")
        peer.run(job)
        sink.wait(WARM_CALLS, WARM_SECONDS)


@contextmanager
def producing(programs: Programs, folder: Path) -> Iterator[Producer]:
    """Have the producer; it leaves at the end of its input."""
    name, log = f"{programs.name} producer", folder / f"{programs.name}-producer.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            programs.producer,
            cwd=ROOT,
            env={**os.environ, **programs.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Producer(name, process, log)
        finally:
            assert process.stdin is not None  # noqa: S101
            process.stdin.close()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _is_ready(child: Child) -> bool:
    return READY in child.log.read_text(encoding="utf-8", errors="replace").split()
