"""What did the state machine find? Each failing story, by name and as short as it can be told."""

from collections.abc import Sequence
from contextlib import closing

import pytest

from shared.errors import InsightsAnswerInvalid
from tests.faults.machine_story import Story

CALLS_OF_A_LOOK = range(12)
ALL_READS = 8


def test_a_crossing_between_two_looks_is_told_though_the_measure_could_not_be_read_once() -> None:
    """The list shows its latest evaluation; taken for the whole, it hid what was above and below again."""
    with closing(Story(lines=["revenue"])) as story:
        for value in (60, 20):
            story.evaluate("Revenue", value, with_job=True)
        story.source.failures.extend(InsightsAnswerInvalid() for _ in range(ALL_READS))
        story.minute()
        assert story.settle() == 1


@pytest.mark.parametrize("calls", CALLS_OF_A_LOOK)
@pytest.mark.parametrize(
    ("line", "values"),
    [("grown", [110]), ("grown", [110, 20]), ("revenue", [60]), ("revenue", [60, 20]), ("revenue", [60, 70])],
    ids=str,
)
def test_who_subscribes_while_a_look_is_under_way_hears_of_what_it_sees(
    line: str, values: Sequence[int], calls: int
) -> None:
    """A look had read the rules, and then saw evaluations of after the subscription: it judged them without its rule.

    With the rule, but only the latest evaluation of a measure that nobody watched before, it was no better.
    """
    with closing(Story()) as story:
        story.happen_amid_a_look(calls, line, values, unread=0)
        assert story.settle() == 1
