"""What subscribing promises: a flow's order is checked, kept and soon looked at; a mistake is named with what to do."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from shared.adapters.memory import MemoryInsights
from shared.domain.callback_url import parse_callback_url
from shared.domain.callers import Caller
from shared.domain.subscriptions import Subscription, SubscriptionState, Trigger
from shared.errors import InsightsNotFound, InsightsUnavailable, NotFound, RequestInvalid
from shared.ports import PollRequest, Queue
from shared.services.subscribe import subscribe
from shared.services.unsubscribe import unsubscribe
from tests.factories import ENVIRONMENT, measure, output
from tests.services.stage import MAKER, Stage, callback

CALLBACK = callback("w-1")
PARSE = partial(parse_callback_url, allowed_suffixes=(".logic.azure.com",))
FILTERS: Mapping[Trigger, Mapping[str, Any]] = {
    Trigger.REFRESH_FAILED: {"dataSourceId": "ds-orders", "submission": "scheduled"},
    Trigger.REFRESH_SUCCEEDED: {},
    Trigger.SEGMENT_CROSSED: {"segmentName": "Loyal", "threshold": 100, "direction": "both"},
    Trigger.MEASURE_CROSSED: {"measureName": "Revenue", "alias": "total", "threshold": "1000000.50"},
    Trigger.FULL_REFRESH_COMPLETED: {"submission": "onDemand"},
    Trigger.UNIFICATION_COMPLETED: {},
    Trigger.PROCESS_ENDED: {"operationTypes": ["export"], "outcomes": ["skipped"]},
    Trigger.OVERDUE: {"withinHours": 24},
    Trigger.UNREACHABLE: {},
}


def body(trigger: Trigger, **changes: object) -> dict[str, object]:
    """What a flow sends; a change to None leaves the field out."""
    fields = {"environmentId": ENVIRONMENT, "callbackUrl": CALLBACK, **FILTERS[trigger], **changes}
    return {name: value for name, value in fields.items() if value is not None}


async def make(
    stage: Stage, trigger: str = Trigger.REFRESH_FAILED, caller: Caller = MAKER, **changes: object
) -> Subscription:
    """Subscribe."""
    known = Trigger(trigger) if trigger in list(Trigger) else Trigger.REFRESH_FAILED
    return await subscribe(stage.ports, trigger, body(known, **changes), caller, PARSE)


@pytest.mark.parametrize("trigger", list(Trigger))
async def test_every_trigger_can_be_subscribed_to(stage: Stage, trigger: Trigger) -> None:
    made = await make(stage, trigger, label="Tell sales")
    kept = await stage.subscriptions.find(made.id)
    assert kept == made
    assert (made.trigger, made.environment_id, made.label) == (trigger, ENVIRONMENT, "Tell sales")
    assert (made.callback_url, made.created_at) == (CALLBACK, stage.now)
    assert dict(made.fields) == FILTERS[trigger]


async def test_a_subscription_has_its_environment_looked_at_in_full(stage: Stage) -> None:
    """So that a new rule is watched from now on, not from the next full look."""
    await make(stage)
    polls = stage.queues.take(Queue.POLLS)
    assert polls is not None
    assert await stage.queues.read_polls(polls) == PollRequest((ENVIRONMENT,), asked_at=stage.now)


async def test_ids_cannot_be_guessed_and_differ(stage: Stage) -> None:
    made = {(await make(stage)).id for _ in range(20)}
    assert len(made) == 20
    assert min(len(one.removeprefix(ENVIRONMENT)) for one in made) > 30


async def test_a_subscription_never_shows_its_callback_url(stage: Stage) -> None:
    made = await make(stage)
    secret = CALLBACK.rpartition("=")[2]  # "sig" alone may stand in its random id
    assert len(secret) > 5
    assert not [shown for shown in ("sig=", secret, CALLBACK) if shown in repr(made)]


@pytest.mark.parametrize(
    ("trigger", "changes", "field"),
    [
        (Trigger.REFRESH_FAILED, {"environmentId": None}, "environmentId"),
        (Trigger.REFRESH_FAILED, {"environmentId": "../other"}, "environmentId"),
        (Trigger.REFRESH_FAILED, {"environmentId": 7}, "environmentId"),
        (Trigger.REFRESH_FAILED, {"callbackUrl": None}, "callbackUrl"),
        (Trigger.REFRESH_FAILED, {"callbackUrl": "http://prod.logic.azure.com/w?sig=1"}, "callbackUrl"),
        (Trigger.REFRESH_FAILED, {"callbackUrl": "https://evil.example/w?sig=1"}, "callbackUrl"),
        (Trigger.REFRESH_FAILED, {"callbackUrl": "https://127.0.0.1/w?sig=1"}, "callbackUrl"),
        (Trigger.REFRESH_FAILED, {"submission": "sometimes"}, "submission"),
        (Trigger.REFRESH_FAILED, {"threshold": 5}, "threshold"),
        (Trigger.SEGMENT_CROSSED, {"segmentName": None}, "segmentName"),
        (Trigger.SEGMENT_CROSSED, {"threshold": None}, "threshold"),
        (Trigger.SEGMENT_CROSSED, {"threshold": "many"}, "threshold"),
        (Trigger.SEGMENT_CROSSED, {"direction": "sideways"}, "direction"),
        (Trigger.MEASURE_CROSSED, {"alias": None}, "alias"),
        (Trigger.MEASURE_CROSSED, {"dimensions": ["NO"]}, "dimensions"),
        (Trigger.OVERDUE, {"withinHours": 0}, "withinHours"),
        (Trigger.PROCESS_ENDED, {"outcomes": [1]}, "outcomes"),
    ],
)
async def test_a_mistake_is_named_by_its_field_and_nothing_is_kept(
    stage: Stage, trigger: Trigger, changes: Mapping[str, Any], field: str
) -> None:
    with pytest.raises(RequestInvalid) as mistake:
        await make(stage, trigger, **changes)
    assert mistake.value.field == field
    assert len(str(mistake.value).splitlines()) == 1
    assert (stage.subscriptions.rows, stage.insights.calls) == ({}, [])
    assert not stage.queues.messages[Queue.POLLS]


async def test_a_refused_callback_url_is_not_in_the_error(stage: Stage) -> None:
    with pytest.raises(RequestInvalid) as mistake:
        await make(stage, callbackUrl="https://evil.example/workflows/w?sig=very-secret")
    assert "very-secret" not in str(mistake.value)
    assert mistake.value.__suppress_context__


@pytest.mark.parametrize("sent", [None, [], "text", 7])
async def test_a_body_that_is_no_object_is_refused(stage: Stage, sent: object) -> None:
    with pytest.raises(RequestInvalid):
        await subscribe(stage.ports, Trigger.REFRESH_FAILED, sent, MAKER, PARSE)


async def test_an_unknown_trigger_is_answered_with_those_there_are(stage: Stage) -> None:
    with pytest.raises(NotFound, match="segment-threshold-crossed"):
        await make(stage, "when-pigs-fly")


async def test_an_environment_that_customer_insights_does_not_know_is_refused(stage: Stage) -> None:
    stage.insights.failure = InsightsNotFound()
    with pytest.raises(NotFound):
        await make(stage)
    assert stage.subscriptions.rows == {}
    assert stage.insights.calls == ["jobs 1"]


async def test_an_environment_that_cannot_be_asked_is_not_taken_for_unknown(stage: Stage) -> None:
    stage.insights.failure = InsightsUnavailable()
    with pytest.raises(InsightsUnavailable):
        await make(stage)


async def test_an_environment_that_is_watched_is_not_asked_again(stage: Stage) -> None:
    """Its outage does not keep anybody from subscribing."""
    await stage.baseline()
    stage.insights.failure = InsightsUnavailable()
    await make(stage)
    assert "jobs 1" not in stage.insights.calls


async def test_unsubscribing_takes_away_one_subscription_and_is_no_error_when_repeated(stage: Stage) -> None:
    first, second = await make(stage), await make(stage, callbackUrl=callback("w-2"))
    for _ in range(2):
        await unsubscribe(stage.ports, first.id, MAKER)
    live = [one.id for one in stage.subscriptions.rows.values() if one.is_live]
    assert (live, stage.subscriptions.rows[first.id].state) == ([second.id], SubscriptionState.UNSUBSCRIBED)


@pytest.mark.parametrize("unknown", ["", "nothing", "a.b", f"{ENVIRONMENT}.x", "../../x"])
async def test_unsubscribing_something_unknown_is_no_error(stage: Stage, unknown: str) -> None:
    made = await make(stage)
    await unsubscribe(stage.ports, unknown, MAKER)
    assert list(stage.subscriptions.rows) == [made.id]


NAMED = [
    (Trigger.REFRESH_FAILED, {"dataSourceId": "ds-orders"}, "dataSourceId", "data source"),
    (Trigger.PROCESS_ENDED, {}, None, None),
    (Trigger.SEGMENT_CROSSED, {"segmentName": "Loyal"}, "segmentName", "segment"),
    (Trigger.MEASURE_CROSSED, {"measureName": "Revenue"}, "measureName", "measure"),
    (Trigger.OVERDUE, {"dataSourceId": "ds-orders"}, "dataSourceId", "data source"),
    (Trigger.OVERDUE, {}, None, None),
]


@pytest.mark.parametrize(("trigger", "changes", "field", "kind"), NAMED)
async def test_what_a_subscription_names_has_to_be_there(
    stage: Stage, trigger: Trigger, changes: Mapping[str, Any], field: str | None, kind: str | None
) -> None:
    """A typing error would otherwise wait forever for an event."""
    stage.insights.names = {"something else"}
    if field is None:
        await make(stage, trigger, **changes)
        return
    with pytest.raises(RequestInvalid) as mistake:
        await make(stage, trigger, **changes)
    assert (mistake.value.field, mistake.value.reason) == (field, "unknown_name")
    assert str(kind) in mistake.value.problem
    assert stage.subscriptions.rows == {}


async def test_a_name_that_cannot_be_looked_up_is_taken(stage: Stage) -> None:
    """A flow that is switched on during an outage must not be left without its trigger."""
    await stage.baseline()
    stage.insights.names, stage.insights.failure = set(), InsightsUnavailable()
    made = await make(stage, Trigger.SEGMENT_CROSSED)
    assert stage.subscriptions.rows == {made.id: made}
    assert stage.insights.calls == ["knows segment Loyal"]


REVENUE = measure(output(1, total="5", orders="2"))


async def test_a_measure_has_to_have_the_calculation(stage: Stage) -> None:
    """As far as it tells: one that was never evaluated does not."""
    stage.insights.measure_list = (REVENUE,)
    with pytest.raises(RequestInvalid) as mistake:
        await make(stage, Trigger.MEASURE_CROSSED, alias="Total")
    assert (mistake.value.field, mistake.value.problem) == (
        "alias",
        "the measure has no such calculation; it has orders, total",
    )
    await make(stage, Trigger.MEASURE_CROSSED)
    stage.insights.measure_list = (measure(),)
    await make(stage, Trigger.MEASURE_CROSSED, alias="Total")


async def test_a_row_of_a_measure_has_to_have_the_calculation(stage: Stage) -> None:
    """A row that is not there may come; a measure that is not broken down has none."""
    stage.insights.measure_list = (REVENUE,)
    stage.insights.measure_rows = {("Revenue", (("Country", "NO"),)): {"total": "5"}}
    with pytest.raises(RequestInvalid) as mistake:
        await make(stage, Trigger.MEASURE_CROSSED, alias="sum", dimensions={"Country": "NO"})
    assert mistake.value.field == "alias"
    await make(stage, Trigger.MEASURE_CROSSED, dimensions={"Country": "NO"})
    await make(stage, Trigger.MEASURE_CROSSED, alias="sum", dimensions={"Country": "SE"})
    stage.insights = NotBrokenDown()
    with pytest.raises(RequestInvalid) as mistake:
        await make(stage, Trigger.MEASURE_CROSSED, dimensions={"Country": "NO"})
    assert (mistake.value.field, mistake.value.reason) == ("dimensions", "unknown_name")


class NotBrokenDown(MemoryInsights):
    """Its measure has no rows at all."""

    async def measure_row(
        self, environment_id: str, name: str, dimensions: Sequence[tuple[str, str]]
    ) -> Mapping[str, str]:
        raise InsightsNotFound


async def test_every_subscription_has_a_signing_secret_of_its_own_that_nothing_shows(stage: Stage) -> None:
    made = [await make(stage, callbackUrl=callback(f"w-{number}")) for number in range(5)]
    secrets = {secret.secret for one in made for secret in one.signing_secrets}
    assert len(secrets) == 5
    assert not any(secret in repr(made) for secret in secrets)


@pytest.mark.parametrize("wrong", ["true", 1, "yes", []])
async def test_a_list_is_asked_for_with_true_or_false_only(stage: Stage, wrong: object) -> None:
    assert not (await make(stage)).batch
    assert (await make(stage, batch=True)).batch
    with pytest.raises(RequestInvalid) as mistake:
        await make(stage, batch=wrong)
    assert mistake.value.field == "batch"
