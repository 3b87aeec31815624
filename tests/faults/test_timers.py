"""Do timers that miss, repeat or overtake themselves change what is told? The app's functions under the local host's
timers, in virtual time, with a tick each minute.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import azure.functions as func
import pytest

from shared.domain.events import EventType
from shared.services.poll_environment import poll_environment
from tests.factories import ENVIRONMENT
from tests.faults.history import Shown, history, subscribe_all
from tests.faults.profile import pick
from tests.faults.virtual_app import AppHost, ArrivingQueues, Storage, WallClock, virtual_house
from tests.faults.workers import Slowed
from tests.functions.conftest import functions
from tests.services.stage import Stage
from tests.services.virtual_time import in_virtual_time
from tests.tally import Tally

__all__ = ["functions"]

HOURS = pick(4.0, 10.0)
TICKS = int(HOURS * 60) + 29
SILENT_MINUTES = 180  # after so many the app says that it did not look (up to five earlier: the heartbeat's age)
OF_OURS = (EventType.UNREACHABLE, EventType.RECOVERED)
MISSED = pick((1, 181), (1, 2, 3, 5, 13, 60, 170, 181, 240, 360, 500))
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Scene:
    """What a trouble can do: start and kill hosts, set their clock, and let time pass."""

    functions: Sequence[func.Function]
    storage: Storage
    variables: dict[str, str]
    clock: WallClock
    hosts: list[AppHost]

    def host(self, *, shared: bool = True) -> AppHost:
        """One more host, started."""
        self.hosts.append(AppHost(self.functions, self.storage, self.variables, shared))
        self.hosts[-1].start()
        return self.hosts[-1]

    async def until(self, minute: float) -> None:
        """Let time pass, by the clock that nobody sets."""
        await asyncio.sleep(max(0.0, minute * 60 - asyncio.get_running_loop().time()))
        for host in self.hosts:
            host.require_well()


@dataclass(frozen=True, slots=True)
class Ending:
    """What was told of the source, what the app told of itself, which flow got what, and the ticks."""

    feed: dict[str, str]
    own: Counter[str]
    called: frozenset[tuple[str, str]]
    repeats: int
    ticks: int
    dead: int


Trouble = Callable[[Scene], Awaitable[None]]
Play = Callable[..., Ending]


async def _story(
    functions: Sequence[func.Function], patch: pytest.MonkeyPatch, trouble: Trouble, slow: float = 0.0
) -> Ending:
    stage, queues, clock = Stage(), ArrivingQueues(), WallClock()
    stage.insights = Shown(history(HOURS))
    await subscribe_all(stage)
    ports = replace(stage.ports, queues=queues, clock=clock)
    await poll_environment(ports, ENVIRONMENT)  # the baseline: what happens while it is taken may be told or not
    if slow:
        ports = replace(ports, insights=Slowed(stage.insights, lambda: slow))
    async with virtual_house(ports, clock, patch) as variables:
        scene = Scene(functions, Storage(queues), dict(variables), clock, [])
        await trouble(scene)
        await scene.until(HOURS * 60 + 30 + slow / 2)
        for host in scene.hosts:
            await host.kill()
    events = await stage.logged()
    called = [(url, event.id) for url, event in stage.flows.calls]
    return Ending(
        {event.id: str(event.data.get("summary")) for event in events if event.type not in OF_OURS},
        Counter(event.type for event in events if event.type in OF_OURS),
        frozenset(called),
        len(called) - len(set(called)),
        sum(host.ticked.count("tick") for host in scene.hosts),
        len(stage.dead.rows),
    )


async def _nothing(scene: Scene) -> None:
    scene.host()


@pytest.fixture(scope="module")
def undisturbed(functions: Sequence[func.Function]) -> Ending:
    with pytest.MonkeyPatch.context() as patch:
        return in_virtual_time(_story(functions, patch, _nothing))


@pytest.fixture
def play(functions: Sequence[func.Function], monkeypatch: pytest.MonkeyPatch, undisturbed: Ending) -> Play:
    """A half day with a trouble, which must end as one without."""

    def play_with(trouble: Trouble, *, slow: float = 0.0) -> Ending:
        ending = in_virtual_time(_story(functions, monkeypatch, trouble, slow))
        assert ending.feed == undisturbed.feed
        assert ending.called == undisturbed.called
        assert ending.dead == 0
        return ending

    return play_with


def test_an_undisturbed_half_day_ticks_each_minute_and_tells_everything(undisturbed: Ending) -> None:
    assert undisturbed.ticks in (TICKS, TICKS + 1)
    assert len(undisturbed.feed) > 15 * HOURS
    assert {one for _, one in undisturbed.called} == set(undisturbed.feed)
    assert (undisturbed.repeats, undisturbed.own) == (0, Counter())


@pytest.mark.parametrize("missed", MISSED)
def test_ticks_that_are_missed_are_made_up_for_by_one(missed: int, play: Play, tally: Tally) -> None:
    """The host is down meanwhile. A long silence is told too, once."""

    async def down(scene: Scene) -> None:
        host = scene.host()
        await scene.until(60.5)
        await host.kill()
        await scene.until(60.5 + missed)
        before = host.ticked.count("tick")
        host.start()
        await scene.until(60.9 + missed)
        assert host.ticked.count("tick") == before + 1, "one late run stands for all"

    ending = play(down)
    silent = missed > SILENT_MINUTES
    assert ending.own == Counter(OF_OURS if silent else ())
    assert ending.repeats == 0
    tally.figure("ticks missed in a row", missed)


def test_two_hosts_fire_an_occurrence_once_and_the_second_takes_over(play: Play, tally: Tally) -> None:
    """The first is killed in the middle of the day; its lease is over fifteen seconds later."""

    async def two(scene: Scene) -> None:
        first, second = scene.host(), scene.host()
        await scene.until(121.5)
        assert (first.ticked.count("tick"), second.ticked.count("tick")) == (121, 0)
        await first.kill()
        await scene.until(130)
        assert second.ticked.count("tick") in (8, 9)

    ending = play(two)
    assert (ending.repeats, ending.own) == (0, Counter())
    tally.figure("ticks of a half day", ending.ticks)


@pytest.mark.parametrize("hosts", pick((2,), (2, 5)))
def test_occurrences_that_several_hosts_fire_tell_nothing_twice(hosts: int, play: Play, tally: Tally) -> None:
    """Each believes that it holds the lease, as happens when one is lost in the middle of a run."""

    async def doubled(scene: Scene) -> None:
        for _ in range(hosts):
            scene.host(shared=False)

    ending = play(doubled)
    assert ending.ticks >= hosts * TICKS
    assert (ending.repeats, ending.own) == (0, Counter())
    tally.figure("ticks of a half day", ending.ticks)


@pytest.mark.parametrize("seconds", pick((200.0,), (40.0, 200.0)))
def test_polls_that_take_longer_than_a_tick_overlap_and_tell_nothing_twice(
    seconds: float, play: Play, tally: Tally
) -> None:
    """Each call of the API takes twice as long as this."""

    async def two(scene: Scene) -> None:
        scene.host()
        scene.host()

    ending = play(two, slow=seconds)
    assert (ending.repeats, ending.own) == (0, Counter())
    tally.figure("ticks of a half day", ending.ticks)


@pytest.mark.parametrize("minute", pick((100,), tuple(range(95, 300, 41))))
@pytest.mark.parametrize("off", [-HOUR, HOUR], ids=["back", "forward"])
def test_a_clock_that_jumps_an_hour_changes_nothing(off: timedelta, minute: int, play: Play, tally: Tally) -> None:
    """The host's and the services' clock; later it is set right. The source's own clock is right all the time."""

    async def jump(scene: Scene) -> None:
        scene.host()
        scene.host()
        await scene.until(minute + 0.5)
        scene.clock.off = off
        await scene.until(minute + 90.25)
        scene.clock.off = timedelta(0)

    ending = play(jump)
    assert (ending.repeats, ending.own) == (0, Counter())
    tally.figure("ticks of a half day", ending.ticks)
