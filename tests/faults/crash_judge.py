"""Did a story with crashes end as well as the same story without?"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from shared.domain.signatures import OVERLAP
from shared.domain.subscriptions import Subscription
from tests.faults.crash_callers import STARTS
from tests.faults.crash_history import Entry, What, flow_of

Runs = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ending:
    """What is left of a story. `runs`: how often which flow took which event; `live`: the live subscriptions of each.

    `died`: what was dead for which flow before it was swept away.
    """

    history: list[Entry]
    feed: list[str]
    died: set[tuple[str, str]]
    polled: set[str]
    live: dict[str, int]
    jobs: int
    writes: int

    @property
    def runs(self) -> Runs:
        """Whole batches count event by event."""
        took = [one for one in self.history if one.what is What.CALLED and one.took]
        return Counter((flow_of(one.name), event) for one in took for event in one.events)


def live_of(subscriptions: Iterable[Subscription]) -> dict[str, int]:
    """How many live subscriptions each flow has."""
    return dict(Counter(flow_of(one.callback_url) for one in subscriptions if one.is_live and one.callback_url))


def faults_of(ending: Ending, whole: Ending, *, died: bool = True, after: bool = True) -> list[str]:
    """Everything that was promised and is not so, in words. The process `died`, or went on; `after` the write."""
    found = [
        *_differences("the feed", ending.feed, whole.feed),
        *_differences("what the polling flow got", sorted(ending.polled), sorted(whole.polled)),
        *_unserved(ending, whole),
        *_beyond_what_was_in_flight(ending, whole),
        *after_the_end(ending.history),
        *_unsigned(ending.history),
        *[f"{flow} has {count} live subscriptions" for flow, count in ending.live.items() if count > 1],
    ]
    if ending.live.keys() != whole.live.keys():
        found.append(f"live are {sorted(ending.live)}, not {sorted(whole.live)}")
    hits = sum(one.what is What.HIT and one.name == STARTS for one in ending.history)
    fewest, most = (0, hits if after else 0) if died else (0 if after else -hits, 0)
    if not fewest <= ending.jobs - whole.jobs <= most:
        found.append(f"{ending.jobs} jobs were started, not {whole.jobs}")
    return found


def repeats_of(ending: Ending, whole: Ending) -> Runs:
    """Who took which event how much oftener than in the story without crashes."""
    return ending.runs - whole.runs


def after_the_end(history: list[Entry]) -> list[str]:
    """Calls of a URL after its delete was acknowledged."""
    ended: set[str] = set()
    found = []
    for one in history:
        if one.what is What.ENDED:
            ended.add(one.name)
        elif one.what is What.CALLED and one.name in ended:
            found.append(f"{flow_of(one.name)} was called after its delete")
    return found


def _differences(name: str, found: list[str], wanted: list[str]) -> list[str]:
    if found == wanted:
        return []
    more, fewer = sorted((Counter(found) - Counter(wanted)).elements()), Counter(wanted) - Counter(found)
    return [f"{name}: {more} too many, {sorted(fewer.elements())} missing"]


def _unserved(ending: Ending, whole: Ending) -> list[str]:
    """Whoever took an event has it, as often as it was asked for; whoever could not take it has it among the dead."""
    short = whole.runs - ending.runs
    lost = whole.died - ending.died - ending.runs.keys()
    strangers = ending.runs.keys() - whole.runs.keys()
    return [
        *[f"{flow} did not get {event}" for flow, event in short],
        *[f"{event} is not among the dead of {flow}" for flow, event in lost],
        *[f"{flow} got {event}, which is not its own" for flow, event in strangers],
    ]


def _asked_for(history: list[Entry]) -> Runs:
    """Which flow was to get which dead event: after a crash a flow that is gone may have one more."""
    asked = [one for one in history if one.what is What.ASKED]
    return Counter((flow_of(one.name), event) for one in asked for event in one.events)


def _beyond_what_was_in_flight(ending: Ending, whole: Ending) -> list[str]:
    """A crash repeats at most the work that it hit, once."""
    asked = _asked_for(ending.history) - _asked_for(whole.history)
    crashes: list[list[Entry]] = []
    for one in ending.history:
        if one.what is What.HIT:
            crashes.append([])
        elif one.what is What.IN_FLIGHT:
            crashes[-1].append(one)
    found = []
    for (flow, event), count in repeats_of(ending, whole).items():
        most = sum(any(_has(one, flow, event) for one in crash) for crash in crashes)
        if count > most + asked[flow, event]:
            found.append(f"{flow} got {event} {count} times more; it was in flight at {most} crashes")
    return found


def _has(in_flight: Entry, flow: str, event: str) -> bool:
    return in_flight.name in ("", flow) and (not in_flight.events or event in in_flight.events)


def _unsigned(history: list[Entry]) -> list[str]:
    """A secret that a flow was told signs its calls, for a day after the next one too."""
    found = []
    told: dict[str, list[Entry]] = {}
    for one in history:
        flow = flow_of(one.name)
        if one.what is What.TOLD:
            told.setdefault(flow, []).append(one)
        elif one.what is What.CALLED:
            known = told.get(flow, [])
            for secret, following in zip(known, [*known[1:], None], strict=False):
                old = following is not None and one.at - following.at > (OVERLAP - timedelta(minutes=1)).total_seconds()
                if not old and not set(secret.secrets) <= set(one.secrets):
                    found.append(f"{flow} was called without a signature that it knows")
    return found
