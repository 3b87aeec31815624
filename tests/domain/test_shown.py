"""What people see of things: each field by its name, and nothing that is absent."""

from dataclasses import replace
from datetime import timedelta

from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.outcomes import TaskOutcome
from shared.domain.shown import shown, shown_delivery, shown_fields, shown_message, shown_subscription
from shared.domain.subscriptions import Flow, Health, SubscriptionState
from tests.factories import ENVIRONMENT, START, subscription
from tests.services.test_fan_out import refresh

HOURS = [START + timedelta(hours=number) for number in range(8)]
HEALTH = Health(
    delivered=5,
    failed=4,
    failures=3,
    last_success_at=HOURS[3],
    last_run_id="run",
    last_failure_at=HOURS[4],
    last_reason="http_503",
    open_until=HOURS[5],
)
BARE = subscription()
WHOLE = replace(
    BARE,
    fields={"dataSourceId": "ds"},
    label="Tell sales",
    state=SubscriptionState.SUSPENDED,
    state_since=HOURS[1],
    owner="me",
    flow=Flow("5f0c", "Default-1", "step"),
    callback_shown="host (...abc)",
    batch=True,
    replaced_by="s-2",
    problem="unreadable",
    health=HEALTH,
)
SHOWN = {
    "id": "sub-1",
    "environmentId": ENVIRONMENT,
    "trigger": "data-source-refresh-failed",
    "kind": "webhook",
    "label": "Tell sales",
    "owner": "me",
    "flow": {"name": "5f0c", "environment": "Default-1"},
    "filters": {"dataSourceId": "ds"},
    "batch": True,
    "callback": "host (...abc)",
    "state": "suspended",
    "problem": "unreadable",
    "stateSince": HOURS[1],
    "createdAt": START,
    "replacedBy": "s-2",
    "delivered": 5,
    "failedAttempts": 4,
    "failuresInARow": 3,
    "lastSuccessAt": HOURS[3],
    "lastRunId": "run",
    "lastErrorAt": HOURS[4],
    "lastErrorReason": "http_503",
    "leftAloneUntil": HOURS[5],
}


def test_a_subscription_is_shown_with_whose_it_is_and_how_it_went() -> None:
    assert shown_subscription(WHOLE) == SHOWN
    assert "secret" not in repr(shown_subscription(WHOLE))


def test_what_a_subscription_does_not_have_is_not_shown() -> None:
    """But how many deliveries there were: none is told too."""
    assert shown_subscription(BARE) == {
        "id": "sub-1",
        "environmentId": ENVIRONMENT,
        "trigger": "data-source-refresh-failed",
        "kind": "webhook",
        "state": "active",
        "createdAt": START,
        "delivered": 0,
        "failedAttempts": 0,
    }


def test_of_one_that_polls_it_is_shown_when_and_of_no_deliveries() -> None:
    polling = replace(BARE, callback_url="", polled_at=HOURS[2])
    assert shown_subscription(polling) == {
        "id": "sub-1",
        "environmentId": ENVIRONMENT,
        "trigger": "data-source-refresh-failed",
        "kind": "polling",
        "state": "active",
        "createdAt": START,
        "lastPolledAt": HOURS[2],
    }


def test_a_dead_delivery_is_shown_with_its_event_and_why() -> None:
    event = replace(refresh(1), data={"summary": "Orders failed."})
    assert shown_delivery(DeadDelivery(ENVIRONMENT, "s-1", event, "gone", 3, HOURS[1])) == {
        "id": f"s-1.{event.id}",
        "environmentId": ENVIRONMENT,
        "subscriptionId": "s-1",
        "eventId": event.id,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "summary": "Orders failed.",
        "reason": "gone",
        "attempts": 3,
        "diedAt": HOURS[1],
    }


def test_a_message_is_shown_by_its_size() -> None:
    assert shown_message(PoisonMessage("m", "polls", b"abc", START)) == {
        "id": "m",
        "queue": "polls",
        "bytes": 3,
        "diedAt": START,
    }


def test_a_dataclass_is_shown_in_camel_case_with_what_is_in_it() -> None:
    task = TaskOutcome("Orders", "ingestion", "failed", None, ("too wide",))
    assert shown_fields(task) == {
        "name": "Orders",
        "operationType": "ingestion",
        "status": "failed",
        "errors": ["too wide"],
    }
    assert shown((task, "a")) == [shown_fields(task), "a"]
    assert shown(TaskOutcome) is TaskOutcome
