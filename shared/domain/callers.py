"""Who calls: the owner of what is made, and the flow that the platform's headers speak of."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.subscriptions import Flow, Subscription, Trigger

EVERY = "*"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `owner` is who its subscriptions belong to; administrators see and end everybody's.

    A user brings the `token` that was called with, and acts at Customer Insights as that user. An application brings
    none, and acts as this app at the `environments` that are listed for it; None: Customer Insights decides.
    """

    owner: str
    is_administrator: bool = False
    flow: Flow = field(default_factory=Flow)
    environments: frozenset[str] | None = None
    tenant_id: str = ""
    token: str = field(default="", repr=False)

    def may_touch(self, subscription: Subscription) -> bool:
        """Whether a subscription is this caller's to see, end and replay."""
        return self.is_administrator or subscription.owner == self.owner

    def may_ask_about(self, environment_id: str) -> bool:
        """Whether nothing on our side speaks against an environment."""
        return self.environments is None or bool(self.environments & {environment_id.lower(), EVERY})


def flow_of(headers: Mapping[str, str]) -> Flow:
    """The flow that Power Automate or Logic Apps names in its headers (docs/subscribing.md lists them)."""
    found = {name.lower(): value for name, value in headers.items()}

    def header(name: str) -> str:
        value = found.get(name, "").strip()
        return value if value.isprintable() and len(value) <= _LONGEST else ""

    place = header("x-ms-environment-id") or "/".join(
        filter(None, (header("x-ms-workflow-subscription-id"), header("x-ms-workflow-resourcegroup-name")))
    )
    step = "/".join(filter(None, (header("x-ms-workflow-run-id"), header("x-ms-workflow-operation-name"))))
    return Flow(header("x-ms-workflow-name"), place, step)


def flow_key(caller: Caller, trigger: Trigger, order: Mapping[str, object]) -> str:
    """What is the same for every subscription that takes the place of an earlier one.

    A flow has one subscription to a trigger. A caller that names no flow repeats itself only with the same `order`:
    the same environment, callback and filters.
    """
    flow = caller.flow
    parts: list[object] = [caller.owner, trigger, flow.environment, flow.name, flow.step]
    return f"flow-{_digest(parts if flow.name else [*parts, order])}"


def polling_id(caller: Caller, environment_id: str, trigger: Trigger, fields: Mapping[str, object]) -> str:
    """The id of the subscription that all polls of an owner for the same events share."""
    return f"{environment_id}.poll-{_digest([caller.owner, trigger, fields])[:40]}"


def callback_key(digest: str) -> str:
    """What a subscription can be found by when its callback URL is all that is known."""
    return f"callback-{digest}"


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
