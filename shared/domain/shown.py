"""What people see of subscriptions, deliveries, messages and reports: no secret, nothing that is absent."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime

from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.reports import Report
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


def shown_report(report: Report) -> Shown:
    """A report's head and its rows."""
    return {
        "environmentId": report.environment_id,
        "reportType": str(report.report_type),
        "title": report.title,
        "summary": report.summary,
        "healthy": report.healthy,
        "generatedAt": report.generated_at,
        "sections": [shown(section) for section in report.sections],
    }


def shown(value: object) -> object:
    """A dataclass as JSON shows it: names in camelCase, nothing that has no value."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {_camel(name): shown(part) for name, part in parts if part is not None and part not in ("", {})}
    return [shown(part) for part in value] if isinstance(value, tuple) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _present(fields: Mapping[str, object | datetime | None]) -> Shown:
    return {name: value for name, value in fields.items() if value not in (None, "", {})}
