"""What people see of subscriptions, deliveries and messages: no secret, nothing that is absent."""

from collections.abc import Mapping
from datetime import datetime

from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.subscriptions import Subscription

Shown = Mapping[str, object]


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


def _present(fields: Mapping[str, object | datetime | None]) -> Shown:
    return {name: value for name, value in fields.items() if value not in (None, "", {})}
