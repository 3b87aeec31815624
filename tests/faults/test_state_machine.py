"""Are the promises kept whatever happens, in any order? Stories that hypothesis makes up, each followed to its end."""

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.machine import Machine, Statistics
from tests.faults.profile import pick
from tests.tally import Tally

CHUNKS = pick(2, 20)
EXAMPLES = pick(30, 110)
STEPS = pick(30, 50)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_is_lost_in_any_story(chunk: int, tally: Tally) -> None:
    class Chunk(Machine):
        statistics = Statistics()

    run_state_machine_as_test(
        seed(chunk)(Chunk),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(Chunk.statistics)
    tally.add(Chunk.statistics.examples)
