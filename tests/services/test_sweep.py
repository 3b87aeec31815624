"""What the daily sweep promises: it removes what is of no more use, and nothing else."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.memory_subscriptions import MemoryClaims, MemoryDeadDeliveries, MemorySubscriptions
from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.events import NumberedEvent
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.ports import Queue
from shared.services.sweep import CLAIM_RETENTION, ENDED_RETENTION, POLLED_WITHIN, RETENTION, sweep
from shared.stores import Reencrypted
from tests.factories import ENVIRONMENT, START
from tests.services.faults import Fuse, fused
from tests.services.stage import Stage, standing_order
from tests.services.test_fan_out import refresh

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SUSPENDED_DAYS = 14


def aged(state: SubscriptionState, age: timedelta, *, polled: timedelta | None = None) -> Subscription:
    """A subscription that has been in its state, and was last polled, so long ago at START."""
    polled_at = None if polled is None else START - polled
    one = standing_order(f"{state}-{age}-{polled}".replace(" ", ""), state=state)
    return replace(one, state_since=START - age, created_at=START - 400 * DAY, polled_at=polled_at)


@pytest.mark.parametrize(
    ("one", "end"),
    [
        (aged(SubscriptionState.ACTIVE, 399 * DAY), "active"),
        (aged(SubscriptionState.ACTIVE, 399 * DAY, polled=POLLED_WITHIN - HOUR), "active"),
        (aged(SubscriptionState.ACTIVE, HOUR, polled=POLLED_WITHIN + HOUR), "removed"),
        (aged(SubscriptionState.ACTIVE, HOUR, polled=POLLED_WITHIN), "active"),
        (aged(SubscriptionState.SUSPENDED, SUSPENDED_DAYS * DAY), "suspended"),
        (aged(SubscriptionState.ENDED, ENDED_RETENTION), "ended"),
        (aged(SubscriptionState.SUSPENDED, SUSPENDED_DAYS * DAY - HOUR), "suspended"),
        (aged(SubscriptionState.SUSPENDED, SUSPENDED_DAYS * DAY + HOUR), "ended"),
        (aged(SubscriptionState.ENDED, ENDED_RETENTION - HOUR), "ended"),
        (aged(SubscriptionState.ENDED, ENDED_RETENTION + HOUR), "removed"),
        (aged(SubscriptionState.REPLACED, ENDED_RETENTION - HOUR), "replaced"),
        (aged(SubscriptionState.REPLACED, ENDED_RETENTION + HOUR), "removed"),
    ],
)
async def test_each_subscription_goes_when_its_time_has_come(stage: Stage, one: Subscription, end: str) -> None:
    await stage.subscriptions.save(one)
    await sweep(stage.ports, suspended_days=SUSPENDED_DAYS)
    kept = stage.subscriptions.rows.get(one.id)
    assert (kept.state if kept else "removed") == end


async def test_one_that_is_ended_by_the_sweep_is_shown_as_ended_for_a_week(stage: Stage) -> None:
    one = aged(SubscriptionState.SUSPENDED, 99 * DAY)
    await stage.subscriptions.save(one)
    for _ in range(7):
        await sweep(stage.ports, suspended_days=SUSPENDED_DAYS)
        assert stage.subscriptions.rows[one.id].state is SubscriptionState.ENDED
        stage.now += DAY
    stage.now += DAY
    await sweep(stage.ports, suspended_days=SUSPENDED_DAYS)
    assert stage.subscriptions.rows == {}


async def test_events_and_the_dead_are_kept_for_thirty_days(stage: Stage) -> None:
    young, old = stage.now - RETENTION + HOUR, stage.now - RETENTION - HOUR
    events = [replace(refresh(number), time=moment) for number, moment in enumerate((old, young))]
    await stage.log.append(ENVIRONMENT, [NumberedEvent(number, one) for number, one in enumerate(events, start=1)])
    for number, moment in enumerate((old, young)):
        await stage.dead.save(DeadDelivery(ENVIRONMENT, f"s-{number}", refresh(1), "fault", 1, moment))
        await stage.dead.save_message(PoisonMessage(f"m-{number}", Queue.POLLS, b"", moment))
    counts = await sweep(stage.ports, suspended_days=SUSPENDED_DAYS)
    assert (counts["events"], counts["dead"]) == (1, 2)
    assert [one.event for one in await stage.log.read(ENVIRONMENT, after=0, limit=9)] == events[1:]
    assert (len(stage.dead.rows), list(stage.dead.poison)) == (1, ["m-1"])


class Noting(MemoryClaims):
    """Notes from when on bodies are kept."""

    before: datetime | None = None

    async def forget(self, before: datetime) -> int:
        self.before = before
        return 3


async def test_bodies_are_kept_longer_than_whatever_names_them(stage: Stage) -> None:
    claims = Noting()
    counts = await sweep(replace(stage.ports, claims=claims), suspended_days=SUSPENDED_DAYS)
    assert (counts["claims"], claims.before) == (3, stage.now - CLAIM_RETENTION)
    assert CLAIM_RETENTION > RETENTION


async def test_thousands_are_counted_each_once(stage: Stage) -> None:
    """More than a page of each kind."""
    kinds = [
        aged(SubscriptionState.ENDED, 99 * DAY),
        aged(SubscriptionState.SUSPENDED, 99 * DAY),
        aged(SubscriptionState.ACTIVE, 99 * DAY),
    ]
    for number in range(1200):
        for kind in kinds:
            await stage.subscriptions.save(replace(kind, id=f"{kind.id}-{number}"))
    counts = await sweep(stage.ports, suspended_days=SUSPENDED_DAYS)
    assert {name: count for name, count in counts.items() if count} == {"removed": 1200, "ended": 1200}
    again = await sweep(stage.ports, suspended_days=SUSPENDED_DAYS)
    assert not +again


class Broken(MemoryClaims, MemoryDeadDeliveries):
    """Nothing old can be removed."""

    async def forget(self, before: datetime) -> int:
        raise OSError


@pytest.mark.parametrize("broken", ["log", "dead", "claims", "subscriptions"])
async def test_a_step_that_fails_leaves_the_others_done(stage: Stage, broken: str) -> None:
    class Unlisted(MemorySubscriptions):
        async def page(self, **_: object) -> list[Subscription]:
            raise OSError

    await stage.log.append(ENVIRONMENT, [NumberedEvent(1, replace(refresh(1), time=START - 99 * DAY))])
    await stage.dead.save(DeadDelivery(ENVIRONMENT, "s", refresh(1), "fault", 1, START - 99 * DAY))
    await stage.subscriptions.save(aged(SubscriptionState.ENDED, 99 * DAY))
    stand_in = Unlisted() if broken == "subscriptions" else Broken()
    ports = replace(replace(stage.ports, claims=Noting()), **{broken: stand_in})  # type: ignore[arg-type]
    counts = await sweep(ports, suspended_days=SUSPENDED_DAYS)
    whole = {"log": ("events", 1), "dead": ("dead", 1), "claims": ("claims", 3), "subscriptions": ("removed", 1)}
    expected = dict(done for step, done in whole.items() if step != broken)
    assert {name: count for name, count in counts.items() if count} == expected


@given(st.integers(1, 6))
async def test_a_sweep_that_breaks_off_is_made_up_for_by_the_next(write: int) -> None:
    stage, whole = Stage(), Stage()
    kinds = [aged(state, 99 * DAY) for state in SubscriptionState]
    for one in kinds:
        await stage.subscriptions.save(one)
        await whole.subscriptions.save(one)
    await sweep(fused(stage, Fuse(frozenset({write}))), suspended_days=SUSPENDED_DAYS)
    await sweep(stage.ports, suspended_days=SUSPENDED_DAYS)
    await sweep(whole.ports, suspended_days=SUSPENDED_DAYS)
    assert stage.subscriptions.rows == whole.subscriptions.rows


async def test_what_was_done_is_told_by_its_name(stage: Stage) -> None:
    """What others must not remember is forgotten after an hour; secrets get the newest key."""

    class Kept(MemorySubscriptions):
        unused: tuple[datetime, ...] = ()

        async def forget_unused(self, before: datetime) -> int:
            self.unused += (before,)
            return 5

        async def reencrypt(self) -> Reencrypted:
            return Reencrypted(rewritten=7)

    kept = Kept()
    await kept.save(aged(SubscriptionState.ACTIVE, DAY, polled=99 * DAY))
    counts = await sweep(replace(stage.ports, subscriptions=kept), suspended_days=SUSPENDED_DAYS)
    assert +counts == {"unused": 5, "reencrypted": 7, "no_longer_polled": 1}
    assert kept.unused == (stage.now - HOUR,)


async def test_a_page_that_fails_is_told_by_its_step(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[object] = []

    class Unlisted(MemorySubscriptions):
        async def page(self, **query: object) -> list[Subscription]:
            asked.append(query["limit"])
            raise OSError

    await sweep(replace(stage.ports, subscriptions=Unlisted()), suspended_days=SUSPENDED_DAYS)
    assert [record.__dict__["what"] for record in caplog.records] == ["subscriptions"]
    assert asked == [1000]


async def test_the_first_of_all_ids_is_swept_too(stage: Stage) -> None:
    one = replace(aged(SubscriptionState.ENDED, 99 * DAY), id="0", environment_id="0")
    await stage.subscriptions.save(one)
    assert +await sweep(stage.ports, suspended_days=SUSPENDED_DAYS) == {"removed": 1}
