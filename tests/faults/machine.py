"""What can happen, in any order? The rules of the state machine, with those of machine_rules.py; what has to hold is
in machine_records.py.
"""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from tests.factories import START
from tests.faults.machine_flows import ANSWERS
from tests.faults.machine_rules import Rules
from tests.faults.machine_source import SERIES, SOURCES
from tests.faults.machine_steps import (
    CALLS,
    ENDS,
    FAILURES,
    LINES,
    PICK,
    VALUES,
    WORKERS,
    step,
)
from tests.faults.machine_story import SERIES_OF, Story

GIVE_UP_AT = ("queues", "subscriptions")  # without which an event goes no further
DAYS = st.sampled_from([0, 8, 15, 31])  # longer than what ended stays, a flow may be off, and anything is kept
MOVES = st.lists(st.sampled_from([20, 55, 110, 140]), min_size=1, max_size=3)
CHANGES = st.lists(st.sampled_from(["subscribe", "unsubscribe", "wait", "break", "refuse"]), min_size=1, max_size=5)


class Machine(Rules):
    """One story after the other."""

    @initialize(
        rate=st.sampled_from([0, 2, 10]),
        skew=st.integers(-3600, 3600),
        lines=st.lists(LINES, min_size=4, max_size=8, unique=True),
    )
    def begin(self, rate: int, skew: int, lines: list[str]) -> None:
        """The baseline, and some flows."""
        self.story = Story(rate, skew, lines)

    @invariant()
    def the_feed_is_whole_and_nothing_is_wrong(self) -> None:
        """What can be said at once."""
        self.story.records.check_feed()

    # The source

    @step(source_id=st.sampled_from(sorted(SOURCES)), status=ENDS, with_task=st.booleans())
    def source_is_refreshed(self, source_id: str, status: str, with_task: bool) -> None:
        self.story.source.ingest(source_id, status, with_task=with_task)

    @step(kind=st.sampled_from(["all", "merge", "ingestion"]))
    def job_begins(self, kind: str) -> None:
        self.story.source.begin(kind)

    @step(when=lambda story: story.source.running, place=PICK, status=ENDS, times=st.integers(1, 6))
    def job_goes_on(self, place: int, status: str, times: int) -> None:
        for _ in range(times):
            if running := self.story.source.running:
                self.story.source.go_on(running[place % len(running)], status)

    @step(when=lambda story: story.source.running, place=PICK)
    def job_is_cancelled(self, place: int) -> None:
        running = self.story.source.running
        self.story.source.abort(running[place % len(running)])

    @step(count=st.sampled_from([1, 2, 30]))
    def processes_end(self, count: int) -> None:
        self.story.source.export(count)

    @step(name=st.sampled_from(sorted(SERIES)), value=VALUES, with_job=st.booleans())
    def series_is_evaluated(self, name: str, value: int | None, with_job: bool) -> None:
        self.story.evaluate(name, value, with_job=with_job)

    @step(kind=st.sampled_from(sorted(FAILURES)), calls=st.integers(1, 6))
    def source_fails(self, kind: str, calls: int) -> None:
        self.story.source.failures.extend(FAILURES[kind]() for _ in range(calls))

    @step()
    def everything_happens(self) -> None:
        """With `next_message_is_handled` the rule that comes most: it has no arguments."""
        story = self.story
        story.source.ingest("ds-orders", "failed", with_task=True)
        story.source.ingest("ds-stores", "successful", with_task=False)
        story.source.begin("all")
        for _ in range(6):
            story.source.go_on(story.source.running[0], "successful")
        for name, value in (("Loyal", 140), ("Loyal", 50), ("Revenue", 60), ("Revenue", 20)):
            story.evaluate(name, value, with_job=True)

    # The host

    @step(worker=WORKERS, calls=CALLS)
    def timer_fires(self, worker: int, calls: int | None) -> None:
        self.story.tick(worker, calls)

    @step(worker=WORKERS, minutes=st.integers(1, 2))
    def minutes_go_by(self, worker: int, minutes: int) -> None:
        for _ in range(minutes):
            self.story.minute(worker)

    @step(limit=st.integers(1, 8), worker=WORKERS)
    def messages_are_handled(self, limit: int, worker: int) -> None:
        self.story.work_off(limit, worker)

    @step(when=lambda story: story.host.messages, place=PICK, seconds=st.sampled_from([0, 30, 700]))
    def message_comes_twice(self, place: int, seconds: int) -> None:
        messages = self.story.host.messages
        self.story.repeat(messages[place % len(messages)], seconds)

    @step(place=PICK)
    def lease_ends(self, place: int) -> None:
        """A message comes again while somebody is still at it."""
        messages = [work.message for work in self.story.under_way() if work.message]
        if messages:
            self.story.repeat(messages[place % len(messages)])

    @step(when=lambda story: story.host.messages, place=PICK, seconds=st.sampled_from([1, 60, 700]))
    def message_hides(self, place: int, seconds: int) -> None:
        messages = self.story.host.messages
        self.story.hide(messages[place % len(messages)], seconds)

    @step(place=PICK, store=st.sampled_from(GIVE_UP_AT), worker=WORKERS, calls=st.none() | st.integers(1, 5))
    def message_is_given_up(self, place: int, store: str, worker: int, calls: int | None) -> None:
        """Then it is put aside, unless the worker dies over it."""
        self.story.give_up_some(place, store)
        self.story.drain(worker, calls)
        if calls is not None:
            self.story.kill(worker)

    @step(when=lambda story: story.host.works, worker=WORKERS)
    def worker_dies(self, worker: int) -> None:
        self.story.kill(worker)

    # Flows

    @step(name=LINES, answer=st.sampled_from(sorted(ANSWERS)), times=st.sampled_from([1, 1, 2, 6, 12]))
    def flow_will_answer(self, name: str, answer: str, times: int) -> None:
        self.story.receivers.plan(name, answer, times)

    @step(
        name=LINES, standing=st.sampled_from(["", "no lists", "cannot take it", "off", "unavailable", "unauthorized"])
    )
    def flow_stays_so(self, name: str, standing: str) -> None:
        self.story.receivers.standing[name] = standing

    @step(name=LINES, choice=st.integers(0, 1), worker=WORKERS, calls=CALLS)
    def flow_subscribes(self, name: str, choice: int, worker: int, calls: int | None) -> None:
        self.story.subscribe(name, choice, worker=worker, calls=calls)

    @step(when=lambda story: story.known, place=PICK, worker=WORKERS, calls=CALLS)
    def flow_unsubscribes(self, place: int, worker: int, calls: int | None) -> None:
        known = self.story.known
        self.story.unsubscribe(known[place % len(known)], worker=worker, calls=calls)

    @step(calls=st.integers(0, 10), line=st.sampled_from(sorted(SERIES_OF)), values=MOVES, unread=st.integers(0, 6))
    def flow_subscribes_amid_a_look(self, calls: int, line: str, values: list[int], unread: int) -> None:
        self.story.happen_amid_a_look(calls, line, values, unread)

    @step(place=PICK, calls=st.integers(0, 10), changes=CHANGES, later=st.booleans())
    def flow_is_changed_amid_its_calls(self, place: int, calls: int, changes: list[str], later: bool) -> None:
        """It is saved, or switched off, while it is being called."""
        self.story.change_amid(place, calls, changes, later=later)

    @step(when=lambda story: story.known, place=PICK, worker=WORKERS)
    def secret_is_rotated(self, place: int, worker: int) -> None:
        known = self.story.known
        self.story.rotate(known[place % len(known)], worker=worker)

    @step(when=lambda story: story.known, place=PICK, worker=WORKERS, calls=CALLS)
    def flow_wants_all_again(self, place: int, worker: int, calls: int | None) -> None:
        known = self.story.known
        self.story.replay(known[place % len(known)], START, worker=worker, calls=calls)

    @step(place=PICK, messages=st.booleans(), worker=WORKERS, calls=st.none() | st.integers(1, 5))
    def dead_is_replayed(self, place: int, messages: bool, worker: int, calls: int | None) -> None:
        """To the end, or its worker dies over it. Where nothing is dead, something dies first."""
        if not self.story.given_up(messages=messages):
            self.story.have_one_given_up(place, messages=messages)
        if given_up := self.story.given_up(messages=messages):
            self.story.replay_dead(given_up[place % len(given_up)], worker=worker, calls=calls)
        if calls is not None:
            self.story.kill(worker)

    # Timers

    @step(worker=WORKERS, calls=CALLS)
    def poison_is_drained(self, worker: int, calls: int | None) -> None:
        self.story.drain(worker, calls)

    @step(days=DAYS, off=LINES, worker=WORKERS, calls=CALLS)
    def house_is_swept(self, days: int, off: str, worker: int, calls: int | None) -> None:
        """At once, or after days in which a flow is off."""
        self.story.sweep(days, off, worker=worker, calls=calls)
