"""Is it the same whether messages come once or five times, and timers fire on time, twice, at once, late or not at all?

The same changes at the source are played undisturbed and disturbed; the events and who was called are compared.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from itertools import product
from random import Random

import pytest

from tests.faults.machine_flows import ORDERS
from tests.faults.machine_records import OF_OURS
from tests.faults.machine_story import Story
from tests.faults.profile import pick
from tests.tally import Tally

MESSAGES = pick(100, 1000)
SEEDS = pick(1, 5)
MOST_COPIES = 5
MINUTES = pick(120, 600)
MISSED = pick((1, 3, 60), (1, 2, 3, 5, 16, 60, 179, 181, 500))
HOUR = 3600
CHANGES = 4  # minutes between them
WRITES_OF_A_POLL = range(1, 13)
EVENTS_OF_IT = 4  # a refresh that failed, and three processes


@dataclass(frozen=True)
class Effects:
    """What came of a story: the ids in the feed, which flow took which, and how many changes there were."""

    events: frozenset[str]
    taken: frozenset[tuple[str, str]]
    changes: int


def change(story: Story, number: int) -> None:
    """Something happens at the source, a little of everything."""
    source = story.source
    match number % 5:
        case 0:
            source.ingest("ds-orders", "failed", with_task=True)
        case 1:
            story.evaluate("Loyal", 110 if number % 2 else 50, with_job=number % 3 > 0)
        case 2:
            source.begin("all")
        case 3:
            for job in source.running:
                for _ in range(len(job.tasks) + 1):
                    source.go_on(next(one for one in source.running if one.job_id == job.job_id), "successful")
            story.receivers.plan("failed", "unavailable", 1)
        case _:
            story.evaluate("Revenue", 20 + number % 60, with_job=True)
            source.export(2)


def effects(story: Story, changes: int = 0) -> Effects:
    """The end of a story, whose promises are checked too."""
    story.settle()
    told = {event.id for event in story.records.events if event.type not in OF_OURS}
    taken = frozenset(one for one in story.records.accepted if one[1] in told)
    return Effects(frozenset(told), taken, changes)


def undisturbed_messages() -> Effects:
    """So many changes that so many messages come of them, each once and in order."""
    with closing(Story(lines=list(ORDERS))) as story:
        handled, number = 0, 0
        while handled < MESSAGES:
            handled += a_minute_with_a_change(story, number, None)
            number += 1
        return effects(story, number)


def repeated_messages(changes: int, random: Random) -> Effects:
    """The same changes, their messages in any order, each once to five times."""
    with closing(Story(lines=list(ORDERS))) as story:
        for number in range(changes):
            a_minute_with_a_change(story, number, random)
        return effects(story)


def a_minute_with_a_change(story: Story, number: int, random: Random | None) -> int:
    """Answers how many different messages were handled."""
    story.wait(60)
    change(story, number)
    story.tick()
    return work_off(story, random)


def work_off(story: Story, random: Random | None) -> int:
    """Handle all that can be seen; answers how many different messages that was."""
    known: set[bytes] = set()
    while visible := story.host.visible:
        message = random.choice(visible) if random else visible[0]
        if random and message.body not in known:
            for _ in range(random.randrange(MOST_COPIES)):
                story.repeat(message)
        known.add(message.body)
        story.take(message, random.randrange(2) if random else 0)
    return len(known)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_messages_that_come_up_to_five_times_in_any_order_have_the_same_effects(seed: int, tally: Tally) -> None:
    once = undisturbed_messages()
    again = repeated_messages(once.changes, Random(seed))  # noqa: S311 - no secret
    assert len(once.events) > once.changes / 2
    assert (again.events, again.taken) == (once.events, once.taken)
    tally.add()
    tally.figure("messages of one story, each delivered up to five times", MESSAGES)


Timer = Callable[[Story, int], None]


def on_time(story: Story, _minute: int) -> None:
    """As it should be."""
    story.tick()
    story.work_off(200)


def twice(story: Story, minute: int) -> None:
    """The lease of the timer was lost, and somebody else fired it too."""
    on_time(story, minute)
    story.tick(1)
    story.work_off(200, 1)


def overlapping(story: Story, minute: int) -> None:
    """Two polls at once, which make their calls in turns."""
    story.host.queue_poll()
    story.host.queue_poll()
    turns = [(place % 2, 1 + (place + minute) % 3) for place in range(12)]
    story.take_together((0, 0), turns, (0, 1))
    story.work_off(200)


def with_a_clock_that_is_set(story: Story, minute: int) -> None:
    """An hour back, and forth again."""
    if minute % 10 == 0:
        story.jump(-HOUR if minute % 20 else HOUR)
    on_time(story, minute)


def missing(count: int) -> Timer:
    """A timer that does not fire for so many minutes."""

    def timer(story: Story, minute: int) -> None:
        if not 7 <= minute < 7 + count:
            on_time(story, minute)

    return timer


def timed(timer: Timer) -> Effects:
    """A day whose timer does as it likes."""
    with closing(Story(lines=list(ORDERS))) as story:
        for minute in range(MINUTES):
            story.wait(60)
            if minute % CHANGES == 0:
                change(story, minute // CHANGES)
            timer(story, minute)
        return effects(story)


@cache
def undisturbed() -> Effects:
    """What should come of it."""
    return timed(on_time)


TIMERS: dict[str, Timer] = {
    "twice": twice,
    "overlapping": overlapping,
    "clock": with_a_clock_that_is_set,
    **{f"missed-{count}": missing(count) for count in MISSED},
}


@pytest.mark.parametrize("how", list(TIMERS))
def test_however_the_timer_fires_the_events_are_the_same(how: str, tally: Tally) -> None:
    found = timed(TIMERS[how])
    assert (found.events, found.taken) == (undisturbed().events, undisturbed().taken)
    assert len(found.events) > MINUTES / CHANGES
    tally.add()
    tally.figure("minutes of one story with a disturbed timer", MINUTES)


@pytest.mark.parametrize(("write", "after"), list(product(WRITES_OF_A_POLL, (False, True))))
def test_an_outbox_that_a_crash_left_is_handed_on_two_ticks_later(write: int, after: bool) -> None:
    """Wherever in the commit or in the relay it was; before the message of the poll itself comes back."""
    with closing(Story(lines=["ended", "failed"])) as story:
        story.source.ingest("ds-orders", "failed", with_task=True)
        story.source.export(2)
        story.wait(60)
        story.host.queue_poll()
        story.break_write(0, write, after=after, lasting=True)
        story.take(story.host.visible[0])
        for _ in range(2):
            story.wait(60)
            story.tick(1)
            story.work_off(200, 1)
        assert story.stage.state.outbox == ()
        assert {event.id for event in story.records.events} == set(story.records.sent)
        assert len(story.records.events) == EVENTS_OF_IT
        story.settle()
