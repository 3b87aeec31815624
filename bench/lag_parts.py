"""Where does the time of a delivery go? Reckoned from what the functions host logs of its runs. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

_LINE = re.compile(r"(?m)^(\S+ \S+) \w+ +local\.host\.runner: (Executing|Executed) 'Functions\.(\w+)'")
FUNCTIONS = ("poll", "fan_out_operational_events", "deliver_first")
PARTS = (
    "waits for the poll",
    "poll, commit and relay",
    "waits on the events queue",
    "fan-out",
    "waits on the deliveries queue",
    "the call",
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A run of a function began, or ended."""

    at: float
    function: str
    is_end: bool


def moments(log: str) -> Iterator[Moment]:
    """What a log in UTC tells of the runs."""
    for time, word, function in _LINE.findall(log):
        at = datetime.strptime(time, "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=UTC).timestamp()
        yield Moment(at, function, word == "Executed")


def parts(runs: Sequence[Moment], began_at: float, came_at: float) -> Mapping[str, float]:
    """The parts of one delivery, which come to all of its time. Raises LookupError when a run is not in the log.

    A function hands on before it ends: what waits, waits from its end on, but never less than nothing.
    """
    began = [_first(runs, function, began_at, is_end=False) for function in FUNCTIONS]
    ended = [_first(runs, function, began_at, is_end=True) for function in FUNCTIONS[:-1]]
    poll, fan_out, call = began
    after_poll, after_fan_out = min(ended[0], fan_out), min(ended[1], call)
    edges = (began_at, poll, after_poll, fan_out, after_fan_out, call, came_at)
    return {name: later - earlier for name, earlier, later in zip(PARTS, edges, edges[1:], strict=False)}


def percentile(values: Iterable[float], share: float) -> float:
    """The least value that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * share) - 1)]


def _first(runs: Sequence[Moment], function: str, after: float, *, is_end: bool) -> float:
    """Logged times are cut to the millisecond."""
    found = (run.at for run in runs if (run.function, run.is_end) == (function, is_end) and run.at >= after - 0.001)
    at = next(found, None)
    if at is None:
        raise LookupError(f"the log tells of no {function} that {'ended' if is_end else 'began'} after the change")
    return max(at, after)
