"""Take a flow's subscription: check what it asks for, keep it, and let it take the place of the same flow's earlier
one.
"""

import secrets
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from functools import partial

from shared.domain.callback_url import CallbackUrl
from shared.domain.callers import Caller, callback_key, flow_key
from shared.domain.signatures import new_secret, rotated
from shared.domain.subscribing import check_fields, environment_id, filters_of, flag, parse_filters, text
from shared.domain.subscriptions import Subscription, Trigger, age, replaced
from shared.errors import CallbackRejected, RequestInvalid
from shared.ports import PollRequest, Ports
from shared.services.act import require_reader
from shared.services.admission import require_environment, require_names, require_trigger, watch_environment


async def subscribe(
    ports: Ports,
    trigger_name: str,
    body: object,
    caller: Caller,
    parse_callback: Callable[[str], CallbackUrl],
    listed: Collection[str] = (),
) -> Subscription:
    """Keep a subscription of somebody who can read the environment.

    Raises RequestInvalid, NotFound (the trigger or the environment), Forbidden and InsightsError.

    Repeating the call is safe: what it made before is replaced. An environment that nobody subscribed to, and that is
    not among the `listed`, was not watched until now, and begins anew.
    """
    trigger = require_trigger(trigger_name)
    order = _order(ports, trigger, body, caller, parse_callback)
    subscription = await _after_its_predecessor(ports, order)
    environment = subscription.environment_id
    await require_reader(ports, caller, environment)
    await require_environment(ports, environment)
    await require_names(ports, environment, subscription.filters)
    await watch_environment(ports, environment, listed)
    await ports.subscriptions.save(subscription)
    await _settle(ports, subscription)
    await ports.queues.send_polls([PollRequest((environment,), asked_at=ports.clock())])
    return subscription


def _order(
    ports: Ports, trigger: Trigger, body: object, caller: Caller, parse_callback: Callable[[str], CallbackUrl]
) -> Subscription:
    fields = check_fields(trigger, body)
    environment = environment_id(fields)
    callback = _callback(text(fields, "callbackUrl"), parse_callback)
    now = ports.clock()
    wanted = filters_of(fields)
    batch = flag(fields, "batch")
    order = {"environment": environment, "callback": callback.digest, "filters": wanted, "batch": batch}
    return Subscription(
        id=f"{environment}.{secrets.token_urlsafe(24)}",
        environment_id=environment,
        trigger=trigger,
        fields=wanted,
        filters=parse_filters(trigger, fields),
        callback_url=callback.secret,
        created_at=now,
        label=text(fields, "label") if "label" in fields else "",
        state_since=now,
        owner=caller.owner,
        flow=caller.flow,
        flow_key=flow_key(caller, trigger, order),
        callback_key=callback_key(callback.digest),
        callback_shown=str(callback),
        batch=batch,
    )


async def _after_its_predecessor(ports: Ports, order: Subscription) -> Subscription:
    """Newer than what the flow has, whatever the clock of the worker that made that; with its signing secrets, so that
    a receiver goes on knowing us. To be asked when the call comes: one that takes long is no newer than a later one.
    """
    newest = max(await ports.subscriptions.with_key(order.flow_key), key=age, default=None)
    if newest is None:
        return replace(order, signing_secrets=rotated((), new_secret(), order.created_at))
    known = await ports.subscriptions.find_all([newest.id])
    secrets = known[newest.id].signing_secrets if newest.id in known else ()
    return replace(
        order,
        created_at=max(order.created_at, newest.created_at + timedelta(microseconds=1)),
        signing_secrets=secrets or rotated((), new_secret(), order.created_at),
    )


async def _settle(ports: Ports, made: Subscription) -> None:
    """Leave one live subscription of the flow: the newest. Those that ended before lead to it too.

    Two calls at the same time both come here after they saved, so at least one of them sees the other.
    """
    for other in await ports.subscriptions.with_key(made.flow_key):
        if other.id == made.id or (other.replaced_by and not other.is_live):
            continue
        older, newer = sorted((made, other), key=age)
        await ports.subscriptions.change(older.id, partial(replaced, by=newer.id, now=ports.clock()))


def _callback(url: str, parse_callback: Callable[[str], CallbackUrl]) -> CallbackUrl:
    try:
        return parse_callback(url)
    except CallbackRejected as rejection:
        raise RequestInvalid("callbackUrl", str(rejection), reason=rejection.reason) from None
