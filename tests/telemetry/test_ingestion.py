"""Does what the app tells reach Azure Monitor's ingestion endpoint, with a token, and does nothing else leave?"""

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from opentelemetry import context

from shared import bootstrap
from shared.adapters.azure_monitor import _METRICS_MILLISECONDS, AzureMonitor
from shared.domain.metrics import HEARTBEAT_AGE, METRICS, POLLS
from shared.observability import RedactingFilter, redact
from shared.telemetry import Silent, SpanName
from tests.functions.support import VARIABLES
from tests.telemetry.ingestion import KEY, Ingestion, taking

TELLING = {"action": "poll", "environment_id": "e"}


@dataclass(slots=True)
class StandIn:
    """A credential that gives a token, and notes what for."""

    scopes: list[str] = field(default_factory=list)
    closed: bool = False

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("stand-in", int(time.time()) + 3600)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def ingestion() -> Iterator[Ingestion]:
    with taking() as made:
        yield made


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ingestion]:
    """One with TLS, whose certificate this process trusts."""
    with taking(tmp_path) as made:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        yield made


def monitor(connection_string: str, credential: StandIn | None = None) -> AzureMonitor:
    """As the house makes it."""
    return AzureMonitor(connection_string, credential, role="signals", instance="one", clean=redact)


def tell(made: AzureMonitor) -> None:
    """A number of each kind, two steps and a record."""
    for metric in METRICS:
        made.telemetry.record(metric, 2, **{name: (values or ("x",))[0] for name, values in metric.attributes.items()})
    with made.telemetry.span(SpanName.DELIVER, environment="e"), made.telemetry.span(SpanName.FLOW_CALL) as call:
        call.answered(202)
        record = logging.LogRecord("shared", logging.WARNING, __file__, 1, "told", (), None)
        vars(record).update(TELLING)
        made.handler.handle(record)


def test_numbers_steps_and_records_arrive_with_a_token_when_it_is_closed(secure: Ingestion) -> None:
    credential = StandIn()
    made = monitor(secure.connection_string, credential)
    tell(made)
    made.close()
    assert {path.replace("//", "/") for path, _, _ in secure.requests} == {"/v2.1/track"}
    assert {headers["Authorization"] for _, headers, _ in secure.requests} == {"Bearer stand-in"}
    assert (set(credential.scopes), credential.closed) == ({"https://monitor.azure.com//.default"}, True)
    numbers = {point["name"]: point["value"] for data in secure.of("MetricData") for point in data["metrics"]}
    assert numbers == {metric.name: 2 for metric in METRICS}
    assert secure.of("RequestData") == []  # those are runs, which the host tells
    call, deliver = secure.of("RemoteDependencyData")
    assert (deliver["name"], deliver["type"], deliver["success"]) == ("deliver", "InProc", True)
    assert (call["type"], call["target"], call["resultCode"], call.get("data")) == ("HTTP", "flow", "202", None)
    (record,) = secure.of("MessageData")
    assert (record["message"], record["properties"]) == ("told", {**TELLING, "logger_name": "shared"})


def test_a_number_is_sent_once_also_that_of_a_gauge(ingestion: Ingestion) -> None:
    """A gauge that was not told anew says nothing: another instance may know better."""
    made = monitor(ingestion.connection_string)
    tell(made)
    sent = []
    for _ in range(2):
        made._metering.force_flush()
        sent.append({point["name"] for data in ingestion.of("MetricData") for point in data["metrics"]})
        ingestion.requests.clear()
    made.telemetry.record(HEARTBEAT_AGE, 3, environment="e")
    made.close()
    sent.append({point["name"] for data in ingestion.of("MetricData") for point in data["metrics"]})
    assert sent == [{metric.name for metric in METRICS}, set(), {HEARTBEAT_AGE.name}]


def test_numbers_are_sent_as_often_as_is_said(ingestion: Ingestion) -> None:
    made = monitor(ingestion.connection_string)
    (reader,) = made._metering._metric_readers
    made.close()
    assert getattr(reader, "_export_interval_millis", 0) == _METRICS_MILLISECONDS


def test_numbers_leave_first_when_it_is_closed(ingestion: Ingestion) -> None:
    """There may be no time for the rest."""
    made = monitor(ingestion.connection_string)
    tell(made)
    made.close()
    assert [item["data"]["baseType"] for item in ingestion.items][: len(METRICS)] == ["MetricData"] * len(METRICS)


