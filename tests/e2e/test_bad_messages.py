"""Messages that nobody can read, on every queue among good ones: do they end among the dead and hold up nothing?"""

import asyncio
import base64
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient
from azure.storage.queue import QueueClient, QueueServiceClient

from local.children import wait_until
from local.simulator.scenario import load_scenario
from local.stage import Addresses, Simulation, Stage, set_stage
from local.wire import ask, get_list
from shared.adapters.blobs import BlobClaims
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.messages import encode_deliveries, encode_events, encode_polls
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.domain.deliveries import DeliveryBatch, Pair
from shared.domain.events import Event, make_event
from shared.domain.subscriptions import EVENT_TYPES, Trigger
from shared.ports import EventBatch, PollRequest, Queue
from shared.services.drain_poison import drain_poison
from tests.faults.profile import pick
from tests.ports import free_base
from tests.services.stage import Stage as Memory
from tests.tally import Tally

QUIET_DAY = Path("local/scenarios/quiet.toml")
ENVIRONMENT = load_scenario(QUIET_DAY).environments[0].id
GOOD, BAD = pick((1, 2), (100, 10))  # on each queue
GARBAGE = (
    *(b"not JSON", b"null", b'{"v": 99}', b'{"v": 1}', b"[" * 5000, b"\xff\xfe", b"{" + b"x" * 40_000),
    b'{"v": 1, "environmentId": "x", "events": [{"id": 1}], "deliveries": [{"subscription": "x", "events": [0]}]}',
    b'{"v": 1, "environmentId": "x", "claim": "no-such-blob.json"}',
)
NO_BASE64 = "no base64!"
# A flow for each queue, with events that no other flow wants: a fan-out does not ask which queue they came by.
TOLD: Mapping[Queue, Trigger] = {
    Queue.REFRESH_EVENTS: Trigger.REFRESH_FAILED,
    Queue.UNIFICATION_EVENTS: Trigger.UNIFICATION_COMPLETED,
    Queue.THRESHOLD_EVENTS: Trigger.FULL_REFRESH_COMPLETED,
    Queue.OPERATIONAL_EVENTS: Trigger.PROCESS_ENDED,
    Queue.DELIVERIES: Trigger.REFRESH_SUCCEEDED,
    Queue.REDELIVERIES: Trigger.UNREACHABLE,
}
Dead = Counter[tuple[str, bytes]]  # which bodies of which queues


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The app with a quiet Customer Insights; failed messages come back after a second or two instead of thirty."""
    monkeypatch.setenv("AzureFunctionsJobHost__extensions__queues__visibilityTimeout", pick("00:00:01", "00:00:03"))
    monkeypatch.setenv("DELIVERY_RATE_PER_SECOND", "1000")
    with ExitStack() as stack:
        simulation = Simulation(QUIET_DAY.resolve(), None, (ENVIRONMENT,))
        yield set_stage(stack, tmp_path, Addresses(free_base()), 10, simulation)


def storage_of(stage: Stage) -> str:
    return stage.host.settings["AzureWebJobsStorage"]


def subscribe(stage: Stage, queue: Queue) -> str:
    """A flow that wants what is sent to a queue, and its subscription's id."""
    body = {"environmentId": ENVIRONMENT, "callbackUrl": f"{stage.addresses.inbox}/flows/{queue}"}
    url = f"{stage.addresses.host}/api/triggers/{TOLD[queue]}"
    status, made = ask("POST", url, body, stage.sign_in.token())
    assert status == 201, made
    assert isinstance(made, dict)
    return str(made["id"])


def event_of(queue: Queue, number: int) -> Event:
    kind = EVENT_TYPES[TOLD.get(queue, Trigger.REFRESH_FAILED)][0]
    moment, data = datetime(2026, 3, 2, tzinfo=UTC), {"summary": "Something happened."}
    return make_event(ENVIRONMENT, kind, subject=f"tests/{queue}", occurrence=str(number), time=moment, data=data)


def good_body(queue: Queue, subscription_id: str, event: Event) -> bytes:
    """What the app itself would send there."""
    if queue is Queue.POLLS:
        return encode_polls(PollRequest((ENVIRONMENT,)))
    if queue in (Queue.DELIVERIES, Queue.REDELIVERIES):
        return next(encode_deliveries(DeliveryBatch(ENVIRONMENT, (event,), (Pair(subscription_id, (0,)),))))
    return next(encode_events(EventBatch(ENVIRONMENT, (event,))))


