"""Do CPU time and memory grow with the environment, segment by segment, and no faster?"""

from collections.abc import Iterator
from pathlib import Path

from bench.apart import can_tell_memory, told
from bench.figures import Bench, Figure, NotHere, Part, Ratio
from bench.made_up import MadeUp, environment_of

_SIZES, _SMALL = (100, 1_000, 10_000, 100_000), (10, 100)
_SEGMENTS_TIMED = 20_000  # a small environment is looked at so often that it takes a time that can be told
_LISTS = ("jobs", "status", "segments", "measures")
_FLAT = 1.5


def _run(bench: Bench) -> Iterator[Figure]:
    if not can_tell_memory():
        raise NotHere("the memory of a process is read from /proc: run it on Linux")
    warm = _written(bench.folder / "warm", 1)
    for size in _SMALL if bench.quick else _SIZES:
        folder = _written(bench.folder / str(size), size)
        bench.tell(f"{size:,} segments")
        told("bench.growth_run", str(folder), str(warm), "0")
        loops = max(1, _SEGMENTS_TIMED // size)
        runs = [told("bench.growth_run", str(folder), str(warm), str(loops)) for _ in range(bench.repeats)]
        yield Figure(_cpu(size), "us", tuple(one["cpu_seconds"] * 1_000_000 / size for one in runs))
        yield Figure(_memory(size), "bytes", tuple(one["bytes"] / size for one in runs))
        for name in _LISTS:
            (folder / name).unlink()


def _written(folder: Path, size: int) -> Path:
    folder.mkdir()
    made = MadeUp(environment_of(size))
    for name in _LISTS:
        (folder / name).write_bytes(made.answer(name))
    return folder


def _cpu(size: int) -> str:
    return f"{size:,} segments: CPU per segment"


def _memory(size: int) -> str:
    return f"{size:,} segments: memory per segment"


PART = Part(
    name="growth",
    question="Do CPU time and memory grow with the environment, segment by segment, and no faster?",
    method=(
        "A poll that looks at everything, from the bytes of the answers to the bytes of the next checkpoint, in a "
        "fresh process: 30 evaluations of each segment, a measure for every ten segments, two full jobs with a task "
        "for each part. Memory is the peak above what the process had before its first look of that size; of 100 "
        "segments it is hardly more than what the system counts in."
    ),
    limited_by="The vendor's lists, which come whole: the bytes of the longest of them, and the jobs with their tasks.",
    run=_run,
    ratios=(
        Ratio("CPU per segment, 100,000 to 1,000 segments", _cpu(100_000), _cpu(1_000), False, _FLAT),
        Ratio("memory per segment, 100,000 to 1,000 segments", _memory(100_000), _memory(1_000), False, _FLAT),
    ),
)
