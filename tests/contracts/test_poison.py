"""The promises about messages that nobody could handle: taken from the host's poison queues, kept, put back."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from shared.adapters.messages import MAX_MESSAGE_BYTES
from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.ports import PollRequest, Queue
from tests.contracts import samples
from tests.contracts.kits import Kit

QUEUES = list(Queue)
LONG_AGO = datetime(2001, 3, 2, tzinfo=samples.NOON.tzinfo)


def message(died_at: datetime = samples.NOON, body: bytes = b'{"v":1}', queue: Queue = Queue.POLLS) -> PoisonMessage:
    return PoisonMessage(str(uuid4()), queue.value, body, died_at)


@pytest.mark.parametrize("queue", QUEUES)
async def test_what_the_host_gave_up_is_read_as_it_was(kit: Kit, queue: Queue) -> None:
    bodies = [b'{"v":1,"environments":["\xc3\xa6"]}', b"", b"\xff\x00", b"x" * MAX_MESSAGE_BYTES]
    await kit.mailbox.give_up(queue, *bodies)
    found = await kit.queues.poison(queue, limit=32)
    assert sorted(one.body for one in found) == sorted(bodies)
    assert {one.queue for one in found} == {queue.value}
    assert len({one.id for one in found}) == len(bodies)
    assert all(one.died_at.utcoffset() is not None for one in found)


async def test_a_queue_that_never_failed_has_no_poison(kit: Kit) -> None:
    assert await kit.queues.poison(Queue.UNIFICATION_EVENTS, limit=32) == []


async def test_each_queue_has_its_own_poison(kit: Kit) -> None:
    await kit.mailbox.give_up(Queue.POLLS, b"1")
    assert await kit.queues.poison(Queue.DELIVERIES, limit=32) == []


async def test_no_more_than_asked_for_are_taken_and_what_was_dropped_does_not_come_back(kit: Kit) -> None:
    await kit.mailbox.give_up(Queue.POLLS, *(str(number).encode() for number in range(70)))
    seen: list[bytes] = []
    while found := await kit.queues.poison(Queue.POLLS, limit=32):
        assert len(found) <= 32
        seen += [one.body for one in found]
        for one in found:
            await kit.queues.drop_poison(one)
            await kit.queues.drop_poison(one)
    assert sorted(seen) == sorted(str(number).encode() for number in range(70))


async def test_a_message_that_is_put_back_is_read_by_its_function_again(kit: Kit) -> None:
    await kit.queues.send_polls([PollRequest(("one",), hop=3)])
    (body,) = await kit.mailbox.take(Queue.POLLS)
    await kit.mailbox.give_up(Queue.POLLS, body)
    (found,) = await kit.queues.poison(Queue.POLLS, limit=32)
    await kit.queues.put_back(found)
    assert await kit.mailbox.take(Queue.POLLS) == [body]


@pytest.mark.parametrize("size", [0, 1, 61_440, 61_441, 65_536])
async def test_a_message_of_any_size_and_any_bytes_is_kept(kit: Kit, size: int) -> None:
    kept = message(samples.NOON + timedelta(microseconds=7), b"\xff" * size, Queue.REDELIVERIES)
    await kit.dead.save_message(kept)
    assert await kit.dead.find_message(kept.id) == kept
    await kit.dead.remove_message(kept.id)
    await kit.dead.remove_message(kept.id)
    assert await kit.dead.find_message(kept.id) is None


async def test_the_receipt_of_a_message_is_not_kept(kit: Kit) -> None:
    """It is a key to the queue, and void by then."""
    kept = message()
    await kit.dead.save_message(PoisonMessage(kept.id, kept.queue, kept.body, kept.died_at, "receipt"))
    assert await kit.dead.find_message(kept.id) == kept


async def test_a_message_that_is_kept_twice_is_there_once(kit: Kit) -> None:
    kept = message()
    for _ in range(2):
        await kit.dead.save_message(kept)
    assert [one for one in await kit.dead.messages(limit=1000) if one.id == kept.id] == [kept]


async def test_messages_are_listed_and_no_more_than_asked_for(kit: Kit) -> None:
    kept = [message() for _ in range(5)]
    for one in kept:
        await kit.dead.save_message(one)
    listed = await kit.dead.messages(limit=1000)
    assert {one.id for one in kept} <= {one.id for one in listed}
    assert [len(await kit.dead.messages(limit=limit)) for limit in (0, 1, 4)] == [0, 1, 4]


async def test_messages_and_dead_deliveries_are_not_mixed_up(kit: Kit, environment_id: str) -> None:
    kept = message()
    await kit.dead.save_message(kept)
    event = samples.event(environment_id)
    await kit.dead.save(DeadDelivery(environment_id, f"{environment_id}.one", event, "x", 1, samples.NOON))
    assert await kit.dead.find(kept.id) is None
    assert await kit.dead.find(f"-poison.{kept.id}") is None
    everything = await kit.dead.page(environment_id=None, subscription_id=None, after="", limit=10_000)
    assert environment_id in {one.environment_id for one in everything}
    assert await kit.dead.page(environment_id="-poison", subscription_id=None, after="", limit=10) == []


async def test_what_died_before_a_time_is_forgotten(kit: Kit, environment_id: str) -> None:
    """Deliveries and messages; other tests have younger ones in the same table."""
    just = LONG_AGO + timedelta(milliseconds=1)  # the emulator compares no finer
    old, young = message(LONG_AGO), message(just)
    event = samples.event(environment_id)
    dead = [DeadDelivery(environment_id, f"{environment_id}.{n}", event, "x", 1, (LONG_AGO, just)[n]) for n in (0, 1)]
    for one, delivery in zip((old, young), dead, strict=True):
        await kit.dead.save_message(one)
        await kit.dead.save(delivery)
    assert await kit.dead.forget(just) == 2
    assert await kit.dead.forget(just) == 0
    assert (await kit.dead.find_message(old.id), await kit.dead.find_message(young.id)) == (None, young)
    assert [await kit.dead.find(one.id) is None for one in dead] == [True, False]
    assert await kit.dead.forget(just + timedelta(days=1)) == 2