def bad_texts(queue: Queue) -> list[str]:
    """What is sent to a queue, as it goes over the wire; in the quick profile something else to each."""
    texts = [*(base64.b64encode(body).decode() for body in GARBAGE), NO_BASE64]
    start = list(Queue).index(queue) * BAD
    return [texts[place % len(texts)] for place in range(start, start + BAD)]


def body_of(text: str) -> bytes:
    """What an operator is shown of it."""
    return NO_BASE64.encode() if text == NO_BASE64 else base64.b64decode(text)


@dataclass(slots=True)
class Told:
    """Which events the flows were told, by flow."""

    inbox: str
    calls: int = 0
    events: set[tuple[str, str]] = field(default_factory=set)

    def look(self) -> set[tuple[str, str]]:
        """All of them up to now."""
        for call in get_list(f"{self.inbox}/flows?since={self.calls}"):
            self.calls += 1
            assert isinstance(call["body"], dict)
            self.events.add((str(call["flow"]), str(call["body"]["id"])))
        return self.events

    def flows(self) -> set[str]:
        """Who was told anything."""
        return {flow for flow, _ in self.look()}


def test_on_no_queue_does_poison_block_anything(stage: Stage, tally: Tally) -> None:
    """Garbage is put aside after five tries; what is sent behind it is done at once, all of it."""
    wanted, dead = send(stage), Counter((queue.value, body_of(text)) for queue in Queue for text in bad_texts(queue))
    told = Told(stage.addresses.inbox)
    flows = {queue.value for queue in TOLD}
    wait_until(paused(lambda: told.flows() == flows), "Some queue is blocked", 120, stage.others)
    assert put_aside(stage) < dead, "the events should not wait for the poison"
    wait_until(paused(lambda: told.look() >= wanted), "Not every event has come", 300, stage.others)
    wait_until(paused(lambda: put_aside(stage) >= dead), "The garbage is not put aside", 120, stage.others)
    wait_until(paused(lambda: not left(stage)), "Messages are left", 120, stage.others)
    assert told.look() == wanted
    asyncio.run(drain(storage_of(stage)))
    assert put_aside(stage) == dead
    tally.add(len(Queue) * GOOD + dead.total())


def send(stage: Stage) -> set[tuple[str, str]]:
    """Bad messages and good ones behind them; answers which flow is to be told of which event."""
    wanted = set()
    with QueueServiceClient.from_connection_string(storage_of(stage)) as service:
        for queue in Queue:
            subscription_id = "" if queue is Queue.POLLS else subscribe(stage, queue)
            events = [event_of(queue, number) for number in range(GOOD)]
            good = [base64.b64encode(good_body(queue, subscription_id, event)).decode() for event in events]
            client = service.get_queue_client(queue.value)
            with suppress(ResourceExistsError):
                client.create_queue()
            for text in (*bad_texts(queue), *good):
                client.send_message(text)
            if queue in TOLD:
                wanted |= {(queue.value, event.id) for event in events}
    return wanted


def put_aside(stage: Stage) -> Dead:
    """What the host gave up: in its poison queues, or drained from there, which happens every five minutes."""
    found: Dead = Counter()
    for queue in Queue:
        with suppress(ResourceNotFoundError), client_of(stage, f"{queue}-poison") as poison:
            found.update((queue.value, body_of(one.content)) for one in poison.peek_messages(max_messages=32))
    with suppress(HttpResponseError), TableClient.from_connection_string(storage_of(stage), "deadletters") as dead:
        found.update((row["Queue"], row["Body"]) for row in dead.query_entities("PartitionKey eq '-poison'"))
    return found


def left(stage: Stage) -> list[Queue]:
    """Which queues still have messages; polls are asked for all the time."""
    found: list[Queue] = []
    for queue in TOLD:
        with client_of(stage, queue.value) as client:
            found += [queue] * (client.get_queue_properties().approximate_message_count or 0)
    return found


def client_of(stage: Stage, queue: str) -> QueueClient:
    return QueueClient.from_connection_string(storage_of(stage), queue)


async def drain(storage: str) -> None:
    """What the app does every five minutes."""
    account = StorageAccount.from_connection_string(storage)
    claims = BlobClaims(account.blobs)
    queues, dead = StorageQueues(account.queues, claims), TableDeadDeliveries(account.tables, claims)
    await drain_poison(replace(Memory().ports, queues=queues, dead=dead))
    await account.close()


def paused(holds: Callable[[], bool]) -> Callable[[], bool]:
    """The same, asked less often: asking takes time from those who work."""

    def asked() -> bool:
        time.sleep(0.5)
        return holds()

    return asked
