"""How long does detection take beside bare decoding? Run as a process of its own: `python -m bench.detection_run`.

It is given a folder with the vendor's answers and the number of rounds; it tells medians as JSON. Without rounds it
makes the checkpoint that they begin with: elsewhere, so that the memory of a first sight helps nobody here.
"""

import asyncio
import gc
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from bench.answers import client, rows
from bench.detection import CASES, LADDERS, WATCHES
from bench.made_up import BIG, segment_name
from shared.adapters.documents import decode_state, encode_state
from shared.adapters.insights_models import WireMeasure, WireSegment
from shared.domain.checkpoint import Checkpoint, EnvironmentState
from shared.domain.detection import Detection, detect
from shared.domain.snapshot import Snapshot
from shared.domain.watches import Direction, Series, ThresholdWatch, Watches

_LOWEST = 1_000  # the members go from 900 to 1100: the first hundred thresholds are crossed
_SEARCHES = 2_000


class Counted(Decimal):
    """A value that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: Any) -> bool:
        Counted.compared += 1
        return Decimal.__lt__(self, other)

    def __gt__(self, other: Any) -> bool:
        Counted.compared += 1
        return Decimal.__gt__(self, other)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return Decimal.__eq__(self, other)

    __hash__ = Decimal.__hash__


def ladder(count: int) -> Watches:
    """So many watches on one segment; 2, 4, 6 ... members."""
    series = Series("segments", segment_name(0))
    return Watches.of(ThresholdWatch(series, Decimal(2 * number + 2), Direction.BOTH) for number in range(count))


def one_crossing(count: int) -> tuple[Decimal, Decimal]:
    """A move that crosses the middle one of them only."""
    return Counted(2 * (count // 2) + 1), Counted(2 * (count // 2) + 3)


def comparisons(watches: Watches, move: tuple[Decimal, Decimal]) -> int:
    """How often a value is compared until the watches that it crossed are found."""
    Counted.compared = 0
    (series,) = watches.series.values()
    assert len(list(series.crossed(*move))) == 1  # noqa: S101
    return Counted.compared


def _watches(segments: int) -> Mapping[str, Watches]:
    def of(count: int, over: int) -> Watches:
        return Watches.of(
            ThresholdWatch(Series("segments", segment_name(number % over)), Decimal(_LOWEST + number))
            for number in range(count)
        )

    counts = ((1, segments), (1_000, segments), (100_000, segments), (100_000, 1))
    return {name: of(*one) for name, one in zip(WATCHES, counts, strict=True)}


def _cpu(work: Callable[[], object]) -> float:
    """CPU milliseconds, until what came of it is let go of."""
    gc.collect()
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


class Round:
    """Everything that is compared, once, side by side."""

    def __init__(self, bodies: Mapping[str, Mapping[str, bytes]], runner: asyncio.Runner) -> None:
        self._bodies, self._runner = bodies, runner
        self._now = datetime.now(UTC)

    def read(self, case: str, before: Checkpoint | None) -> Snapshot:
        """The app's own reading of the bytes."""
        segments, measures = self._runner.run(rows(client(self._bodies[case].__getitem__), before))
        return Snapshot(BIG, self._now, (), (), segments, measures)

    def decode(self, case: str) -> object:
        """The floor."""
        body = self._bodies[case]
        return (
            msgspec.json.decode(body["segments"], type=list[WireSegment]),
            msgspec.json.decode(body["measures"], type=list[WireMeasure]),
        )

    def decode_one_by_one(self, case: str) -> object:
        """The lowest floor: nothing is kept, not even until the next one."""
        decoder = msgspec.json.Decoder(WireSegment)
        items = msgspec.json.decode(self._bodies[case]["segments"], type=list[msgspec.Raw])
        deque(map(decoder.decode, items), maxlen=0)
        return msgspec.json.decode(self._bodies[case]["measures"], type=list[WireMeasure])

    def times(self, before: Checkpoint, watched: Mapping[str, Watches]) -> dict[str, float]:
        """CPU milliseconds by name."""
        found: dict[str, float] = {}
        for case in CASES:
            found[f"floor, {case}"] = _cpu(partial(self.decode, case))
            found[f"one by one, {case}"] = _cpu(partial(self.decode_one_by_one, case))
            for name, watches in watched.items():
                found[f"{name}, {case}"] = _cpu(partial(self.detect, case, before, watches))
        return found

    def detect(self, case: str, before: Checkpoint | None, watches: Watches) -> Detection:
        """All that the app does."""
        return detect(before, self.read(case, before), watches)


def searches() -> dict[str, float]:
    """Microseconds of a search among so many watches on one segment, and its comparisons."""
    found: dict[str, float] = {}
    for count in LADDERS:
        watches, move = ladder(count), one_crossing(count)
        found[f"comparisons among {count:,}"] = comparisons(watches, move)
        (series,) = watches.series.values()
        plain = tuple(map(Decimal, move))
        began = time.process_time()
        for _ in range(_SEARCHES):
            list(series.crossed(*plain))
        found[f"search among {count:,}"] = (time.process_time() - began) * 1_000_000 / _SEARCHES
    return found


def main(folder: Path, rounds: int) -> None:
    """Measure."""
    measures, kept = (folder / "measures").read_bytes(), folder / "checkpoint"
    bodies = {case: {"segments": (folder / case).read_bytes(), "measures": measures} for case in CASES}
    with asyncio.Runner() as runner:
        one = Round(bodies, runner)
        if not rounds:
            began = time.process_time()
            first = one.detect(CASES[0], None, Watches()).checkpoint
            told = {"first sight": (time.process_time() - began) * 1000}
            kept.write_bytes(encode_state(EnvironmentState(first)))
        else:
            told = _medians(one, decode_state(kept.read_bytes()).checkpoint, rounds)
    print(json.dumps(told))


def _medians(one: Round, before: Checkpoint | None, rounds: int) -> dict[str, float]:
    assert before is not None  # noqa: S101
    began = time.process_time()
    watched = _watches(len(before.series))
    told = {"index": (time.process_time() - began) * 1000}
    gc.collect()
    gc.freeze()  # what stands for the whole run is not looked through before each turn
    times = [one.times(before, watched) for _ in range(rounds)]
    return {**told, **{name: median(time[name] for time in times) for name in times[0]}, **searches()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
