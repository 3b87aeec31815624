"""A message that nobody can read: it ends in the poison queue and holds up nothing."""

import base64
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableClient
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from local.children import wait_until
from local.simulator.scenario import load_scenario
from local.stage import Addresses, Simulation, Stage, set_stage
from local.wire import ask, get_list
from shared.adapters.messages import encode_events
from shared.domain.events import EventType, make_event
from shared.ports import EventBatch
from tests.ports import free_base

QUIET_DAY = Path("local/scenarios/quiet.toml")
ENVIRONMENT = load_scenario(QUIET_DAY).environments[0].id
GARBAGE = ("not JSON", '{"v": 99}', '{"v": 1, "environmentId": "x", "events": [{"id": 1}]}', "[" * 5000)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The app with a quiet Customer Insights; failed messages come back after a second instead of thirty."""
    monkeypatch.setenv("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", "00:00:01")
    with ExitStack() as stack:
        simulation = Simulation(QUIET_DAY.resolve(), None, (ENVIRONMENT,))
        yield set_stage(stack, tmp_path, Addresses(free_base()), 10, simulation)


def queue(stage: Stage, name: str) -> QueueClient:
    storage = stage.host.settings["AzureWebJobsStorage"]
    return QueueClient.from_connection_string(storage, name, message_encode_policy=TextBase64EncodePolicy())


def failed_refresh() -> str:
    event = make_event(
        ENVIRONMENT,
        EventType.REFRESH_FAILED,
        subject="datasources/1",
        occurrence="1",
        time=datetime(2026, 3, 2, tzinfo=UTC),
        data={"dataSourceId": "1", "summary": "The refresh of Till failed."},
    )
    return next(encode_events(EventBatch(ENVIRONMENT, (event,)))).decode()


def test_poison_blocks_nothing(stage: Stage) -> None:
    """Garbage is put aside after five tries; an event sent behind it reaches its flow at once."""
    callback = f"{stage.addresses.inbox}/flows/Alarm"
    body = {"environmentId": ENVIRONMENT, "callbackUrl": callback}
    status, _ = ask(
        "POST", f"{stage.addresses.host}/api/triggers/data-source-refresh-failed", body, stage.sign_in.token()
    )
    assert status == 201
    with queue(stage, "refresh-events") as events:
        for text in GARBAGE:
            events.send_message(text)
        events.send_message(failed_refresh())
    wait_until(lambda: get_list(f"{stage.addresses.inbox}/flows?since=0"), "The event has not come", 30)
    assert put_aside(stage) < set(GARBAGE), "the event should not wait for the poison"
    wait_until(lambda: put_aside(stage) == set(GARBAGE), "The garbage is not put aside", 60)
    calls = get_list(f"{stage.addresses.inbox}/flows?since=0")
    assert [call["flow"] for call in calls] == ["Alarm"]
    assert isinstance(calls[0]["body"], dict)
    assert calls[0]["body"]["type"] == "datasource.refresh.failed"


def put_aside(stage: Stage) -> set[str]:
    """What the host gave up: in its poison queue, or drained from there, which happens every five minutes."""
    storage = stage.host.settings["AzureWebJobsStorage"]
    found: set[str] = set()
    with suppress(ResourceNotFoundError), queue(stage, "refresh-events-poison") as poison:
        found |= {base64.b64decode(message.content).decode() for message in poison.peek_messages(max_messages=32)}
    with suppress(HttpResponseError), TableClient.from_connection_string(storage, "deadletters") as dead:
        found |= {row["Body"].decode() for row in dead.query_entities("PartitionKey eq '-poison'")}
    return found
