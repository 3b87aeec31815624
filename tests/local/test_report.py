"""The comparison of what was expected with what came."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from local.report import Delivery, Expectation, SimulatedClock, as_json, compare, table_rows, unexplained

START = datetime(2026, 3, 2, tzinfo=UTC)
REAL = datetime(2026, 11, 20, 12, tzinfo=UTC)
CLOCK = SimulatedClock(START, REAL, 60.0)
DAY = st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xy"), st.integers(0, 2)), max_size=8)


def expectation(flow: str = "A", subject: str = "x", hour: int = 1) -> Expectation:
    return Expectation("process.ended", subject, START + timedelta(hours=hour), flow)


def delivery(flow: str = "A", subject: str = "x", hour: int = 1, event_id: str = "1", after: float = 0.0) -> Delivery:
    time = START + timedelta(hours=hour)
    received = REAL + timedelta(minutes=hour, seconds=after)
    return Delivery(flow, event_id, "process.ended", subject, time, received)


def test_lag_is_real_time() -> None:
    """An event an hour into the day happens a real minute after the start at sixtyfold speed."""
    report = compare([expectation()], [delivery(after=1.5)], CLOCK)
    assert [lag for _, lag in report.events] == [1.5]


def test_one_event_at_two_flows_is_two_deliveries() -> None:
    """Each flow must get it."""
    report = compare([expectation("A"), expectation("B")], [delivery("A")], CLOCK)
    assert (report.expected, report.delivered, [item.flow for item in report.missing]) == (2, 1, ["B"])


def test_two_events_that_look_alike_are_both_needed() -> None:
    """Two thresholds crossed by one evaluation differ in their id only; one repeated is not two."""
    wanted = [expectation(), expectation()]
    assert compare(wanted, [delivery(event_id="1"), delivery(event_id="2")], CLOCK).is_good(duplicates_allowed=False)
    repeated = compare(wanted, [delivery(event_id="1"), delivery(event_id="1")], CLOCK)
    assert (repeated.delivered, len(repeated.missing), len(repeated.duplicates)) == (1, 1, 1)


def test_a_flow_that_is_not_expected() -> None:
    """The right event at the wrong flow is unexpected there and missing here."""
    report = compare([expectation("A")], [delivery("B")], CLOCK)
    assert (len(report.missing), len(report.unexpected)) == (1, 1)


def test_a_repeat_that_no_kill_explains() -> None:
    """A kill after the event happened explains one repeat, which came after it; a second one needs a second kill."""
    happened = REAL + timedelta(minutes=1)
    early, late = delivery(after=5), delivery(after=20)

    def killed(*seconds: float) -> list[datetime]:
        return [happened + timedelta(seconds=one) for one in seconds]

    assert unexplained([], killed(1), CLOCK) == []
    assert unexplained([early], killed(), CLOCK) == [early]
    assert unexplained([early], killed(-1, 6), CLOCK) == [early]
    assert unexplained([early], killed(3), CLOCK) == []
    assert unexplained([late, early], killed(3), CLOCK) == [late]
    assert unexplained([late, early], killed(3, 10), CLOCK) == []
    assert unexplained([early, delivery("B", after=5)], killed(3), CLOCK) == []


def test_the_report_file_has_exactly_these_keys() -> None:
    """Scripts read it."""
    report = compare([expectation(), expectation("B")], [delivery(), delivery(), delivery("C")], CLOCK)
    content = json.loads(json.dumps(as_json(report, {"seed": 1})))
    assert set(content) == {"expected", "delivered", "missing", "unexpected", "duplicates", "events", "seed"}
    assert content["duplicates"] == 1
    assert content["missing"][0]["flow"] == "B"
    assert {tuple(event) for event in content["events"]} == {("id", "type", "subject", "time", "lag_seconds")}
    assert content["events"][0]["time"] == "2026-03-02T01:00:00Z"


def test_the_table_ends_with_all() -> None:
    """One row an event type, then their sum."""
    report = compare([expectation(), expectation("B")], [delivery(after=1.0)], CLOCK)
    rows = [(row.title, row.expected, row.delivered, row.missing, row.lag_max) for row in table_rows(report)]
    assert rows == [("process.ended", 2, 1, 1, 1.0), ("all", 2, 1, 1, 1.0)]


@given(DAY, DAY, st.randoms(use_true_random=False))
def test_every_call_and_expectation_is_counted_once(
    wanted: list[tuple[str, str, int]], came: list[tuple[str, str, int]], shuffle: st.DrawFn
) -> None:
    """In any order: expected = delivered + missing, and calls = delivered + unexpected + duplicates."""
    deliveries = [delivery(*each, event_id=f"{each[1]}{each[2]}") for each in came]
    shuffle.shuffle(deliveries)  # type: ignore[attr-defined]
    report = compare([expectation(*each) for each in wanted], deliveries, CLOCK)
    assert report.expected == len(wanted) == report.delivered + len(report.missing)
    assert len(came) == report.delivered + len(report.unexpected) + len(report.duplicates)
