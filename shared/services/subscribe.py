"""Take a flow's subscription: check what it asks for, keep it, and have its environment looked at soon."""

import secrets
from collections.abc import Callable, Collection
from contextlib import suppress

from shared.domain.callback_url import CallbackUrl
from shared.domain.subscribing import check_fields, environment_id, parse_filters, text
from shared.domain.subscriptions import Subscription, Trigger
from shared.errors import CallbackRejected, CheckpointConflict, InsightsNotFound, NotFound, RequestInvalid
from shared.ports import PollRequest, Ports

_NOT_FILTERS = ("environmentId", "callbackUrl", "label")


async def subscribe(
    ports: Ports,
    trigger_name: str,
    body: object,
    parse_callback: Callable[[str], CallbackUrl],
    listed: Collection[str] = (),
) -> Subscription:
    """Keep a subscription. Raises RequestInvalid, NotFound (the trigger or the environment) and InsightsError.

    An environment that nobody subscribed to, and that is not among the `listed`, was not watched until now: it begins
    anew, so that what happened in between is not told.
    """
    if trigger_name not in list(Trigger):
        raise NotFound(f"There is no trigger of that name; there are {', '.join(Trigger)}.")
    trigger = Trigger(trigger_name)
    fields = check_fields(trigger, body)
    environment = environment_id(fields)
    callback = _callback(text(fields, "callbackUrl"), parse_callback)
    filters = parse_filters(trigger, fields)
    await _require_environment(ports, environment)
    subscription = Subscription(
        id=f"{environment}.{secrets.token_urlsafe(24)}",
        environment_id=environment,
        trigger=trigger,
        fields={name: value for name, value in fields.items() if name not in _NOT_FILTERS},
        filters=filters,
        callback_url=callback.secret,
        created_at=ports.clock(),
        label=text(fields, "label") if "label" in fields else "",
    )
    if environment not in {*listed, *await ports.subscriptions.environments()}:
        await _begin_anew(ports, environment)
    await ports.subscriptions.save(subscription)
    await ports.queues.send_polls([PollRequest((environment,), asked_at=ports.clock())])
    return subscription


async def _begin_anew(ports: Ports, environment: str) -> None:
    """Forget what was known, before the first subscription is there: until then nobody polls the environment."""
    stored = await ports.checkpoints.read(environment)
    if stored is not None and stored.state.checkpoint is not None:
        with suppress(CheckpointConflict):  # somebody else subscribes at the same time
            await ports.checkpoints.write(environment, stored.state.forgotten(), stored.etag)


def _callback(url: str, parse_callback: Callable[[str], CallbackUrl]) -> CallbackUrl:
    try:
        return parse_callback(url)
    except CallbackRejected as rejection:
        raise RequestInvalid("callbackUrl", str(rejection), reason=rejection.reason) from None


async def _require_environment(ports: Ports, environment: str) -> None:
    """An environment that was never polled has to answer once."""
    stored = await ports.checkpoints.read(environment)
    if stored is not None and stored.state.checkpoint is not None:
        return
    try:
        await ports.insights.jobs(environment, top=1)
    except InsightsNotFound:
        raise NotFound("Customer Insights knows no environment of that id.") from None
