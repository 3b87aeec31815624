"""Is each number told where the thing happens, once, and with the attributes that the metric has?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters import insights_http
from shared.adapters.api_calls import ApiCalls
from shared.adapters.insights_http import InsightsHttp
from shared.adapters.memory_telemetry import MemoryTelemetry
from shared.domain import metrics
from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import Answer, PoisonMessage, Verdict
from shared.domain.events import EventType, NumberedEvent
from shared.domain.metrics import METRICS, Kind, Metric
from shared.domain.subscriptions import SubscriptionState
from shared.errors import CheckpointConflict, DeliveryFailed, InsightsRefused, InsightsUnavailable
from shared.ports import Queue
from shared.services.count_subscriptions import count_subscriptions
from shared.services.deliver import deliver
from shared.services.drain_poison import drain_poison
from shared.services.note_poll import note_events
from shared.services.replay_delivery import replay_delivery
from shared.services.replay_subscription import replay_subscription
from tests.adapters.loopback import serving
from tests.adapters.test_insights_http import cut
from tests.factories import ENVIRONMENT, at
from tests.feed import happened
from tests.services.delivering import EVENTS, LAST_ATTEMPT, OFF, PACE, batch_for, identity, order_for
from tests.services.pump import Pump
from tests.services.stage import MAKER, Stage, failed_refresh, standing_order
from tests.telemetry.told import Told

FAILED = str(EventType.REFRESH_FAILED)


def told_once(stage: Stage, metric: Metric) -> tuple[float, dict[str, str]]:
    """The only number of a metric, and its attributes."""
    ((_, amount, attributes),) = [one for one in stage.telemetry.numbers if one[0] == metric.name]
    return amount, attributes


def outcomes(stage: Stage) -> dict[str, float]:
    """Deliveries by outcome."""
    found = {name: stage.telemetry.total(metrics.DELIVERIES, outcome=name) for name in metrics.DELIVERY_OUTCOMES}
    return {name: count for name, count in found.items() if count}


async def test_an_idle_poll_is_told_as_one_that_was_good(stage: Stage) -> None:
    await stage.baseline()
    stage.telemetry.numbers.clear()
    await stage.poll()
    told = {"environment": ENVIRONMENT, "outcome": "ok", "reason": ""}
    assert told_once(stage, metrics.POLLS) == (1, told)
    assert told_once(stage, metrics.HEARTBEAT_AGE) == (0, {"environment": ENVIRONMENT})
    assert len(stage.telemetry.numbers) == 2
    assert (len(stage.insights.calls), stage.checkpoints.reads, stage.checkpoints.writes) == (1, 1, 0)


@pytest.mark.parametrize("failure", [InsightsUnavailable(), InsightsRefused(reason="insights_401")])
async def test_a_poll_that_failed_is_told_with_its_reason_and_the_age_of_the_last_good_one(
    stage: Stage, failure: InsightsUnavailable
) -> None:
    await stage.baseline()
    stage.insights.failure = failure
    stage.wait(minutes=19)
    stage.telemetry.numbers.clear()
    await stage.poll()
    told = {"environment": ENVIRONMENT, "outcome": "failed", "reason": failure.reason}
    assert told_once(stage, metrics.POLLS) == (1, told)
    assert told_once(stage, metrics.HEARTBEAT_AGE) == (20 * 60, {"environment": ENVIRONMENT})


async def test_an_environment_that_was_never_read_is_as_old_as_its_failures(stage: Stage) -> None:
    stage.insights.failure = InsightsUnavailable()
    for _ in range(3):
        await stage.poll()
        stage.wait(minutes=5)
    assert stage.telemetry.amounts(metrics.HEARTBEAT_AGE) == [0, 300, 600]


async def test_a_poll_that_lost_its_race_is_told_as_left_to_the_other_and_its_events_are_not(stage: Stage) -> None:
    class Beaten(type(stage.checkpoints)):  # type: ignore[misc]
        async def write(self, *_: object) -> str:
            raise CheckpointConflict

    await stage.baseline()
    stage.telemetry.numbers.clear()
    stage.insights.listed = (failed_refresh(),)
    beaten = Beaten()
    beaten.documents = stage.checkpoints.documents
    stage.checkpoints = beaten
    await stage.poll()
    told = {"environment": ENVIRONMENT, "outcome": "left_to_other", "reason": ""}
    assert stage.telemetry.numbers == [(metrics.POLLS.name, 1, told)]


async def test_events_and_their_lag_are_told_when_they_are_committed_once(stage: Stage) -> None:
    """Also when they are handed on again after a crash."""
    await stage.baseline()
    stage.insights.listed = (failed_refresh(),)
    outcome = await stage.poll()
    assert outcome.events == 2
    types = {event.type for event in await stage.logged()}
    for kind in types:
        assert stage.telemetry.total(metrics.EVENTS, environment=ENVIRONMENT, type=kind) == 1
    lags = stage.telemetry.amounts(metrics.DETECTION_LAG, type=FAILED)
    (event,) = [one for one in await stage.logged() if one.type == FAILED]
    assert lags == [max(0.0, (stage.now - event.time).total_seconds())]
    await stage.rewrite(outbox=stage.state.outbox, committed_at=stage.now - timedelta(hours=1))
    await stage.poll()
    assert stage.telemetry.total(metrics.EVENTS) == 2


async def test_what_the_app_finds_out_by_itself_is_told_late_and_has_no_detection_lag(stage: Stage) -> None:
    await stage.baseline()
    stage.insights.failure = InsightsUnavailable()
    for _ in range(13):
        await stage.poll()
        stage.wait(minutes=1)
    stage.insights.failure = None
    await stage.poll()
    assert [event.type for event in await stage.logged()] == [EventType.UNREACHABLE, EventType.RECOVERED]
    assert (stage.telemetry.total(metrics.EVENTS), stage.telemetry.amounts(metrics.DETECTION_LAG)) == (2, [])


def test_every_event_of_the_source_has_a_detection_lag() -> None:
    telemetry = MemoryTelemetry()
    events = tuple(NumberedEvent(place, happened(place, kind)) for place, kind in enumerate(EventType))
    note_events(telemetry, ENVIRONMENT, EnvironmentState(outbox=events, committed_at=at(60)))
    told = {attributes["type"] for name, _, attributes in telemetry.numbers if name == metrics.DETECTION_LAG.name}
    assert told == set(metrics.DETECTION_LAG.attributes["type"])
    assert set(EventType) - told == {EventType.UNREACHABLE, EventType.RECOVERED, EventType.GAP}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], {"delivered": 2}),
        ([Answer(503)], {"retry": 1}),
        ([DeliveryFailed(reason="timeout")], {"retry": 1}),
        ([Answer(202), OFF], {"delivered": 1, "off": 1}),
        ([Answer(400)], {"refused": 1, "dead": 1, "delivered": 1}),
        ([Answer(404)], {"gone": 1, "dead": 2}),
    ],
)
async def test_deliveries_are_told_by_outcome_and_the_dead_besides(
    stage: Stage, answers: list[Answer | Exception], expected: dict[str, int]
) -> None:
    await order_for(stage, "one", *answers)
    await deliver(stage.ports, batch_for("one", count=2), PACE)
    assert outcomes(stage) == expected
    assert len(stage.dead.rows) == expected.get("dead", 0)


async def test_an_event_whose_attempts_are_used_up_is_told_as_dead(stage: Stage) -> None:
    """The answer of the last attempt is still that it should be tried again."""
    await order_for(stage, "one", Answer(503))
    await deliver(stage.ports, batch_for("one", count=1, attempt=LAST_ATTEMPT), PACE)
    assert outcomes(stage) == {"retry": 1, "dead": 1}


async def test_a_turn_is_told_at_once_however_many_events_it_had(stage: Stage) -> None:
    await order_for(stage, "one")
    await order_for(stage, "two")
    await deliver(stage.ports, batch_for("one", "two"), PACE)
    assert stage.telemetry.amounts(metrics.DELIVERIES) == [8]


async def test_the_delivery_lag_is_from_the_event_to_the_answer_of_each_that_was_delivered(stage: Stage) -> None:
    await order_for(stage, "one", Answer(202), Answer(503))
    stage.now = EVENTS[0].time + timedelta(minutes=30)
    await deliver(stage.ports, batch_for("one", count=2), PACE)
    assert stage.telemetry.amounts(metrics.DELIVERY_LAG) == [1800]


async def test_a_list_tells_the_lag_of_each_of_its_events(stage: Stage) -> None:
    await order_for(stage, "one", batch=True)
    stage.now = EVENTS[3].time
    await deliver(stage.ports, batch_for("one"), PACE)
    expected = [(stage.now - event.time).total_seconds() for event in EVENTS]
    assert stage.telemetry.amounts(metrics.DELIVERY_LAG) == expected


@pytest.mark.parametrize("batch", [False, True], ids=["one", "list"])
async def test_what_is_replayed_has_no_delivery_lag_at_whatever_attempt(stage: Stage, batch: bool) -> None:
    """It is late because it was asked for late: from the log, or from the dead."""
    pump = Pump(stage, stage.ports)
    await order_for(stage, "one", Answer(400), Answer(503), Answer(202), Answer(503), batch=batch)
    await deliver(stage.ports, batch_for("one", count=1), PACE)
    await stage.log.append(ENVIRONMENT, [NumberedEvent(1, EVENTS[0])])
    (dead,) = stage.dead.rows.values()
    await replay_delivery(stage.ports, dead.id, MAKER)
    await pump.run()
    await pump.finish()
    await replay_subscription(stage.ports, identity("one"), MAKER, since=at(-1), until=at(9))
    await pump.run()
    await pump.finish()
    assert outcomes(stage) == {"refused": 1, "dead": 1, "retry": 2, "delivered": 2}
    assert stage.telemetry.amounts(metrics.DELIVERY_LAG) == []


async def test_poison_is_told_by_the_queue_that_it_was_on(stage: Stage) -> None:
    for place, queue in enumerate((Queue.POLLS, Queue.DELIVERIES, Queue.DELIVERIES)):
        stage.queues.poisoned.append(PoisonMessage(str(place), queue.value, b"x", stage.now))
    assert await drain_poison(stage.ports) == 3
    found = {queue: stage.telemetry.total(metrics.POISON, queue=queue.value) for queue in Queue}
    assert {queue: count for queue, count in found.items() if count} == {Queue.POLLS: 1, Queue.DELIVERIES: 2}


async def test_subscriptions_are_counted_in_every_state_also_where_there_are_none(stage: Stage) -> None:
    """A state that is empty again must not stay at its last number. More than a page of them."""
    for number in range(1_001):
        await stage.subscriptions.save(standing_order(f"{number:04}"))
    await stage.subscriptions.save(replace(standing_order("off"), state=SubscriptionState.SUSPENDED))
    counts = await count_subscriptions(stage.ports)
    assert counts == {"active": 1_001, "suspended": 1, "ended": 0, "replaced": 0, "unsubscribed": 0}
    assert {told["state"]: count for _, count, told in stage.telemetry.numbers} == counts


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause before a call is tried again."""
    monkeypatch.setattr(insights_http._Retry, "get_backoff_time", lambda *_: 0)


