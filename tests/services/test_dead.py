"""What dead deliveries and poison messages promise: they are kept, shown to whom they belong, and can be sent again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory_subscriptions import MemoryDeadDeliveries
from shared.domain.callers import Caller
from shared.domain.deliveries import DeadDelivery, DeliveryBatch, Pair, PoisonMessage
from shared.domain.subscriptions import Subscription, SubscriptionState, Trigger, replaced
from shared.errors import Conflict, NotFound
from shared.ports import PollRequest, Queue
from shared.services.deliver import deliver
from shared.services.drain_poison import drain_poison
from shared.services.list_dead import DeadList, list_dead
from shared.services.replay_delivery import replay_delivery
from tests.factories import ENVIRONMENT
from tests.services.delivering import EVENTS, PACE, batch_for, called, dead, identity, order_for
from tests.services.faults import Crash, Fuse, fused
from tests.services.stage import ADMINISTRATOR, MAKER, OTHER, Stage, standing_order

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


async def die(stage: Stage, name: str, place: int = 0) -> DeadDelivery:
    """A delivery that was given up."""
    one = DeadDelivery(ENVIRONMENT, identity(name), EVENTS[place], "http_503", 10, stage.now)
    await stage.dead.save(one)
    return one


async def sent(stage: Stage) -> list[tuple[str, list[int]]]:
    """Take the first attempts that were asked for: to whom, and of which events."""
    found = []
    while (body := stage.queues.take(Queue.DELIVERIES)) is not None:
        batch = await stage.queues.read_deliveries(body)
        for pair in batch.pairs:
            assert (pair.attempt, pair.since) == (1, None)
            found.append((pair.subscription_id, [EVENTS.index(batch.events[place]) for place in pair.events]))
    return found


async def replaced_by(stage: Stage, older: str, newer: str) -> Subscription:
    """A flow that subscribed again."""
    new = standing_order(newer)
    await stage.subscriptions.save(new)
    await stage.subscriptions.save(replaced(standing_order(older), by=new.id, now=stage.now))
    return new


@pytest.mark.parametrize("caller", [MAKER, ADMINISTRATOR])
async def test_a_dead_delivery_is_sent_again_under_its_id_and_is_no_longer_dead(stage: Stage, caller: Caller) -> None:
    await order_for(stage, "one")
    one = await die(stage, "one", 2)
    stage.telemetry.here = TRACE
    await replay_delivery(stage.ports, one.id, caller)
    ((message, _),) = stage.queues.messages[Queue.DELIVERIES]
    batch = await stage.queues.read_deliveries(message)
    assert (batch.environment_id, batch.traceparent, batch.replayed) == (ENVIRONMENT, TRACE, True)
    assert await sent(stage) == [(identity("one"), [2])]
    assert stage.dead.rows == {}


async def test_it_goes_to_the_subscription_that_took_the_place_of_its_own(stage: Stage) -> None:
    await replaced_by(stage, "old", "new")
    await replay_delivery(stage.ports, (await die(stage, "old")).id, MAKER)
    assert await sent(stage) == [(identity("new"), [0])]


async def test_it_is_not_sent_to_a_flow_that_waits_for_other_events(stage: Stage) -> None:
    await stage.subscriptions.save(standing_order("other", Trigger.PROCESS_ENDED))
    await order_for(stage, "one")
    one = await die(stage, "one")
    with pytest.raises(Conflict) as conflict:
        await replay_delivery(stage.ports, one.id, MAKER, identity("other"))
    assert (conflict.value.reason, await sent(stage), list(stage.dead.rows)) == ("other_trigger", [], [one.id])


async def test_it_can_be_sent_to_another_subscription_of_the_caller(stage: Stage) -> None:
    """The flow was off for so long that its subscription ended, and is on again."""
    await stage.subscriptions.save(standing_order("ended", state=SubscriptionState.ENDED))
    await stage.subscriptions.save(standing_order("new"))
    one = await die(stage, "ended")
    with pytest.raises(Conflict) as conflict:
        await replay_delivery(stage.ports, one.id, MAKER)
    assert conflict.value.reason == "subscription_ended"
    await replay_delivery(stage.ports, one.id, MAKER, identity("new"))
    assert await sent(stage) == [(identity("new"), [0])]


@pytest.mark.parametrize("target", [standing_order("x", owner=OTHER.owner), standing_order("y", environment_id="z")])
async def test_it_is_not_sent_to_somebody_else_or_elsewhere(stage: Stage, target: Subscription) -> None:
    await order_for(stage, "one")
    await stage.subscriptions.save(target)
    one = await die(stage, "one")
    with pytest.raises((NotFound, Conflict)):
        await replay_delivery(stage.ports, one.id, MAKER, target.id)
    assert (await sent(stage), list(stage.dead.rows)) == ([], [one.id])


@pytest.mark.parametrize("caller", [MAKER, ADMINISTRATOR])
@pytest.mark.parametrize("named", ["", "named"])
async def test_it_never_goes_to_another_environment_through_a_successor(
    stage: Stage, caller: Caller, named: str
) -> None:
    """Its flow, or the one that was named, now watches another one."""
    await order_for(stage, "one")
    elsewhere = standing_order("elsewhere", environment_id="another")
    await stage.subscriptions.save(elsewhere)
    await stage.subscriptions.save(replaced(standing_order(named or "one"), by=elsewhere.id, now=stage.now))
    one = await die(stage, "one")
    with pytest.raises(Conflict) as conflict:
        await replay_delivery(stage.ports, one.id, caller, identity(named) if named else "")
    assert conflict.value.reason == "other_environment"
    assert (await sent(stage), list(stage.dead.rows)) == ([], [one.id])


async def test_a_subscription_that_polls_is_no_place_to_send_it_to(stage: Stage) -> None:
    await order_for(stage, "one")
    await stage.subscriptions.save(replace(standing_order("polls"), polled_at=stage.now))
    with pytest.raises(Conflict):
        await replay_delivery(stage.ports, (await die(stage, "one")).id, MAKER, identity("polls"))


async def test_somebody_elses_dead_delivery_looks_like_an_unknown_one(stage: Stage) -> None:
    await order_for(stage, "one")
    known = await die(stage, "one")
    errors = []
    for delivery_id in (known.id, "nothing", f"{ENVIRONMENT}.x.y", ""):
        with pytest.raises(NotFound) as unknown:
            await replay_delivery(stage.ports, delivery_id, OTHER)
        errors.append(str(unknown.value))
    assert len(set(errors)) == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2])
async def test_a_crash_while_it_is_sent_again_sends_it_twice_at_worst(stage: Stage, write: int, after: bool) -> None:
    await order_for(stage, "one")
    one = await die(stage, "one")
    with pytest.raises(Crash):
        await replay_delivery(fused(stage, Fuse(frozenset({write}), after=after)), one.id, MAKER)
    if stage.dead.rows:
        await replay_delivery(stage.ports, one.id, MAKER)
    assert {subscription_id for subscription_id, _ in await sent(stage)} == {identity("one")}
    assert stage.dead.rows == {}


async def _list(stage: Stage, caller: Caller, *, after: str = "", top: int = 100, of: str | None = None) -> DeadList:
    return await list_dead(stage.ports, caller, environment_id=None, subscription_id=of, after=after, top=top)


async def test_everybody_sees_their_own_and_administrators_everything(stage: Stage) -> None:
    await order_for(stage, "mine")
    await stage.subscriptions.save(standing_order("theirs", owner=OTHER.owner))
    mine, theirs, orphan = [await die(stage, name) for name in ("mine", "theirs", "gone")]
    await stage.dead.save_message(PoisonMessage("m", Queue.POLLS, b"?", stage.now))
    assert (await _list(stage, MAKER)).deliveries == [mine]
    assert (await _list(stage, OTHER)).deliveries == [theirs]
    everything = await _list(stage, ADMINISTRATOR)
    assert {one.id for one in everything.deliveries} == {mine.id, theirs.id, orphan.id}
    assert [[one.id for one in (await _list(stage, who)).messages] for who in (MAKER, ADMINISTRATOR)] == [[], ["m"]]
    assert (await _list(stage, MAKER, of=identity("mine"))).deliveries == [mine]
    with pytest.raises(NotFound):
        await _list(stage, MAKER, of=identity("theirs"))


async def test_pages_hold_each_dead_delivery_once(stage: Stage) -> None:
    await order_for(stage, "one")
    made = {(await die(stage, "one", place)).id for place in range(4)}
    seen, after = [], ""
    while True:
        page = await _list(stage, MAKER, after=after, top=2)
        seen += [one.id for one in page.deliveries]
        if not page.last:
            break
        after = page.last
    assert (set(seen), len(seen)) == (made, 4)


async def poison(stage: Stage, queue: Queue, *bodies: bytes) -> None:
    """Messages that the host gave up."""
    for body in bodies:
        number = len(stage.queues.poisoned) + 1
        stage.queues.poisoned.append(PoisonMessage(f"m-{number}", queue, body, stage.now, receipt="r"))


async def test_a_poisoned_delivery_becomes_the_dead_deliveries_that_it_holds(stage: Stage) -> None:
    pairs = (Pair(identity("one"), (0, 2), attempt=3), Pair(identity("two"), (1,)))
    await stage.queues.send_deliveries(DeliveryBatch(ENVIRONMENT, EVENTS, pairs))
    await poison(stage, Queue.DELIVERIES, stage.queues.take(Queue.DELIVERIES) or b"")
    assert await drain_poison(stage.ports) == 1
    assert dead(stage) == [("poison", EVENTS[0], 3), ("poison", EVENTS[2], 3), ("poison", EVENTS[1], 1)]
    assert (stage.queues.poisoned, stage.dead.poison) == ([], {})


async def test_what_nobody_can_read_is_kept_as_it_is(stage: Stage) -> None:
    for queue in Queue:
        await poison(stage, queue, b"garbage", b"\xff\xfe", b"")
    assert await drain_poison(stage.ports) == 3 * len(Queue)
    assert stage.queues.poisoned == []
    assert {(one.queue, one.body) for one in stage.dead.poison.values()} == {
        (queue, body) for queue in Queue for body in (b"garbage", b"\xff\xfe", b"")
    }


async def test_hundreds_of_poison_messages_are_drained_in_one_go(stage: Stage) -> None:
    await poison(stage, Queue.POLLS, *[b"x"] * 300)
    assert await drain_poison(stage.ports) == len(stage.dead.poison) == 300


async def test_a_message_that_cannot_be_kept_stays_and_holds_up_no_other(stage: Stage) -> None:
    class Choosy(MemoryDeadDeliveries):
        async def save_message(self, message: PoisonMessage) -> None:
            if message.id == "m-1":
                raise ValueError
            await super().save_message(message)

    stage.dead = Choosy()
    for queue in Queue:
        await poison(stage, queue, *[b"x"] * 40)
    count = 40 * len(Queue) - 1
    for kept in (count, 0):
        assert await drain_poison(stage.ports) == kept
        assert (len(stage.dead.poison), [one.id for one in stage.queues.poisoned]) == (count, ["m-1"])


@pytest.mark.parametrize("write", [1, 2, 3])
async def test_a_crash_while_draining_keeps_everything(stage: Stage, write: int) -> None:
    await stage.queues.send_deliveries(batch_for("one", count=2))
    await poison(stage, Queue.DELIVERIES, stage.queues.take(Queue.DELIVERIES) or b"")
    assert await drain_poison(fused(stage, Fuse(frozenset({write})))) == 0
    assert len(stage.queues.poisoned) == 1
    await drain_poison(stage.ports)
    assert [event for _, event, _ in dead(stage)] == [*EVENTS[:2]]


async def test_an_administrator_puts_a_message_back_on_its_queue(stage: Stage) -> None:
    """After the cause was removed."""
    await stage.queues.send_polls([PollRequest((ENVIRONMENT,))])
    body = stage.queues.take(Queue.POLLS) or b""
    await poison(stage, Queue.POLLS, body)
    await drain_poison(stage.ports)
    for caller in (MAKER, OTHER):
        with pytest.raises(NotFound):
            await replay_delivery(stage.ports, "m-1", caller)
    await replay_delivery(stage.ports, "m-1", ADMINISTRATOR)
    assert stage.queues.take(Queue.POLLS) == body
    assert stage.dead.poison == {}


async def test_a_message_that_is_no_text_is_not_put_back(stage: Stage) -> None:
    await poison(stage, Queue.POLLS, b"\xff\xfe")
    await drain_poison(stage.ports)
    with pytest.raises(Conflict) as conflict:
        await replay_delivery(stage.ports, "m-1", ADMINISTRATOR)
    assert conflict.value.reason == "not_text"
    assert list(stage.dead.poison) == ["m-1"]


async def test_what_died_and_was_sent_again_reaches_its_flow(stage: Stage) -> None:
    await order_for(stage, "one")
    one = await die(stage, "one", 1)
    stage.wait(minutes=timedelta(days=9) / timedelta(minutes=1))
    await replay_delivery(stage.ports, one.id, MAKER)
    await deliver(stage.ports, await stage.queues.read_deliveries(stage.queues.take(Queue.DELIVERIES) or b""), PACE)
    assert called(stage, "one") == [1]
