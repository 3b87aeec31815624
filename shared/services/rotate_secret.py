"""Give a subscription a new signing secret. It is shown this once; the old one signs beside it for a day."""

from dataclasses import replace

from shared.domain.callers import Caller
from shared.domain.signatures import new_secret, rotated
from shared.errors import Conflict, NotFound
from shared.ports import Ports
from shared.services.admission import require_own


async def rotate_secret(ports: Ports, subscription_id: str, caller: Caller) -> str:
    """The new secret. Raises NotFound, and Conflict for a subscription that is not called."""
    own = await require_own(ports, subscription_id, caller)
    if not own.is_live or own.polls:
        raise Conflict("It is not called: it has ended, was replaced, or polls.", reason="not_called")
    kept = await ports.subscriptions.find(subscription_id)
    secret = new_secret()
    if kept is not None:
        secrets = rotated(kept.signing_secrets, secret, ports.clock())
        url = kept.callback_url
        kept = await ports.subscriptions.change(
            subscription_id, lambda one: replace(one, callback_url=url, signing_secrets=secrets)
        )
    if kept is None:
        raise NotFound("There is no subscription of that id.")
    return secret
