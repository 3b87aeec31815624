"""Is it one trace from a poll to the call of a flow, whatever carried the events and however often they were tried?"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from azure.core.rest import HttpRequest
from opentelemetry.trace import SpanKind, StatusCode

from shared.adapters.api_calls import ApiCalls
from shared.adapters.insights_http import InsightsHttp
from shared.domain.deliveries import Answer
from shared.domain.events import EventType
from shared.errors import InsightsUnavailable
from shared.ports import Ports, Queue
from shared.services import put_off
from shared.services.admit_pair import Pace
from shared.services.deliver import deliver
from shared.services.fan_out import fan_out
from shared.services.poll_environment import poll_environment
from shared.services.poll_environments import poll_environments
from shared.services.start_polls import start_polls
from shared.telemetry import Silent, SpanName
from tests.adapters.loopback import serving
from tests.contracts.kits import Mailbox, memory_kit, storage_kit
from tests.factories import ENVIRONMENT
from tests.feed import happened, publish
from tests.services.stage import Stage, callback, failed_refresh, standing_order
from tests.telemetry.told import Told, id_of, invoked, trace_of

NESTED = [("poll", None), ("relay", "poll"), ("fan out", "relay"), ("deliver", "fan out"), ("flow call", "deliver")]
AGAIN = NESTED[-2:]
PATIENT = Pace(patient=True)


class House:
    """A stage on queues of a kind, whose messages are handled one by one, each in an invocation of its own."""

    def __init__(self, stage: Stage, told: Told, ports: Ports, mailbox: Mailbox) -> None:
        self.stage = stage
        self.told = told
        self.ports = ports
        self._mailbox = mailbox

    async def handle(self, queue: Queue) -> list[str]:
        """Handle what can be seen; answers the traceparents of the invocations."""
        handlers: dict[Queue, Callable[[bytes], Awaitable[object]]] = {
            Queue.POLLS: self._poll,
            Queue.DELIVERIES: self._deliver,
            Queue.REDELIVERIES: self._deliver,
        }
        invocations = []
        for body in await self._mailbox.take(queue):
            with invoked() as invocation:
                await handlers.get(queue, self._fan_out)(body)
            invocations.append(invocation)
        return invocations

    async def _poll(self, body: bytes) -> None:
        await poll_environments(self.ports, await self.ports.queues.read_polls(body), fast_poll_seconds=0)

    async def _fan_out(self, body: bytes) -> None:
        await fan_out(self.ports, await self.ports.queues.read_events(body))

    async def _deliver(self, body: bytes) -> None:
        await deliver(self.ports, await self.ports.queues.read_deliveries(body), PATIENT)


@pytest.fixture(params=["memory", "azurite"])
async def house(request: pytest.FixtureRequest, stage: Stage, told: Told) -> AsyncIterator[House]:
    """Messages in memory are the packed ones of storage; the emulator shows that they come through it."""
    await stage.subscriptions.save(standing_order("one"))
    await stage.baseline()
    if request.param == "memory":
        kit = memory_kit()
        yield House(stage, told, replace(stage.ports, queues=kit.queues, telemetry=told.telemetry), kit.mailbox)
        return
    async with storage_kit(request.getfixturevalue("azurite")) as kit:
        yield House(stage, told, replace(stage.ports, queues=kit.queues, telemetry=told.telemetry), kit.mailbox)


def nesting(told: Told) -> list[tuple[str, str | None]]:
    """The steps, each with the one that it is below; None: below what woke the app."""
    names = {id_of(span): span.name for span in told.finished}
    return [(span.name, names.get(span.parent.span_id) if span.parent else None) for span in told.finished]


async def play(house: House) -> dict[Queue, list[str]]:
    """A data source fails, and its flow is called."""
    house.stage.insights.listed = (failed_refresh(),)
    await start_polls(house.ports, [ENVIRONMENT])
    queues = (Queue.POLLS, Queue.REFRESH_EVENTS, Queue.DELIVERIES)
    return {queue: await house.handle(queue) for queue in queues}


async def test_it_is_one_trace_from_the_poll_to_the_call_of_the_flow(house: House, told: Told) -> None:
    invocations = await play(house)
    assert nesting(told) == NESTED
    (poll,) = invocations[Queue.POLLS]
    assert {f"{trace_of(span):032x}" for span in told.finished} == {poll.split("-")[1]}
    assert [span.kind for span in told.finished] == [
        SpanKind.INTERNAL,
        SpanKind.INTERNAL,
        SpanKind.INTERNAL,
        SpanKind.INTERNAL,
        SpanKind.CLIENT,
    ]


async def test_a_later_attempt_is_in_the_same_trace_below_the_same_step(
    house: House, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, none is below another. They are seen at once here, and due when time has passed."""
    monkeypatch.setattr(put_off, "STEP_SECONDS", 0)
    house.stage.flows.answers[callback("one")] = deque([Answer(503), Answer(503)])
    await play(house)
    for _ in range(2):
        house.stage.wait(minutes=20)
        await house.handle(Queue.REDELIVERIES)
    assert nesting(told) == [*NESTED, *AGAIN, *AGAIN]
    assert len({trace_of(span) for span in told.finished}) == 1
    assert [span.status.status_code for span in told.named("flow call")] == [
        StatusCode.ERROR,
        StatusCode.ERROR,
        StatusCode.UNSET,
    ]


