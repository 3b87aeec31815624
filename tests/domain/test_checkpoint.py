"""What is known of an environment: from when on its measures are read, and what is kept when it begins anew."""

from datetime import timedelta
from decimal import Decimal

from shared.domain.checkpoint import Checkpoint, EnvironmentState, Reachability, SeriesMark
from shared.domain.events import NumberedEvent
from shared.domain.snapshot import Look
from shared.domain.watches import Series
from tests.factories import ENVIRONMENT, START
from tests.services.test_fan_out import refresh

HOUR = timedelta(hours=1)


def test_a_measure_is_read_from_the_oldest_of_its_series_on() -> None:
    """Of one that is not listed nothing is known."""
    in_norway = (("Country", "NO"),)
    marks = {
        Series("measures", "M", "Total").key: SeriesMark(START, Decimal(1)),
        Series("measures", "M", "Count").key: SeriesMark(START - HOUR, Decimal(1)),
        Series("measures", "M", "Mean").key: SeriesMark(START, Decimal(1)),
        Series("measures", "Big Spenders", "Total", in_norway).key: SeriesMark(START, Decimal(1)),
        Series("measures", "Other", "Total").key: SeriesMark(START - 2 * HOUR, Decimal(1)),
        Series("segments", "M").key: SeriesMark(START - 3 * HOUR, Decimal(1)),
    }
    checkpoint = Checkpoint(ENVIRONMENT, START, series=marks, looked_at=START + HOUR)
    assert checkpoint.measures_evaluated_at() == {
        "M": START - HOUR,
        "Big Spenders": START,
        "Other": START - 2 * HOUR,
    }


def test_what_begins_anew_keeps_what_waits_and_its_numbers() -> None:
    """No event is lost, and no number comes twice."""
    waiting = (NumberedEvent(7, refresh(1)),)
    state = EnvironmentState(
        checkpoint=Checkpoint(ENVIRONMENT, START),
        outbox=waiting,
        sequence=7,
        reachability=Reachability(START, "x", announced=True),
        owed=Look(nodes=True),
        watches=3,
        polled_at=START,
        looked_at=START,
        committed_at=START,
    )
    assert state.forgotten() == EnvironmentState(outbox=waiting, sequence=7, committed_at=START)
