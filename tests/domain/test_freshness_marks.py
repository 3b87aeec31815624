"""What is remembered of a data source between two looks?"""

from shared.domain.checkpoint import SourceMark
from shared.domain.events import Event
from shared.domain.snapshot import Node
from tests.factories import at, follow, found_after, job, node, of_type, overdue_after, snapshot, task, watching

BOTH = watching(overdue_after(1), overdue_after(2))


def overdue(events: list[Event]) -> list[tuple[object, object]]:
    return [(event.data["withinHours"], event.time) for event in of_type(events, "datasource.overdue")]


def test_a_source_is_known_from_its_first_look_on_with_its_last_success() -> None:
    """One that is missing for a look keeps both, and is no longer missing when it is back."""
    looks = [snapshot(0, nodes=[node(success=-30)]), snapshot(1, nodes=[]), snapshot(2, nodes=[node(success=-30)])]
    first, away, back = (detection.checkpoint.sources["ds-orders"] for detection in follow(*looks))
    assert first == SourceMark("Orders", at(0), at(-30))
    assert away == SourceMark("Orders", at(0), at(-30), missing_since=at(1))
    assert back == first


def test_what_a_source_brings_when_it_is_seen_first_counts() -> None:
    """Its last success was before anybody looked; from there on its age is reckoned."""
    looks = [snapshot(0, nodes=[node(success=-30)]), snapshot(31, nodes=[node(success=-30)])]
    assert overdue(found_after(*looks, watches=BOTH)) == [(1, at(30))]


def test_an_old_success_does_not_hide_a_newer_one() -> None:
    """A node may show an older run again."""
    looks = [snapshot(minute, nodes=[node(success=success)]) for minute, success in ((0, -30), (20, 10), (40, -30))]
    looks += [snapshot(71, nodes=[node(success=-30)])]
    assert overdue(found_after(*looks, watches=BOTH)) == [(1, at(70))]


def test_an_older_success_that_is_seen_again_does_not_keep_the_newer_one_from_counting() -> None:
    done = job("j", "successful", task(end=50), operation="ingestion", end=50)
    looks = [snapshot(0, nodes=[node(success=-30)]), snapshot(60, done, nodes=[node(success=-30)]), snapshot(111)]
    assert overdue(found_after(*looks, watches=BOTH)) == [(1, at(30)), (1, at(110))]


def test_each_watch_has_its_own_time_and_its_hours_are_told_to_two_places() -> None:
    looks = [snapshot(0, nodes=[node(success=0)]), snapshot(130, nodes=[node(success=0)])]
    assert overdue(found_after(*looks, watches=BOTH)) == [(1, at(60)), (2, at(120))]
    odd = watching(overdue_after(1.23456))
    ((hours, _),) = overdue(found_after(*looks, watches=odd))
    assert hours == 1.23
    month = snapshot(721 * 60, nodes=[node(success=0)])
    assert overdue(found_after(looks[0], month, watches=watching(overdue_after(720)))) == [(720, at(720 * 60))]


def test_a_source_that_is_away_is_remembered_for_a_week() -> None:
    week = 7 * 24 * 60
    gone: list[Node] = []
    looks = [snapshot(0, nodes=[node()]), *(snapshot(minute, nodes=gone) for minute in (1, 1 + week, 2 + week))]
    assert [list(one.checkpoint.sources) for one in follow(*looks)] == [["ds-orders"]] * 3 + [[]]
