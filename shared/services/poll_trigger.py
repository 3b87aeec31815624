"""Answer a flow that asks for events instead of being called: what came since its last poll, each event once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.domain.callers import Caller, polling_id
from shared.domain.cursors import read_cursor, write_cursor
from shared.domain.events import Event
from shared.domain.subscribing import environment_id, fields_of_query, filters_of, parse_filters
from shared.domain.subscriptions import Directory, Subscription, SubscriptionState, Trigger
from shared.ports import PollRequest, Ports
from shared.services.act import require_reader
from shared.services.admission import require_environment, require_names, require_trigger, watch_environment

NEXT_POLL_SECONDS = 60
_NOTED_EVERY = timedelta(days=1)
_READ_AT_ONCE = 500
_MOST_READ = 5_000


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll found, where the next one begins, and when it is worth its while."""

    events: tuple[Event, ...]
    state: str
    retry_after_seconds: int


async def poll_trigger(
    ports: Ports,
    trigger_name: str,
    query: Mapping[str, str],
    caller: Caller,
    *,
    state: str,
    top: int,
    listed: Collection[str] = (),
) -> Polled:
    """The next events, `top` at most. Without a `state`, none: the first poll says where to begin.

    Raises RequestInvalid, NotFound, Forbidden and InsightsError. The first poll makes a subscription without a
    callback, so that the environment is watched, and the thresholds that are asked for.
    """
    order = _order(ports, require_trigger(trigger_name), query, caller)
    environment = order.environment_id
    await require_reader(ports, caller, environment)
    after = read_cursor(state, environment, field="triggerState") if state else None
    await _note(ports, order, listed)
    if after is None:
        return Polled((), write_cursor(environment, await _latest(ports, environment)), NEXT_POLL_SECONDS)
    found, after, more = await _read(ports, order, after, top)
    if not found and not more and after > await _latest(ports, environment):
        found, after, more = await _read(ports, order, 0, top)  # the feed began anew: its checkpoint was removed
    return Polled(tuple(found), write_cursor(environment, after), 1 if more else NEXT_POLL_SECONDS)


def _order(ports: Ports, trigger: Trigger, query: Mapping[str, str], caller: Caller) -> Subscription:
    fields = fields_of_query(trigger, query)
    environment, wanted, now = environment_id(fields), filters_of(fields), ports.clock()
    return Subscription(
        id=polling_id(caller, environment, trigger, wanted),
        environment_id=environment,
        trigger=trigger,
        fields=wanted,
        filters=parse_filters(trigger, fields),
        callback_url="",
        created_at=now,
        state_since=now,
        owner=caller.owner,
        flow=caller.flow,
        polled_at=now,
    )


async def _note(ports: Ports, order: Subscription, listed: Collection[str]) -> None:
    """Keep the order, or note once a day that it is still polled."""
    kept = await ports.subscriptions.show(order.id)
    if kept is None:
        await require_environment(ports, order.environment_id)
        await require_names(ports, order.environment_id, order.filters)
        await watch_environment(ports, order.environment_id, listed)
        await ports.subscriptions.save(order)
        await ports.queues.send_polls([PollRequest((order.environment_id,), asked_at=order.polled_at)])
    elif kept.polled_at is None or ports.clock() - kept.polled_at > _NOTED_EVERY:
        await ports.subscriptions.change(
            order.id, lambda one: replace(one, polled_at=order.polled_at, state=SubscriptionState.ACTIVE)
        )


async def _latest(ports: Ports, environment: str) -> int:
    stored = await ports.checkpoints.read(environment)
    return stored.state.sequence if stored else await ports.log.last_number(environment)


async def _read(ports: Ports, order: Subscription, after: int, top: int) -> tuple[list[Event], int, bool]:
    """Events that are wanted, the number that was looked at last, and whether there may be more."""
    directory = Directory([order])
    found: list[Event] = []
    for _ in range(0, _MOST_READ, _READ_AT_ONCE):
        page = await ports.log.read(order.environment_id, after=after, limit=_READ_AT_ONCE)
        for numbered in page:
            after = numbered.sequence
            if directory.wanting(numbered.event):
                found.append(numbered.event)
            if len(found) == top:
                return found, after, True
        if len(page) < _READ_AT_ONCE:
            return found, after, False
    return found, after, True
