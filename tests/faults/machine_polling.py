"""Does a flow that asks for events get each of them once, whatever crashes while they are written and read?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from shared.domain.subscriptions import Trigger
from shared.ports import Ports
from shared.services.poll_trigger import Polled, poll_trigger
from tests.factories import ENVIRONMENT
from tests.faults.machine_flows import wants
from tests.faults.machine_rules import Rules
from tests.faults.machine_steps import CALLS, PICK, WORKERS, step
from tests.faults.machine_story import Story
from tests.services.stage import MAKER

CHAINS: Mapping[str, tuple[Trigger, Mapping[str, str]]] = {
    "failed": (Trigger.REFRESH_FAILED, {}),
    "stores": (Trigger.REFRESH_FAILED, {"dataSourceId": "ds-stores"}),
    "ended": (Trigger.PROCESS_ENDED, {}),
}


@dataclass(eq=False)
class Chain:
    """A flow that asks again with the state that it was given last. It began somewhere between `first` and `last`."""

    trigger: Trigger
    fields: Mapping[str, str]
    state: str = ""
    asking: int = 0
    first: int = 0
    last: int = 0
    had: list[str] = field(default_factory=list)
    more: bool = False

    def ask(self, story: Story, *, top: int, worker: int, calls: int | None = None, lost: bool = False) -> None:
        """Ask for what is new. The answer may be `lost`; the flow then asks the same again."""
        self.asking += 1
        number, state, known = self.asking, self.state, len(story.records.events)
        query = {"environmentId": ENVIRONMENT, **self.fields}

        def done(polled: Polled) -> None:
            if number != self.asking or lost:
                return
            if not state:
                self.first, self.last = known, len(story.records.events)
            self.state = polled.state
            self.had += [event.id for event in polled.events]
            self.more = polled.retry_after_seconds == 1

        async def poll(ports: Ports) -> Polled:
            return await poll_trigger(ports, self.trigger, query, MAKER, state=state, top=top, listed=[ENVIRONMENT])

        story.run("ask", poll, worker=worker, calls=calls, done=done)

    def check(self, story: Story, *, complete: bool = False) -> None:
        """What it had is what it wants of the feed, in order, from where it began."""
        for begin in range(self.first, self.last + 1):
            events = story.records.events[begin:]
            wanted = [event.id for event in events if wants(self.trigger, self.fields, event.type, event.data)]
            if self.had == (wanted if complete else wanted[: len(self.had)]):
                return
        raise AssertionError(f"{self.trigger} had {self.had} of {[event.id for event in story.records.events]}")


class Polling(Rules):
    """Flows that ask, beside pollers that crash."""

    @initialize(skew=st.integers(-3600, 3600), begun=st.integers(0, 3))
    def begin(self, skew: int, begun: int) -> None:
        self.story = Story(0, skew)
        self.chains = [Chain(*one) for one in CHAINS.values()]
        for chain in self.chains[:begun]:
            chain.ask(self.story, top=5, worker=0)
        self.story.source.export(1)

    @invariant()
    def each_event_came_once_and_in_order(self) -> None:
        self.story.records.check_feed()
        for chain in self.chains:
            chain.check(self.story)

    def followed(self) -> int:
        """In the end everybody has everything."""
        self.story.settle()
        for chain in self.chains:
            chain.more = True
            while chain.more:
                chain.ask(self.story, top=50, worker=0)
                chain.check(self.story)
            chain.check(self.story, complete=True)
        return sum(len(chain.had) for chain in self.chains)

    @step(place=PICK, top=st.integers(1, 5), worker=WORKERS, calls=CALLS, lost=st.booleans())
    def flow_asks(self, place: int, top: int, worker: int, calls: int | None, lost: bool) -> None:
        self.chains[place % len(self.chains)].ask(self.story, top=top, worker=worker, calls=calls, lost=lost)

    @step(place=PICK)
    def flow_asks_for_all(self, place: int) -> None:
        self.chains[place % len(self.chains)].ask(self.story, top=50, worker=1)

    @step()
    def sources_fail(self) -> None:
        for source_id in ("ds-orders", "ds-stores", "ds-orders"):
            self.story.source.ingest(source_id, "failed", with_task=True)

    @step(source_id=st.sampled_from(["ds-orders", "ds-stores"]), count=st.integers(1, 5))
    def source_fails(self, source_id: str, count: int) -> None:
        for _ in range(count):
            self.story.source.ingest(source_id, "failed", with_task=True)
