"""Do queue triggers take, keep, give back and set aside messages as in Azure? Against a real queue service."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.host.declarations import QueueFunction
from local.host.host_json import QueueOptions
from local.host.invoke import Invocation, Outcome
from local.host.queues import QueueListener
from local.host.runner import Runner
from local.host.storage import queue_service
from tests.local.host.support import ScriptedApp, fresh, until

FAST = QueueOptions(4, 2, 2, timedelta(), timedelta(milliseconds=200), base64=True)
FAILED = Outcome(error="ValueError('no')")


@dataclass(slots=True)
class Bench:
    """A listener that runs on a queue of its own."""

    app: ScriptedApp
    queue: QueueClient
    poison: QueueClient
    stop: asyncio.Event
    listening: asyncio.Task[None]

    async def send(self, *texts: str) -> None:
        for text in texts:
            await self.queue.send_message(base64.b64encode(text.encode()).decode())

    async def is_empty(self) -> bool:
        return not (await self.queue.get_queue_properties()).approximate_message_count

    async def poisoned(self) -> list[str]:
        try:
            return [message.content async for message in self.poison.receive_messages()]
        except ResourceNotFoundError:
            return []

    @property
    def texts(self) -> list[str]:
        return [call.value.value for call in self.app.calls]


@asynccontextmanager
async def bench(
    storage: str, app: ScriptedApp, options: QueueOptions = FAST, lease_seconds: int = 60, name: str | None = None
) -> AsyncIterator[Bench]:
    name = name or fresh("jobs")
    async with queue_service(storage) as service:
        listener = _listener(service, name, storage, app, options, lease_seconds)
        queue, poison = service.get_queue_client(name), service.get_queue_client(f"{name}-poison")
        await queue.create_queue()
        stop = asyncio.Event()
        running = asyncio.create_task(listener.run(stop))
        try:
            yield Bench(app, queue, poison, stop, running)
        finally:
            stop.set()
            async with asyncio.timeout(20):
                await running


def _listener(
    service: QueueServiceClient, name: str, storage: str, app: ScriptedApp, options: QueueOptions, lease_seconds: int
) -> QueueListener:
    function = QueueFunction("work", name, storage, binary=False)
    return QueueListener(function, service, options, lease_seconds, Runner(app, timedelta(seconds=30)))


async def test_a_message_runs_once_and_is_deleted(azurite: str) -> None:
    async with bench(azurite, ScriptedApp()) as one:
        await one.send("a", "b")
        await until(one.is_empty)
    assert sorted(one.texts) == ["a", "b"]


async def test_a_queue_that_is_missing_is_made(azurite: str) -> None:
    async with queue_service(azurite) as service:
        name, stop = fresh("missing"), asyncio.Event()
        running = asyncio.create_task(_listener(service, name, azurite, ScriptedApp(), FAST, 60).run(stop))

        async def exists() -> bool:
            return name in [queue.name async for queue in service.list_queues(name_starts_with=name)]

        await until(exists)
        stop.set()
        await running


async def test_a_failed_message_comes_back_and_goes_to_poison_after_the_last_attempt(
    azurite: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: Invocation) -> Outcome:
        return FAILED

    async with bench(azurite, ScriptedApp(fail)) as one:
        await one.send("bad")
        await until(one.is_empty)
        assert await one.poisoned() == [base64.b64encode(b"bad").decode()]
    assert [call.metadata["DequeueCount"].value for call in one.app.calls] == [1, 2]
    assert any(record.levelname == "ERROR" and "ValueError('no')" in record.getMessage() for record in caplog.records)


async def test_a_failed_message_waits_for_the_visibility_timeout(azurite: str) -> None:
    async def fail(_: Invocation) -> Outcome:
        return FAILED

    async with bench(azurite, ScriptedApp(fail), replace(FAST, visibility_timeout=timedelta(hours=1))) as one:
        await one.send("bad", "second")
        await until(lambda: len(one.app.calls) == 2)
        await asyncio.sleep(0.5)
        assert len(one.app.calls) == 2
        assert not await one.is_empty()


async def test_a_body_that_is_not_base64_goes_to_poison_unrun_and_blocks_nothing(azurite: str) -> None:
    async with bench(azurite, ScriptedApp()) as one:
        await one.queue.send_message('{"plain": "<json> & more"}')
        await one.send("good")
        await until(one.is_empty)
        assert await one.poisoned() == ['{"plain": "<json> & more"}']
    assert one.texts == ["good"]


async def test_a_message_taken_too_often_goes_to_poison_without_a_run(azurite: str) -> None:
    """As after hosts that died in the middle of it."""
    name = fresh("worn")
    async with queue_service(azurite) as service:
        queue = service.get_queue_client(name)
        await queue.create_queue()
        await queue.send_message("YQ==")
        for _ in range(FAST.max_dequeue_count):
            taken = await queue.receive_message()
            assert taken is not None
            await queue.update_message(taken, visibility_timeout=0)
        app, stop = ScriptedApp(), asyncio.Event()
        running = asyncio.create_task(_listener(service, name, azurite, app, FAST, 60).run(stop))
        poison = service.get_queue_client(f"{name}-poison")
        await until(lambda: _holds(poison, "YQ=="))
        stop.set()
        await running
    assert app.calls == []


async def _holds(queue: QueueClient, content: str) -> bool:
    try:
        return content in [message.content for message in await queue.peek_messages()]
    except ResourceNotFoundError:
        return False


async def test_a_failed_message_of_a_poison_queue_stays_there(azurite: str) -> None:
    async def fail(_: Invocation) -> Outcome:
        return FAILED

    async with bench(azurite, ScriptedApp(fail), name=fresh("jobs") + "-poison") as one:
        await one.send("bad")
        await until(lambda: len(one.app.calls) == 1)
        await asyncio.sleep(0.3)
        assert not await one.is_empty()
    assert len(one.app.calls) == 1


async def test_a_long_run_keeps_its_message(azurite: str) -> None:
    """The lease is renewed: a run of more than a lease is neither run twice nor left behind."""

    async def slow(_: Invocation) -> Outcome:
        await asyncio.sleep(4.5)
        return Outcome()

    async with bench(azurite, ScriptedApp(slow), lease_seconds=2) as one:
        await one.send("long")
        await until(one.is_empty)
    assert len(one.app.calls) == 1


async def test_no_more_run_at_once_than_batch_size_plus_threshold(azurite: str) -> None:
    running, most = 0, 0

    async def count(_: Invocation) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        return Outcome()

    async with bench(azurite, ScriptedApp(count)) as one:
        await one.send(*map(str, range(30)))
        await until(one.is_empty)
    assert len(one.app.calls) == 30
    assert 1 < most <= FAST.batch_size + FAST.new_batch_threshold


async def test_a_stop_takes_no_more_and_lets_the_running_one_end(azurite: str) -> None:
    async def slow(_: Invocation) -> Outcome:
        await asyncio.sleep(0.5)
        return Outcome()

    async with bench(azurite, ScriptedApp(slow)) as one:
        await one.send("running")
        await until(lambda: len(one.app.calls) == 1)
        one.stop.set()
        await one.send("late")
        await one.listening
        assert (await one.queue.get_queue_properties()).approximate_message_count == 1
    assert one.texts == ["running"]


async def test_storage_out_of_reach_is_said_once_and_tried_on(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing listens on port 9 of the loopback address."""
    nowhere = "AccountName=a;AccountKey=YQ==;QueueEndpoint=http://127.0.0.1:9/a"
    async with queue_service(nowhere) as service:
        stop = asyncio.Event()
        running = asyncio.create_task(_listener(service, "jobs", nowhere, ScriptedApp(), FAST, 60).run(stop))
        await asyncio.sleep(6)
        assert not running.done()
        stop.set()
        await running
    assert len([text for text in caplog.messages if "queue jobs is out of reach" in text]) == 1
