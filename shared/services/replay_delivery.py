"""Send one dead delivery again, or put a message back that nobody could handle."""

from shared.domain.callers import Caller
from shared.domain.deliveries import DeadDelivery, DeliveryBatch, Pair
from shared.domain.subscriptions import EVENT_TYPES
from shared.errors import Conflict, NotFound
from shared.ports import Ports
from shared.services.admission import require_own
from shared.services.successor import live_successor

_UNKNOWN = "There is no dead delivery of that id."


async def replay_delivery(ports: Ports, delivery_id: str, caller: Caller, subscription_id: str = "") -> None:
    """Hand it to delivery as a first attempt, and take it from the dead.

    It goes to its subscription, to the one that took its place, or to `subscription_id`. In this order a crash sends
    it twice at worst. Raises NotFound, and Conflict when there is nobody left to send it to.
    """
    dead = await ports.dead.find(delivery_id)
    if dead is None:
        await _put_back(ports, delivery_id, caller)
        return
    target = await _target(ports, dead, caller, subscription_id)
    trace = ports.telemetry.traceparent()
    batch = DeliveryBatch(dead.environment_id, (dead.event,), (Pair(target, (0,)),), trace, replayed=True)
    await ports.queues.send_deliveries(batch)
    await ports.dead.remove(dead)


async def _target(ports: Ports, dead: DeadDelivery, caller: Caller, subscription_id: str) -> str:
    kept = await ports.subscriptions.show(dead.subscription_id)
    if not (caller.is_administrator or (kept and caller.may_touch(kept))):
        raise NotFound(_UNKNOWN)
    target = await require_own(ports, subscription_id, caller) if subscription_id else kept
    live = await live_successor(ports, target) if target is not None else None
    if live is None or live.polls:
        raise Conflict(
            "Its subscription has ended. Switch the flow on again and name the new one: subscriptionId.",
            reason="subscription_ended",
        )
    if live.environment_id != dead.environment_id:
        raise Conflict("That subscription is about another environment.", reason="other_environment")
    if dead.event.type not in EVENT_TYPES[live.trigger]:
        raise Conflict(f"That subscription is to {live.trigger}, which has no such events.", reason="other_trigger")
    return live.id


async def _put_back(ports: Ports, message_id: str, caller: Caller) -> None:
    message = await ports.dead.find_message(message_id)
    if message is None or not caller.is_administrator:
        raise NotFound(_UNKNOWN)
    try:
        message.body.decode()
    except UnicodeDecodeError:
        raise Conflict("The message is no text; nothing could read it again either.", reason="not_text") from None
    await ports.queues.put_back(message)
    await ports.dead.remove_message(message_id)
