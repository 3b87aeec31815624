"""List what was given up: deliveries that are dead, and messages that nobody could handle."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.callers import Caller
from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.errors import NotFound
from shared.ports import Ports

_MOST_MESSAGES = 100


@dataclass(frozen=True, slots=True)
class DeadList:
    """Dead deliveries in the order of their ids; `last` is where the next page begins, empty when there is none."""

    deliveries: Sequence[DeadDelivery]
    messages: Sequence[PoisonMessage]
    last: str


async def list_dead(
    ports: Ports, caller: Caller, *, environment_id: str | None, subscription_id: str | None, after: str, top: int
) -> DeadList:
    """One page. Raises NotFound for a subscription that is not the caller's.

    Who is no administrator names the subscription, or sees those of its own among the page.
    """
    if subscription_id is not None and not caller.is_administrator:
        named = await ports.subscriptions.show(subscription_id)
        if named is None or not caller.may_touch(named):
            raise NotFound("There is no subscription of that id.")
    page = await ports.dead.page(environment_id=environment_id, subscription_id=subscription_id, after=after, limit=top)
    own = page if caller.is_administrator or subscription_id else await _own(ports, caller, page)
    first = caller.is_administrator and not after and not subscription_id
    messages = await ports.dead.messages(limit=_MOST_MESSAGES) if first else []
    return DeadList(own, messages, page[-1].id if len(page) == top else "")


async def _own(ports: Ports, caller: Caller, page: Sequence[DeadDelivery]) -> list[DeadDelivery]:
    found = {one: await ports.subscriptions.show(one) for one in {dead.subscription_id for dead in page}}
    own = {one for one, subscription in found.items() if subscription and caller.may_touch(subscription)}
    return [dead for dead in page if dead.subscription_id in own]
