"""Whether an environment can be watched."""

from shared.domain.checkpoint import Reachability
from shared.domain.detection.reachability import failed_poll, succeeded_poll
from tests.factories import ENVIRONMENT, at

FINE = Reachability()


def _failing(*minutes: float) -> tuple[Reachability, list[str]]:
    state, types = FINE, []
    for minute in minutes:
        state, events = failed_poll(ENVIRONMENT, state, "insights_refused", at(minute))
        types += [event.type for event in events]
    return state, types


def test_a_single_failure_is_noted_and_not_announced() -> None:
    state, types = _failing(0)
    assert (state.failing_since, state.reason, types) == (at(0), "insights_refused", [])


def test_a_failure_that_lasts_ten_minutes_is_announced_once() -> None:
    assert _failing(0, 5, 9.9)[1] == []
    assert _failing(0, 5, 10, 11, 500)[1] == ["environment.unreachable"]


def test_the_announcement_says_since_when_and_why() -> None:
    _, (event,) = failed_poll(ENVIRONMENT, Reachability(at(0), "x"), "insights_refused", at(10))
    assert event.time == at(0)
    assert (event.data["reason"], event.data["failingSince"]) == ("insights_refused", "2026-05-04T02:00:00Z")


def test_a_success_ends_an_outage_that_was_not_announced_without_a_word() -> None:
    state, _ = _failing(0, 5)
    assert succeeded_poll(ENVIRONMENT, state, at(0), at(6)) == (FINE, ())


def test_a_success_after_an_announced_outage_is_told_once() -> None:
    state, _ = _failing(0, 10)
    state, (event,) = succeeded_poll(ENVIRONMENT, state, at(0), at(30))
    assert (event.type, event.data["durationSeconds"]) == ("environment.recovered", 1800.0)
    assert succeeded_poll(ENVIRONMENT, state, at(0), at(31)) == (FINE, ())


def test_two_outages_have_two_ids() -> None:
    first = failed_poll(ENVIRONMENT, Reachability(at(0)), "x", at(10))[1]
    second = failed_poll(ENVIRONMENT, Reachability(at(60)), "x", at(70))[1]
    assert first[0].id != second[0].id


def test_an_outage_and_its_end_have_two_ids() -> None:
    state, (down,) = failed_poll(ENVIRONMENT, Reachability(at(0)), "x", at(10))
    _, (up,) = succeeded_poll(ENVIRONMENT, state, at(0), at(20))
    assert down.id != up.id


def test_polls_that_succeed_say_nothing() -> None:
    assert succeeded_poll(ENVIRONMENT, FINE, at(0), at(0)) == (FINE, ())


def test_a_poller_that_was_dead_for_hours_says_so_when_it_is_back() -> None:
    """A dead poller cannot announce itself; whoever relies on it must hear of the silence all the same."""
    after, (down, up) = succeeded_poll(ENVIRONMENT, FINE, at(0), at(181))
    assert after == FINE
    assert (down.type, down.data["reason"], down.time) == ("environment.unreachable", "not_polled", at(0))
    assert (up.type, up.time, up.data["durationSeconds"]) == ("environment.recovered", at(181), 181 * 60.0)
    assert succeeded_poll(ENVIRONMENT, FINE, at(0), at(180)) == (FINE, ())
    assert succeeded_poll(ENVIRONMENT, FINE, None, at(999)) == (FINE, ())


def test_the_events_say_since_when_until_when_and_in_a_line_for_people() -> None:
    state, (told,) = failed_poll(ENVIRONMENT, Reachability(at(0), "x"), "insights_refused", at(10))
    assert told.data == {
        "environmentId": ENVIRONMENT,
        "reason": "insights_refused",
        "failingSince": "2026-05-04T02:00:00Z",
        "summary": f"Customer Insights environment {ENVIRONMENT} cannot be watched (insights_refused).",
    }
    _, (over,) = succeeded_poll(ENVIRONMENT, state, at(0), at(12))
    assert over.time == at(12)
    assert over.data == {
        "environmentId": ENVIRONMENT,
        "failingSince": "2026-05-04T02:00:00Z",
        "recoveredAt": "2026-05-04T02:12:00Z",
        "durationSeconds": 720,
        "summary": f"Customer Insights environment {ENVIRONMENT} is watched again.",
    }
    assert told.subject == over.subject == f"environments/{ENVIRONMENT}"
