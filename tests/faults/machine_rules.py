"""What befalls both machines: time, messages in any order, workers that die, and stores that fail."""

from contextlib import closing
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.faults.machine_steps import CALLS, PICK, STORES, TURNS, WORKERS, Statistics, step
from tests.faults.machine_story import Story


class Rules(RuleBasedStateMachine):
    """A story, and what befalls it."""

    story: Story
    statistics: ClassVar[Statistics]

    def followed(self) -> int:
        """All is well in the end; answers how many events were followed to who wanted them."""
        return self.story.settle()

    def teardown(self) -> None:
        """The end of the story."""
        if hasattr(self, "story"):
            with closing(self.story):
                self.statistics.add(self.story, self.followed(), [rule.function.__name__ for rule in self.rules])

    @step(seconds=st.sampled_from([1, 5, 20, 60, 300, 960, 3600, 3 * 3600 + 60]))
    def time_passes(self, seconds: int) -> None:
        self.story.wait(seconds)

    @step(seconds=st.integers(-3600, 3600))
    def our_clock_jumps(self, seconds: int) -> None:
        self.story.jump(seconds)

    @step()
    def next_message_is_handled(self) -> None:
        """The rule that hypothesis likes best: one without arguments."""
        self.story.take(self.story.visible()[0])

    @step(place=PICK, worker=WORKERS, calls=CALLS)
    def message_is_taken(self, place: int, worker: int, calls: int | None) -> None:
        """Any that can be seen; it is handled to its end, or stays in the middle of it."""
        visible = self.story.visible()
        self.story.take(visible[place % len(visible)], worker, calls)

    @step(places=st.tuples(PICK, PICK), turns=TURNS, workers=st.tuples(WORKERS, WORKERS))
    def messages_are_taken_together(
        self, places: tuple[int, int], turns: list[tuple[int, int]], workers: tuple[int, int]
    ) -> None:
        """Two messages, or one that came twice; they make their calls in turns."""
        self.story.take_together(places, turns, workers)

    @step(place=PICK, first=PICK, calls=CALLS)
    def work_goes_on(self, place: int, first: int, calls: int | None) -> None:
        if works := self.story.host.works or self.story.under_way():
            self.story.go_on(works[place % len(works)], calls, first)

    @step(worker=WORKERS, write=st.integers(1, 8), after=st.booleans(), lasting=st.booleans())
    def write_will_break(self, worker: int, write: int, after: bool, lasting: bool) -> None:
        self.story.break_write(worker, write, after=after, lasting=lasting)

    @step(place=PICK, worker=WORKERS, calls=st.integers(1, 12))
    def worker_dies_in_the_middle(self, place: int, worker: int, calls: int) -> None:
        visible = self.story.visible()
        self.story.take(visible[place % len(visible)], worker, calls)
        self.story.kill(worker)

    @step(store=STORES, calls=st.integers(1, 8))
    def storage_fails(self, store: str, calls: int) -> None:
        self.story.host.gate.failing[store] = calls
