"""What people see of subscriptions, deliveries, messages and everything else: no secret, nothing that is absent."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shared.domain.catalog import Entity, Partition
from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.subscriptions import Subscription

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Shown = Mapping[str, object]
_HUMP = re.compile(r"[A-Z]")


def shown_subscription(subscription: Subscription) -> Shown:
    """A subscription: whose it is, what it wants, where it goes (host and a short hash), and how that went."""
    health, flow = subscription.health, subscription.flow
    return _present(
        {
            "id": subscription.id,
            "environmentId": subscription.environment_id,
            "trigger": str(subscription.trigger),
            "kind": "polling" if subscription.polls else "webhook",
            "label": subscription.label,
            "owner": subscription.owner,
            "flow": _present({"name": flow.name, "environment": flow.environment}),
            "filters": dict(subscription.fields),
            "batch": subscription.batch or None,
            "callback": subscription.callback_shown,
            "state": str(subscription.state),
            "problem": subscription.problem,
            "stateSince": subscription.state_since,
            "createdAt": subscription.created_at,
            "replacedBy": subscription.replaced_by,
            "lastPolledAt": subscription.polled_at,
            "delivered": None if subscription.polls else health.delivered,
            "failedAttempts": None if subscription.polls else health.failed,
            "failuresInARow": health.failures or None,
            "lastSuccessAt": health.last_success_at,
            "lastRunId": health.last_run_id,
            "lastErrorAt": health.last_failure_at,
            "lastErrorReason": health.last_reason,
            "leftAloneUntil": health.open_until,
        }
    )


def shown_delivery(dead: DeadDelivery) -> Shown:
    """A dead delivery."""
    event = dead.event
    return _present(
        {
            "id": dead.id,
            "environmentId": dead.environment_id,
            "subscriptionId": dead.subscription_id,
            "eventId": event.id,
            "type": event.type,
            "subject": event.subject,
            "time": event.time,
            "summary": event.data.get("summary"),
            "reason": dead.reason,
            "attempts": dead.attempts,
            "diedAt": dead.died_at,
        }
    )


def shown_message(message: PoisonMessage) -> Shown:
    """A message that nobody could handle."""
    return {"id": message.id, "queue": message.queue, "bytes": len(message.body), "diedAt": message.died_at}


def shown_entity(entity: Entity) -> Shown:
    """An entity in a list."""
    return _present(
        {
            "name": entity.name,
            "displayName": entity.display_name,
            "type": entity.type,
            "dataSourceName": entity.data_source_name,
            "refreshedAt": entity.refreshed_at,
            "columns": len(entity.attributes),
            "partitions": len(entity.partitions),
        }
    )


def shown_partition(partition: Partition) -> Shown:
    """A partition, without its location: that may be signed."""
    return _present({"name": partition.name, "refreshedAt": partition.refreshed_at, "hasHeader": partition.has_header})


def shown_fields(thing: "DataclassInstance") -> Shown:
    """A dataclass as JSON shows it: names in camelCase, nothing that has no value."""
    parts = ((field.name, getattr(thing, field.name)) for field in fields(thing))
    return {_camel(name): shown(part) for name, part in parts if part is not None and part not in ("", {})}


def shown(value: object) -> object:
    """A value as JSON shows it, dataclasses in it too."""
    if is_dataclass(value) and not isinstance(value, type):
        return shown_fields(value)
    return [shown(part) for part in value] if isinstance(value, tuple) else value


def spaced(word: str) -> str:
    """A word of the API as people write it: `derivedEntity` is Derived entity."""
    return _HUMP.sub(lambda hump: f" {hump[0].lower()}", word).capitalize()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _present(fields: Mapping[str, object | datetime | None]) -> Shown:
    return {name: value for name, value in fields.items() if value not in (None, "", {})}
