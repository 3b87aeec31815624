"""Take the messages that the host gave up into the store of the dead, before their queue forgets them."""

import logging

from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.metrics import POISON
from shared.errors import MessageInvalid
from shared.ports import Ports, Queue

_AT_ONCE = 32
_ROUNDS = 30
_DELIVERY_QUEUES = (Queue.DELIVERIES, Queue.REDELIVERIES)
_log = logging.getLogger(__name__)


async def drain_poison(ports: Ports) -> int:
    """Answers how many messages were put aside. One leaves its queue when it is kept: a crash keeps it twice, which is
    once. One that cannot be kept stays for the next time, and holds up no other.
    """
    count = 0
    for queue in Queue:
        for _ in range(_ROUNDS):
            found = await ports.queues.poison(queue, limit=_AT_ONCE)
            count += sum([await _put_aside(ports, message) for message in found])
            if len(found) < _AT_ONCE:
                break
    return count


async def _put_aside(ports: Ports, message: PoisonMessage) -> bool:
    try:
        await _keep(ports, message)
        await ports.queues.drop_poison(message)
    except Exception:
        fields = {"action": "poison_stays", "queue": message.queue, "message_id": message.id}
        _log.exception("A poison message of %s could not be put aside", message.queue, extra=fields)
        return False
    ports.telemetry.record(POISON, queue=message.queue)
    return True


async def _keep(ports: Ports, message: PoisonMessage) -> None:
    """A deliveries message as the dead deliveries that it is, anything else as it is."""
    fields = {"action": "poison", "queue": message.queue, "message_id": message.id}
    _log.error("A message of %s failed too often and was put aside (%s)", message.queue, message.id, extra=fields)
    if Queue(message.queue) not in _DELIVERY_QUEUES:
        await ports.dead.save_message(message)
        return
    try:
        batch = await ports.queues.read_deliveries(message.body)
    except MessageInvalid:
        await ports.dead.save_message(message)
        return
    for pair in batch.pairs:
        for event in (batch.events[place] for place in pair.events):
            now = ports.clock()
            dead = DeadDelivery(batch.environment_id, pair.subscription_id, event, "poison", pair.attempt, now)
            await ports.dead.save(dead)
