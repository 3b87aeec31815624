"""What is kept of an order, and what is asked and forgotten beside it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import MemoryInsights, MemoryQueues
from shared.adapters.memory_subscriptions import MemorySubscriptions
from shared.domain.callers import Caller, callback_key, flow_key, polling_id
from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.health import LONGEST_OPEN
from shared.domain.metrics import POISON
from shared.domain.signatures import SigningSecret
from shared.domain.snapshot import Measure
from shared.domain.subscriptions import Subscription, SubscriptionState, Trigger, unsubscribed
from shared.errors import NotFound, RequestInvalid
from shared.ports import Queue
from shared.services.drain_poison import drain_poison
from shared.services.list_dead import list_dead
from shared.services.list_subscriptions import list_subscriptions
from shared.services.note_health import note_health
from shared.services.poll_trigger import poll_trigger
from shared.services.rotate_secret import rotate_secret
from shared.services.subscribe import subscribe
from shared.services.unsubscribe import unsubscribe
from shared.stores import Change
from tests.factories import ENVIRONMENT, START, measure, output
from tests.services.delivering import EVENTS, batch_for, identity
from tests.services.stage import ADMINISTRATOR, MAKER, OTHER, Stage, standing_order
from tests.services.test_replacement import FLOW, save
from tests.services.test_subscribe import PARSE, body, make

TRIGGER = Trigger.REFRESH_FAILED
SECRET = (SigningSecret("whsec_kept"),)


async def test_an_order_without_a_flow_is_the_same_only_if_all_of_it_is(stage: Stage) -> None:
    """Its key is kept, so it stays the same in every version of the app."""
    made = await make(stage, batch=True)
    callback = PARSE(made.callback_url)
    order = {"environment": ENVIRONMENT, "callback": callback.digest, "filters": dict(made.fields), "batch": True}
    assert made.flow_key == flow_key(MAKER, TRIGGER, order)
    assert made.callback_key == callback_key(callback.digest)
    assert (made.label, made.batch, len(made.id)) == ("", True, len(ENVIRONMENT) + 33)


async def test_a_successor_is_newer_by_the_least_and_keeps_the_secrets(stage: Stage) -> None:
    """Those of a predecessor that had none, or is gone by now, are new ones."""
    first = await save(stage, 1)
    stage.now = first.created_at - timedelta(hours=1)
    second = await save(stage, 2)
    assert second.created_at == first.created_at + timedelta(microseconds=1)
    for number, secrets in enumerate((SECRET, ()), start=3):
        stage.subscriptions.rows[second.id] = replace(second, signing_secrets=secrets)
        second = await save(stage, number)
        (kept,) = second.signing_secrets
        assert (kept == SECRET[0]) is bool(secrets)
        assert kept.secret.startswith("whsec_")
        assert kept.until is None


class Vanishing(MemorySubscriptions):
    """Tells of what is gone when it is asked for."""

    async def find_all(self, ids: Collection[str]) -> dict[str, Subscription]:
        return {}


async def test_a_predecessor_that_vanishes_leaves_no_secrets() -> None:
    stage = Stage(subscriptions=Vanishing())
    first, second = await save(stage, 1), await save(stage, 2)
    assert [len(one.signing_secrets) for one in (first, second)] == [1, 1]
    assert first.signing_secrets != second.signing_secrets


async def test_a_callback_url_that_is_refused_is_named_with_why(stage: Stage) -> None:
    with pytest.raises(RequestInvalid) as raised:
        await subscribe(stage.ports, TRIGGER, body(TRIGGER, callbackUrl="http://x"), MAKER, PARSE)
    assert (str(raised.value), raised.value.reason) == ("callbackUrl: must start with https://", "scheme")


async def test_an_earlier_one_that_ended_leads_to_the_newest_too(stage: Stage) -> None:
    first = await save(stage, 1)
    await unsubscribe(stage.ports, first.id, FLOW)
    second = await save(stage, 2)
    assert stage.subscriptions.rows[first.id].replaced_by == second.id


class Forgetful(MemorySubscriptions):
    """Notes which environments are to be read anew."""

    forgotten: tuple[str, ...] = ()

    async def forget_environment(self, environment_id: str) -> None:
        self.forgotten += (environment_id,)


async def test_what_is_unsubscribed_is_not_called_from_now_on() -> None:
    kept = Forgetful()
    stage = Stage(subscriptions=kept)
    order, polling = standing_order("one"), replace(standing_order("poll"), polled_at=START)
    for one in (order, polling):
        await kept.save(one)
        await unsubscribe(stage.ports, one.id, MAKER)
    window = stage.windows.of(order.id)
    assert window.closed_until == stage.now + LONGEST_OPEN
    assert kept.forgotten == (ENVIRONMENT,)
    assert list(kept.rows) == [order.id]
    assert kept.rows[order.id].state is SubscriptionState.UNSUBSCRIBED


async def test_one_that_is_replaced_while_it_is_unsubscribed_stays_replaced() -> None:
    """Its last events find their way to its successor."""
    order = standing_order("one")

    class Replacing(MemorySubscriptions):
        async def show(self, subscription_id: str) -> Subscription | None:
            found = await super().show(subscription_id)
            self.rows[order.id] = replace(order, state=SubscriptionState.REPLACED, replaced_by="new")
            return found

    kept = Replacing()
    await kept.save(order)
    await unsubscribe(Stage(subscriptions=kept).ports, order.id, MAKER)
    assert kept.rows[order.id].state is SubscriptionState.REPLACED


async def test_what_is_listed_is_ones_own_or_everybodys_and_a_page_of_it(stage: Stage) -> None:
    orders = [standing_order(f"{number}", owner=owner) for number, owner in enumerate((MAKER.owner, OTHER.owner) * 2)]
    gone = unsubscribed(standing_order("gone"), now=START)
    for one in (*orders, gone):
        await stage.subscriptions.save(one)

    async def listed(caller: Caller, *, state: str = "", after: str = "", top: int = 9) -> list[str]:
        found = await list_subscriptions(
            stage.ports, caller, environment_id=ENVIRONMENT, state=state, after=after, top=top
        )
        return [one.id for one in found]

    assert await listed(MAKER) == [orders[0].id, orders[2].id]
    assert await listed(ADMINISTRATOR) == [one.id for one in orders]
    assert await listed(ADMINISTRATOR, top=2, after=orders[0].id) == [orders[1].id, orders[2].id]
    assert await listed(MAKER, state="unsubscribed") == [gone.id]


async def test_the_dead_are_told_page_by_page_of_one_environment(stage: Stage) -> None:
    for number, place in enumerate((ENVIRONMENT, ENVIRONMENT, "elsewhere", ENVIRONMENT)):
        await stage.dead.save(DeadDelivery(place, f"{place}.{number}", EVENTS[0], "gone", 1, START))
    found, after = [], ""
    for _ in range(3):
        page = await list_dead(
            stage.ports, ADMINISTRATOR, environment_id=ENVIRONMENT, subscription_id=None, after=after, top=2
        )
        found.append(len(page.deliveries))
        after = page.last
        if not after:
            break
    assert found == [2, 1]
    for number in range(101):
        await stage.dead.save_message(PoisonMessage(f"m-{number:03}", Queue.POLLS, b"", START))
    page = await list_dead(stage.ports, ADMINISTRATOR, environment_id=None, subscription_id=None, after="", top=9)
    assert (len(page.deliveries), len(page.messages), page.last) == (4, 100, "")


class Poisoned(MemoryQueues):
    """Has a poison message of each kind, and notes how many it is asked for."""

    asked: tuple[object, ...] = ()

    async def poison(self, queue: Queue, *, limit: int) -> list[PoisonMessage]:
        self.asked += (limit,)
        return await super().poison(queue, limit=limit)


async def test_a_message_that_nobody_could_handle_is_kept_as_what_it_was(stage: Stage) -> None:
    await stage.queues.send_deliveries(batch_for("one", "two", count=1, attempt=3))
    message = stage.queues.take(Queue.DELIVERIES)
    assert message is not None
    queues = Poisoned()
    queues.poisoned.append(PoisonMessage("m", Queue.DELIVERIES, message, START))
    assert await drain_poison(replace(stage.ports, queues=queues)) == 1
    assert list(stage.dead.rows.values()) == [
        DeadDelivery(ENVIRONMENT, identity(name), EVENTS[0], "poison", 3, stage.now) for name in ("one", "two")
    ]
    assert stage.telemetry.amounts(POISON, queue=Queue.DELIVERIES) == [1]
    assert set(queues.asked) == {32}


class Days(MemoryInsights):
    """Notes how many days of history are asked for."""

    days: tuple[int, ...] = ()

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        self.days += (history_days,)
        return measure(output(1, Total="1"), name=name)


async def test_a_calculation_is_looked_up_in_a_day_of_history() -> None:
    insights = Days()
    await make(Stage(insights=insights), Trigger.MEASURE_CROSSED, alias="Total")
    assert insights.days == (1,)


async def test_an_order_that_is_polled_again_is_active_again(stage: Stage) -> None:
    query = {"environmentId": ENVIRONMENT}
    await poll_trigger(stage.ports, TRIGGER, query, FLOW, state="", top=1)
    (order,) = stage.subscriptions.rows.values()
    assert (order.flow, order.created_at, order.state_since) == (FLOW.flow, stage.now, stage.now)
    assert order.id == polling_id(FLOW, ENVIRONMENT, TRIGGER, {})
    await stage.subscriptions.change(order.id, lambda one: replace(one, state=SubscriptionState.ENDED))
    stage.wait(minutes=25 * 60)
    await poll_trigger(stage.ports, TRIGGER, query, MAKER, state="", top=1)
    kept = stage.subscriptions.rows[order.id]
    assert (kept.state, kept.polled_at) == (SubscriptionState.ACTIVE, stage.now)


async def test_a_secret_of_one_that_vanishes_is_not_renewed() -> None:
    class Gone(MemorySubscriptions):
        async def change(self, subscription_id: str, change: Change) -> Subscription | None:
            return None

    kept = Gone()
    await kept.save(standing_order("one"))
    with pytest.raises(NotFound) as raised:
        await rotate_secret(Stage(subscriptions=kept).ports, identity("one"), MAKER)
    assert str(raised.value) == "There is no subscription of that id."


async def test_what_is_noted_keeps_the_secrets_of_the_call_also_when_storage_fails(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(MemorySubscriptions):
        async def change(self, subscription_id: str, change: Change) -> Subscription | None:
            raise OSError

    order = replace(standing_order("one"), signing_secrets=SECRET)
    await stage.subscriptions.save(order)
    for ports in (stage.ports, replace(stage.ports, subscriptions=Failing())):
        noted = await note_health(ports, order, lambda one: replace(one, label="noted"))
        assert noted == replace(order, label="noted")
    assert len(caplog.records) == 1
