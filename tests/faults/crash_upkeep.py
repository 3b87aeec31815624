"""Is a night's upkeep on storage safe to break off? Rows under an older key, and some that have had their time."""

from dataclasses import replace
from datetime import timedelta

from shared.adapters.cipher import Cipher
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.signatures import SigningSecret
from shared.domain.subscriptions import Subscription, SubscriptionState
from shared.ports import Queue
from shared.services.sweep import sweep
from tests.factories import START
from tests.faults.crash_cloud import KEY, OLDER_KEY, cloud_at, storage_ports
from tests.faults.crash_history import History
from tests.services.faults import Fuse, fused
from tests.services.stage import Stage, standing_order

MONTH = timedelta(days=31)


async def faults_of_upkeep(connection_string: str, fuse: Fuse, environment: str, *, retries: bool) -> list[str]:
    """Two nights, in which something may break: what was promised and is not so."""
    stage = Stage(now=START + MONTH)
    async with cloud_at(connection_string, fuse, retries=retries) as cloud:
        before = TableSubscriptions(cloud.plain.tables, Cipher([OLDER_KEY]))
        for one in _kept(environment):
            await before.save(one)
        for _ in range(2):
            made = storage_ports(cloud.fused, fused(stage, fuse), History(), set[Queue]())
            keys = TableSubscriptions(cloud.fused.tables, Cipher([KEY, OLDER_KEY]))
            await sweep(replace(made, subscriptions=keys), suspended_days=14)
            fuse.restart()
        after = TableSubscriptions(cloud.plain.tables, Cipher([KEY]))
        found = [await _difference(after, one) for one in _kept(environment)]
        watched = environment in await after.environments()
        for one in _kept(environment):
            await after.remove(one.id)
    return [*filter(None, found), *([] if watched else ["the environment is no longer watched"])]


async def _difference(after: TableSubscriptions, one: Subscription) -> str:
    """How a subscription is not as it should be, with the newest key alone."""
    found = await after.find(one.id)
    by_key = {other.id for key in one.keys for other in await after.with_key(key)}
    if not one.is_live:
        return f"{one.id} is still there" if found or by_key else ""
    if found is None or by_key != {one.id}:
        return f"{one.id} is gone, or cannot be found by its keys"
    same = (found.callback_url, found.signing_secrets) == (one.callback_url, one.signing_secrets)
    return "" if same else f"{one.id} lost its secrets"


def _kept(environment: str) -> list[Subscription]:
    """Two that are live, and one whose flow is gone for a month."""
    states = {"one": SubscriptionState.ACTIVE, "two": SubscriptionState.ACTIVE, "gone": SubscriptionState.ENDED}
    return [
        replace(
            standing_order(name, state=state, environment_id=environment),
            flow_key=f"flow-{environment}-{name}",
            callback_key=f"callback-{environment}-{name}",
            state_since=START,
            signing_secrets=(SigningSecret(f"whsec_{name}"),),
        )
        for name, state in states.items()
    ]
