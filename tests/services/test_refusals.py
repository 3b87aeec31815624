"""What does a caller read when something is not there or cannot be done? The words, and the reason as a code."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from shared.adapters.memory import MemoryInsights
from shared.domain.asking import ItemQuery
from shared.domain.callers import Caller
from shared.domain.catalog import Entity
from shared.domain.deliveries import DeadDelivery, PoisonMessage
from shared.domain.subscriptions import Filters, SubscriptionState, Trigger
from shared.domain.watches import Series
from shared.errors import (
    Conflict,
    Forbidden,
    InsightsError,
    InsightsNotFound,
    InsightsRejected,
    NotFound,
    RequestInvalid,
    SignalsError,
)
from shared.services.act import require_reader
from shared.services.admission import require_environment, require_names
from shared.services.environment_status import environment_status
from shared.services.list_dead import list_dead
from shared.services.list_subscriptions import list_subscriptions
from shared.services.read_items import read_item
from shared.services.read_partition import read_partition
from shared.services.replay_delivery import replay_delivery
from shared.services.replay_subscription import replay_subscription
from shared.services.rotate_secret import rotate_secret
from shared.services.status_report import status_report
from shared.services.unsubscribe import unsubscribe_flow
from tests.factories import ENVIRONMENT, START, measure, output, threshold
from tests.services.stage import ADMINISTRATOR, MAKER, OTHER, Stage, standing_order
from tests.services.test_fan_out import refresh

ELSEWHERE = "e0e0e0e0-0000-4000-8000-000000000002"
ORDER = standing_order("one")
ENDED = standing_order("ended", state=SubscriptionState.ENDED)
POLLING = replace(standing_order("poll"), callback_url="", polled_at=START)
ABROAD = standing_order("abroad", environment_id=ELSEWHERE)
OVERDUE = standing_order("overdue", Trigger.OVERDUE)
DEAD = DeadDelivery(ENVIRONMENT, ENDED.id, refresh(1), "gone", 1, START)
GONE = DeadDelivery(ENVIRONMENT, "gone", refresh(1), "gone", 1, START)
NO_TEXT = PoisonMessage("poison-1", "q", b"\xff", START)
NOT_CALLED = "It is not called: it has ended, was replaced, or polls."
NO_SUBSCRIPTION = "There is no subscription of that id."
ROLELESS = "Customer Insights knows no environment of that id, or you have no role there."
APPLICATION = Caller("app", environments=frozenset())


Refused = tuple[Callable[[Stage], Awaitable[object]], type[SignalsError], str, str]
NOT_FOUND, UNKNOWN_NAME = "not_found", "unknown_name"
REFUSALS: Mapping[str, Refused] = {
    "an unknown trigger": (
        lambda stage: unsubscribe_flow(stage.ports, "x", MAKER),
        NotFound,
        f"There is no trigger of that name; there are {', '.join(Trigger)}.",
        NOT_FOUND,
    ),
    "no flow": (
        lambda stage: unsubscribe_flow(stage.ports, Trigger.OVERDUE, MAKER),
        RequestInvalid,
        "trigger: says nothing without an x-ms-workflow-name header; send the callbackUrl instead",
        "request_invalid",
    ),
    "an unlisted environment": (
        lambda stage: require_reader(stage.ports, APPLICATION, ENVIRONMENT),
        Forbidden,
        "This environment is not listed for the calling application; an administrator lists it in the setting "
        "APPLICATION_ENVIRONMENTS__<client id>.",
        "environment_not_listed",
    ),
    "no role": (lambda stage: require_reader(stage.ports, OTHER, ENVIRONMENT), NotFound, ROLELESS, NOT_FOUND),
    "no polls yet": (
        lambda stage: environment_status(stage.ports, ADMINISTRATOR, ENVIRONMENT),
        NotFound,
        "This environment has not been polled yet.",
        NOT_FOUND,
    ),
    "a state": (
        lambda stage: list_subscriptions(stage.ports, MAKER, environment_id=None, state="x", after="", top=1),
        RequestInvalid,
        f"state: must be one of {', '.join(SubscriptionState)}",
        "request_invalid",
    ),
    "somebody's dead": (
        lambda stage: list_dead(stage.ports, OTHER, environment_id=None, subscription_id=ORDER.id, after="", top=1),
        NotFound,
        NO_SUBSCRIPTION,
        NOT_FOUND,
    ),
    "somebody's secret": (
        lambda stage: rotate_secret(stage.ports, ORDER.id, OTHER),
        NotFound,
        NO_SUBSCRIPTION,
        NOT_FOUND,
    ),
    "a secret of one that ended": (
        lambda stage: rotate_secret(stage.ports, ENDED.id, MAKER),
        Conflict,
        NOT_CALLED,
        "not_called",
    ),
    "a secret of one that polls": (
        lambda stage: rotate_secret(stage.ports, POLLING.id, MAKER),
        Conflict,
        NOT_CALLED,
        "not_called",
    ),
    "events for one that ended": (lambda stage: again(stage, ENDED.id), Conflict, NOT_CALLED, "not_called"),
    "events for one that polls": (lambda stage: again(stage, POLLING.id), Conflict, NOT_CALLED, "not_called"),
    "an unknown dead delivery": (
        lambda stage: replay_delivery(stage.ports, "x", ADMINISTRATOR),
        NotFound,
        "There is no dead delivery of that id.",
        NOT_FOUND,
    ),
    "somebody's dead delivery": (
        lambda stage: replay_delivery(stage.ports, DEAD.id, OTHER),
        NotFound,
        "There is no dead delivery of that id.",
        NOT_FOUND,
    ),
    "a message for its administrator": (
        lambda stage: replay_delivery(stage.ports, NO_TEXT.id, MAKER),
        NotFound,
        "There is no dead delivery of that id.",
        NOT_FOUND,
    ),
    "a message that is no text": (
        lambda stage: replay_delivery(stage.ports, NO_TEXT.id, ADMINISTRATOR),
        Conflict,
        "The message is no text; nothing could read it again either.",
        "not_text",
    ),
    "a dead delivery of one that ended": (
        lambda stage: replay_delivery(stage.ports, DEAD.id, MAKER),
        Conflict,
        "Its subscription has ended. Switch the flow on again and name the new one: subscriptionId.",
        "subscription_ended",
    ),
    "a dead delivery of one that is gone": (
        lambda stage: replay_delivery(stage.ports, GONE.id, ADMINISTRATOR),
        Conflict,
        "Its subscription has ended. Switch the flow on again and name the new one: subscriptionId.",
        "subscription_ended",
    ),
    "a dead delivery for one that polls": (
        lambda stage: replay_delivery(stage.ports, DEAD.id, MAKER, POLLING.id),
        Conflict,
        "Its subscription has ended. Switch the flow on again and name the new one: subscriptionId.",
        "subscription_ended",
    ),
    "a dead delivery for elsewhere": (
        lambda stage: replay_delivery(stage.ports, DEAD.id, MAKER, ABROAD.id),
        Conflict,
        "That subscription is about another environment.",
        "other_environment",
    ),
    "a dead delivery for another trigger": (
        lambda stage: replay_delivery(stage.ports, DEAD.id, MAKER, OVERDUE.id),
        Conflict,
        "That subscription is to data-source-overdue, which has no such events.",
        "other_trigger",
    ),
    "a report": (
        lambda stage: status_report(stage.actions, ENVIRONMENT, "x", START),
        RequestInvalid,
        "reportType: must be one of environment, refresh, unification, segments, measures",
        "request_invalid",
    ),
    "an item": (
        lambda stage: read_item(stage.actions, ENVIRONMENT, "E", ItemQuery()),
        NotFound,
        "There is no item of that id.",
        "item_not_found",
    ),
    "a partition": (
        lambda stage: read_partition(stage.ports, MAKER, stage.actions, (ENVIRONMENT, "E", "p"), start=0, length=1),
        NotFound,
        "The entity has no partition of that name.",
        "partition_not_found",
    ),
    "an environment that is not there": (
        lambda stage: require_environment(failing(stage, InsightsNotFound()).ports, ENVIRONMENT),
        NotFound,
        "Customer Insights knows no environment of that id.",
        NOT_FOUND,
    ),
    "a segment": (
        lambda stage: named_one(stage, Series("segments", "S")),
        RequestInvalid,
        "segmentName: Customer Insights has no segment of that unique name; case counts",
        UNKNOWN_NAME,
    ),
    "a measure": (
        lambda stage: named_one(stage, Series("measures", "Gone", "Total")),
        RequestInvalid,
        "measureName: Customer Insights has no measure of that unique name; case counts",
        UNKNOWN_NAME,
    ),
    "a data source": (
        lambda stage: require_names(unnamed(stage).ports, ENVIRONMENT, Filters(data_source_id="Orders")),
        RequestInvalid,
        "dataSourceId: Customer Insights has no data source of that id; it is not the source's name",
        UNKNOWN_NAME,
    ),
    "an alias": (
        lambda stage: named_one(stage, Series("measures", "M", "Total")),
        RequestInvalid,
        f"alias: the measure has no such calculation; it has {', '.join(f'a{n:02}' for n in range(20))}",
        UNKNOWN_NAME,
    ),
    "dimensions": (
        lambda stage: named_one(stage, Series("measures", "M", "Total", (("City", "Oslo"),))),
        RequestInvalid,
        "dimensions: the measure is not broken down like that",
        UNKNOWN_NAME,
    ),
}


class Insights(MemoryInsights):
    """Breaks no measure down."""

    async def measure_row(
        self, environment_id: str, name: str, dimensions: Sequence[tuple[str, str]]
    ) -> Mapping[str, str]:
        raise InsightsRejected


def failing(stage: Stage, failure: InsightsError) -> Stage:
    """Customer Insights fails."""
    stage.insights.failure = failure
    return stage


def unnamed(stage: Stage) -> Stage:
    """Only the measure M is known."""
    stage.insights.names = {"M"}
    return stage


async def named_one(stage: Stage, series: Series) -> None:
    """Watch a segment or measure."""
    await require_names(unnamed(stage).ports, ENVIRONMENT, Filters(threshold=threshold(1, series=series)))


async def again(stage: Stage, subscription_id: str) -> object:
    """Replay everything."""
    return await replay_subscription(stage.ports, subscription_id, MAKER, since=START, until=START)


@pytest.mark.parametrize("what", REFUSALS)
async def test_a_refusal_says_why_in_words_and_as_a_code(what: str) -> None:
    stage = Stage(insights=Insights())
    stage.insights.measure_list = (
        measure(output(1, None, **{f"a{number:02}": "1" for number in range(21)}), name="M"),
    )
    stage.actions.entity_list = (Entity("E", "E"),)
    stage.actions.roles = {OTHER.owner: ()}
    for order in (ORDER, ENDED, POLLING, ABROAD, OVERDUE):
        await stage.subscriptions.save(order)
    await stage.dead.save(DEAD)
    await stage.dead.save(GONE)
    await stage.dead.save_message(NO_TEXT)
    call, error, words, reason = REFUSALS[what]
    with pytest.raises(error) as raised:
        await call(stage)
    assert (str(raised.value), raised.value.reason) == (words, reason)
    assert (list(stage.dead.rows), list(stage.dead.poison)) == ([DEAD.id, GONE.id], [NO_TEXT.id])
