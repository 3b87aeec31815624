"""List the environments that a caller can use here: seen at Customer Insights, and with a subscription key."""

from collections.abc import Callable, Sequence

from shared.domain.callers import Caller
from shared.domain.catalog import EnvironmentInfo
from shared.ports import Ports


async def list_environments(
    ports: Ports, caller: Caller, subscription_key: Callable[[str], str]
) -> Sequence[EnvironmentInfo]:
    """By name; an application's are those that are listed for it."""
    found = await ports.acting(caller, "").environments()
    usable = (one for one in found if caller.may_ask_about(one.id) and subscription_key(one.id))
    return sorted(usable, key=lambda one: one.name.lower())