def test_all_that_arrives_says_where_it_comes_from_and_is_of_one_trace(ingestion: Ingestion) -> None:
    made = monitor(ingestion.connection_string)
    tell(made)
    made.close()
    tags = [item["tags"] for item in ingestion.items]
    assert {(one["ai.cloud.role"], one["ai.cloud.roleInstance"]) for one in tags} == {("signals", "one")}
    assert {item["iKey"] for item in ingestion.items} == {KEY}
    assert len({one["ai.operation.id"] for one in tags if "ai.operation.id" in one}) == 1


def test_nothing_is_sent_that_the_app_did_not_tell(ingestion: Ingestion) -> None:
    """Neither how the exporter fares nor how the machine does; and nothing is asked of anybody else."""
    made = monitor(ingestion.connection_string)
    made.telemetry.record(POLLS, environment="e", outcome="ok", reason="")
    with made.telemetry.span(SpanName.POLL):
        pass
    made.close()
    assert sorted(item["data"]["baseType"] for item in ingestion.items) == ["MetricData", "RemoteDependencyData"]


@pytest.mark.parametrize("status", [400, 401, 429, 503])
def test_an_endpoint_that_refuses_keeps_nothing_from_ending(ingestion: Ingestion, status: int) -> None:
    ingestion.status = status
    made = monitor(ingestion.connection_string)
    tell(made)
    made.close()
    assert ingestion.requests
    made.telemetry.record(POLLS, environment="e", outcome="ok", reason="")  # a late one is lost, and raises nothing


def test_an_endpoint_that_answers_nothing_does_not_hold_up_the_end(ingestion: Ingestion) -> None:
    """It answers only when the end is over: were that not bounded, neither would come."""
    ingestion.held.clear()
    made = monitor(ingestion.connection_string)
    tell(made)
    made.close(0.2)
    ingestion.held.set()
    made.close()


@pytest.fixture
def variables(ingestion: Ingestion) -> dict[str, str]:
    return {**VARIABLES, "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string}


async def test_a_house_with_a_connection_string_tells_and_has_told_when_it_is_closed(
    ingestion: Ingestion, variables: dict[str, str]
) -> None:
    house = bootstrap.build(variables)
    house.ports.telemetry.record(POLLS, environment="e", outcome="ok", reason="")
    logging.getLogger("shared.tried").error("x?sig=secret", extra={"action": "tried"})
    assert house.monitor is not None
    handlers = [one for one in logging.getLogger().handlers if one is house.monitor.handler]
    assert [isinstance(guard, RedactingFilter) for one in handlers for guard in one.filters].count(True) == 1
    await house.close()
    assert house.monitor.handler not in logging.getLogger().handlers
    assert [data["message"] for data in ingestion.of("MessageData")] == ["x?sig=***"]
    assert [data["metrics"][0]["name"] for data in ingestion.of("MetricData")] == ["signals.polls"]


async def test_houses_of_one_process_tell_the_same_one(variables: dict[str, str]) -> None:
    """Else each record would be sent twice."""
    first, second = bootstrap.build(variables), bootstrap.build(variables)
    assert first.monitor is second.monitor
    await first.close()
    await second.close()
    third = bootstrap.build(variables)
    assert third.monitor is not first.monitor
    await third.close()


async def test_telemetry_that_cannot_be_set_up_is_told_once_and_fails_nothing(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """OpenTelemetry reads variables of its own, too."""
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-1")
    bootstrap._monitor.cache_clear()
    houses = [bootstrap.build(variables) for _ in range(2)]
    assert [(house.monitor, type(house.ports.telemetry)) for house in houses] == [(None, Silent)] * 2
    (told,) = [one for one in caplog.records if getattr(one, "action", "") == "telemetry_off"]
    assert (told.levelname, told.exc_info is None) == ("ERROR", False)
    for house in houses:
        await house.close()
    bootstrap._monitor.cache_clear()


async def test_a_house_without_a_connection_string_tells_nobody() -> None:
    house = bootstrap.build(VARIABLES)
    assert isinstance(house.ports.telemetry, Silent)
    assert house.monitor is None
    await house.close()


async def test_the_step_of_one_task_is_not_that_of_another(ingestion: Ingestion) -> None:
    """Polls and deliveries run side by side."""
    made = monitor(ingestion.connection_string)

    async def step(name: SpanName) -> str:
        with made.telemetry.span(name):
            before = made.telemetry.traceparent()
            await asyncio.sleep(0)
            assert made.telemetry.traceparent() == before
        return before

    seen = await asyncio.gather(*(step(name) for name in SpanName))
    made.close()
    assert len({one.split("-")[1] for one in seen}) == len(SpanName)
    assert context.get_current() == {}