@pytest.mark.usefixtures("hasty")
async def test_every_attempt_at_the_api_is_told_with_its_status() -> None:
    """A call that was throttled and then answered was throttled."""
    telemetry = MemoryTelemetry()
    async with serving() as api:
        api.answers.append(cut)
        api.answer(429, Retry_After="0")
        api.answer(200)
        http = InsightsHttp(api.url, calls=ApiCalls("application", telemetry))
        await http.send(http.request("GET", "/jobs", {}, {}))
        await http.close()
    assert [told for _, _, told in telemetry.numbers] == [
        {"caller": "application", "status": status} for status in ("none", "429", "200")
    ]
    assert [(span.name, span.status) for span in telemetry.spans] == [("api call", 200)]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_each_metric_is_an_instrument_of_its_kind(told: Told, metric: Metric) -> None:
    attributes = {name: (values or ("x",))[0] for name, values in metric.attributes.items()}
    for amount in (2, 3):
        told.telemetry.record(metric, amount, **attributes)
    expected = {Kind.COUNTER: (5, 1), Kind.GAUGE: (3, 1), Kind.HISTOGRAM: (5, 2)}[metric.kind]
    assert told.points()[metric.name] == [(attributes, *expected)]


def test_the_outcomes_of_deliveries_hold_every_verdict() -> None:
    assert set(metrics.DELIVERY_OUTCOMES) > set(map(str, Verdict))


def test_the_names_of_metrics_are_those_that_alerts_are_written_for() -> None:
    assert [metric.name for metric in METRICS] == [
        "signals.polls",
        "signals.heartbeat.age",
        "signals.api.calls",
        "signals.events",
        "signals.detection.lag",
        "signals.deliveries",
        "signals.delivery.lag",
        "signals.poison",
        "signals.subscriptions",
    ]


@pytest.mark.parametrize(
    "attributes",
    [{}, {"outcome": "lost"}, {"outcome": ""}, {"outcome": "dead", "label": "mine"}, {"verdict": "dead"}],
)
def test_telemetry_in_memory_takes_no_attribute_that_the_metric_has_not(attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"signals\.deliveries"):
        MemoryTelemetry().record(metrics.DELIVERIES, 1, **attributes)
