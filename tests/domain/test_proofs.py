"""Who has shown lately that an environment may be read: remembered for a while, for that owner there, and no more."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import proofs as module
from shared.domain.proofs import FRESH, USABLE, Proofs

NOW = datetime(2026, 5, 4, tzinfo=UTC)
OWNERS, PLACES = st.sampled_from("ab"), st.sampled_from("xy")
STEPS = st.tuples(st.sampled_from(["note", "forget"]), OWNERS, PLACES, st.integers(0, 3 * 24 * 60))


def test_what_nobody_showed_does_not_hold() -> None:
    assert not Proofs().holds("a", "x", NOW, USABLE)


@pytest.mark.parametrize("within", [FRESH, USABLE])
def test_a_proof_holds_until_its_time_is_over(within: timedelta) -> None:
    proofs = Proofs()
    proofs.note("a", "x", NOW)
    assert proofs.holds("a", "x", NOW + within, within)
    assert not proofs.holds("a", "x", NOW + within + timedelta(microseconds=1), within)


def test_a_role_that_was_taken_away_is_noticed_within_ten_minutes_and_an_outage_is_survived_for_a_day() -> None:
    """docs/access.md"""
    for limit, span in ((FRESH, timedelta(minutes=10)), (USABLE, timedelta(days=1))):
        assert limit == span


@given(st.lists(STEPS, max_size=20), OWNERS, PLACES, st.integers(0, 3 * 24 * 60), st.sampled_from([FRESH, USABLE]))
def test_a_proof_holds_exactly_when_the_last_word_on_owner_and_place_was_a_late_enough_yes(
    steps: list[tuple[str, str, str, int]], owner: str, place: str, asked_at: int, within: timedelta
) -> None:
    """Of nobody else, and of nowhere else."""
    proofs, last = Proofs(), None
    for what, who, where, minute in sorted(steps, key=lambda step: step[3]):
        then = NOW + timedelta(minutes=minute)
        if what == "note":
            proofs.note(who, where, then)
        else:
            proofs.forget(who, where)
        if (who, where) == (owner, place):
            last = then if what == "note" else None
    now = NOW + timedelta(minutes=asked_at)
    assert proofs.holds(owner, place, now, within) is (last is not None and now - last <= within)


def test_memory_is_bounded_and_who_came_last_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 3)
    proofs = Proofs()
    for owner in "abcad":
        proofs.note(owner, "x", NOW)
    assert [owner for owner in "abcd" if proofs.holds(owner, "x", NOW, FRESH)] == ["a", "c", "d"]
    assert len(proofs._seen) == 3
