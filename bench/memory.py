"""How much memory does the app need, at rest and at most?"""

from collections.abc import Iterator
from typing import Any

from bench.apart import can_tell_memory, told
from bench.figures import Bench, Figure, Limit, NotHere, Part
from bench.made_up import MadeUp, environment_of

_SEGMENTS, _DELIVERIES = 10_000, 100_000
_REST, _LOOK, _PENDING = "at rest", "peak, two looks at 10,000 segments", "peak, 100,000 deliveries pending"
_MOST_MB = 150
_MB = 1024**2


def _run(bench: Bench) -> Iterator[Figure]:
    if not can_tell_memory():
        raise NotHere("the memory of a process is read from /proc: run it on Linux")
    segments, deliveries = (100, 1_000) if bench.quick else (_SEGMENTS, _DELIVERIES)
    made = MadeUp(environment_of(segments))
    for name in ("jobs", "status", "segments", "measures"):
        (bench.folder / name).write_bytes(made.answer(name))
    for name, key, arguments, note in (
        (_REST, "at rest", ("rest",), "app indexed, house built, a first and an idle poll"),
        (_LOOK, "peak", ("look", str(bench.folder)), ""),
        (_PENDING, "peak", ("deliver", str(deliveries)), "flows answer after 10 ms"),
    ):
        bench.tell(name)
        runs = [told("bench.memory_run", *arguments) for _ in range(bench.repeats)]
        yield Figure(name, "MB", tuple(_mb(run, key) for run in runs), note=note)


def _mb(run: dict[str, Any], key: str) -> float:
    return round(float(run[key]) / _MB, 1)


PART = Part(
    name="memory",
    question="How much memory does the app need, at rest and at most?",
    method=(
        "A fresh process each: the app is imported and indexed, its house is built, and it polls or delivers. The "
        "API's answers are at hand as bytes and the stores are in memory; the deliveries come as messages of 46 KiB, "
        "24 at a time as a worker gets them from its queue, each made when it is taken. What is told is the resident "
        "memory that the system counts, and its peak."
    ),
    limited_by=(
        "The imported libraries: the app at rest. A look adds the bytes of the longest list and the jobs with their "
        "tasks. Pending deliveries add nothing, for they wait on the queue; 24 messages of them are in memory."
    ),
    run=_run,
    limits=(Limit(_PENDING, False, _MOST_MB),),
)
