"""Do the parts that measure in processes of their own measure what they promise?"""

from pathlib import Path

import pytest

from bench import cold, detection, growth, memory
from bench.apart import can_tell_memory, told
from bench.figures import Bench, Part
from local.errors import BrokenRunError

needs_proc = pytest.mark.skipif(not can_tell_memory(), reason="the memory of a process is read from /proc")


@pytest.mark.parametrize(
    "part", [detection.PART, cold.PART, pytest.param(memory.PART, marks=needs_proc)], ids=lambda part: part.name
)
def test_everything_that_a_part_promises_is_measured(part: Part, tmp_path: Path) -> None:
    figures = {one.name: one for one in part.run(Bench(tmp_path, 1, quick=True, tell=lambda _: None))}
    assert all(ratio.of(figures) for ratio in part.ratios)
    assert all(limit.name in figures for limit in part.limits)


@needs_proc
def test_growth_tells_cpu_and_memory_of_each_size(tmp_path: Path) -> None:
    figures = [one.name for one in growth.PART.run(Bench(tmp_path, 1, quick=True, tell=lambda _: None))]
    assert figures == [f"{size} segments: {what} per segment" for size in (10, 100) for what in ("CPU", "memory")]


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(BrokenRunError, match="IndexError"):
        told("bench.cold_run")