async def test_what_is_too_big_for_a_message_keeps_its_trace(house: House, told: Told) -> None:
    """It goes to a blob, and its trace with it."""
    big = happened(1, EventType.REFRESH_FAILED, text="x" * 60_000)
    with invoked(), told.telemetry.span(SpanName.POLL, environment=ENVIRONMENT):
        await publish(house.ports, big)
    for queue in (Queue.REFRESH_EVENTS, Queue.DELIVERIES):
        await house.handle(queue)
    assert nesting(told) == NESTED
    assert len({trace_of(span) for span in told.finished}) == 1
    assert [event.id for _, event in house.stage.flows.calls] == [big.id]


async def test_a_message_of_before_there_were_traces_begins_with_its_own_invocation(house: House, told: Told) -> None:
    await publish(replace(house.ports, telemetry=Silent()), happened(1))
    (invocation,) = await house.handle(Queue.REFRESH_EVENTS)
    (fan_out_span,) = told.named("fan out")
    assert f"{trace_of(fan_out_span):032x}" == invocation.split("-")[1]


async def test_a_call_of_the_api_is_below_the_poll_and_shows_no_address(told: Told) -> None:
    async with serving() as api:
        api.answer(429, Retry_After="60")
        http = InsightsHttp(api.url, calls=ApiCalls("poll", told.telemetry))
        with told.telemetry.span(SpanName.POLL, environment="e"):
            await http.send(http.request("GET", "/instances/e", {"$filter": "name eq 'Ann'"}, {}))
        await http.close()
    assert nesting(told) == [("poll", None), ("api call", "poll")]
    (call,) = told.named("api call")
    assert call.attributes == {
        "peer.service": "Customer Insights",
        "signals.caller": "poll",
        "http.request.method": "GET",
        "http.response.status_code": 429,
        "error.type": "http_429",
    }
    assert (call.kind, call.status.status_code) == (SpanKind.CLIENT, StatusCode.ERROR)


async def test_a_partition_is_no_call_of_the_api(told: Told) -> None:
    async with serving() as storage:
        storage.answer(200)
        http = InsightsHttp("http://127.0.0.1:1/v1", calls=ApiCalls("user", told.telemetry))
        await http.send(HttpRequest("GET", f"{storage.url}/partition"), raw=True)
        await http.close()
    assert (told.finished, told.points()) == ([], {})


async def test_a_poll_that_fails_is_an_error_of_its_step(stage: Stage, told: Told) -> None:
    stage.insights.failure = InsightsUnavailable()
    await poll_environment(replace(stage.ports, telemetry=told.telemetry), ENVIRONMENT)
    poll = told.named("poll")[0]
    assert poll.status.status_code is StatusCode.ERROR
    assert poll.attributes == {"signals.environment": ENVIRONMENT, "error.type": "insights_unavailable"}


def test_where_a_part_of_the_traces_is_kept_each_is_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its id, which goes on in the messages, whatever the host decided."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.0")
    told = Told()
    with invoked() as invocation, told.telemetry.span(SpanName.POLL):
        carried = told.telemetry.traceparent()
    with told.telemetry.span(SpanName.FAN_OUT, carried):
        further = told.telemetry.traceparent()
    assert {one.split("-")[1] for one in (carried, further)} == {invocation.split("-")[1]}
    assert told.finished == []
    told.close()
