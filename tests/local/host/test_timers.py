"""Do timers fire once, late at most once, and in one host at a time? Against a real blob service."""

import asyncio
import json
import platform
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
from azure.storage.blob.aio import BlobServiceClient

from local.host.declarations import TimerFunction
from local.host.invoke import Invocation, Outcome
from local.host.runner import Runner
from local.host.schedule import TimerStatus, parse_schedule, status_after
from local.host.singleton import CONTAINER, Singleton
from local.host.storage import blob_service
from local.host.timers import TimerListener
from tests.local.host.support import ScriptedApp, fresh, until


def timer(expression: str, *, run_on_startup: bool = False) -> TimerFunction:
    return TimerFunction("tick", parse_schedule(expression, "x"), expression, None, run_on_startup)


@asynccontextmanager
async def host(
    service: BlobServiceClient, host_id: str, function: TimerFunction, app: ScriptedApp | None = None
) -> AsyncIterator[ScriptedApp]:
    app = app or ScriptedApp()
    stop = asyncio.Event()
    running = asyncio.create_task(TimerListener(function, service, host_id, Runner(app, None)).run(stop))
    try:
        yield app
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await running


def late(call: Invocation) -> bool:
    return bool(json.loads(call.value.value)["IsPastDue"])


async def remember(service: BlobServiceClient, host_id: str, status: TimerStatus) -> None:
    container = service.get_container_client(CONTAINER)
    if not await container.exists():
        await container.create_container()
    blob = container.get_blob_client(f"timers/{host_id}/Host.Functions.tick/status")
    await blob.upload_blob(msgspec.json.encode(status), overwrite=True)


async def remembered(service: BlobServiceClient, host_id: str) -> TimerStatus:
    blob = service.get_blob_client(CONTAINER, f"timers/{host_id}/Host.Functions.tick/status")
    return msgspec.json.decode(await (await blob.download_blob()).readall(), type=TimerStatus)


async def test_a_timer_fires_at_its_seconds_and_never_early(azurite: str) -> None:
    async with blob_service(azurite) as service, host(service, fresh("h"), timer("* * * * * *")) as app:
        await until(lambda: len(app.calls) >= 3)
    fired = [json.loads(call.value.value)["ScheduleStatus"] for call in app.calls]
    assert [one["Next"] for one in fired] == sorted({one["Next"] for one in fired})
    assert not any(map(late, app.calls))


async def test_a_failing_timer_fires_again_at_the_next_occurrence(azurite: str) -> None:
    async def fail(_: Invocation) -> Outcome:
        return Outcome(error="ValueError()")

    async with (
        blob_service(azurite) as service,
        host(service, fresh("h"), timer("* * * * * *"), ScriptedApp(fail)) as app,
    ):
        await until(lambda: len(app.calls) >= 2)


async def test_a_run_longer_than_the_interval_does_not_overlap(azurite: str) -> None:
    running = 0
    overlaps = []

    async def slow(_: Invocation) -> Outcome:
        nonlocal running
        overlaps.append(running)
        running += 1
        await asyncio.sleep(1.3)
        running -= 1
        return Outcome()

    async with (
        blob_service(azurite) as service,
        host(service, fresh("h"), timer("* * * * * *"), ScriptedApp(slow)) as app,
    ):
        await until(lambda: len(app.calls) >= 2)
    assert set(overlaps) == {0}


async def test_a_downtime_of_many_occurrences_is_followed_by_one_late_run(azurite: str) -> None:
    host_id, hourly = fresh("h"), timer("0 0 * * * *")
    async with blob_service(azurite) as service:
        await remember(service, host_id, status_after(hourly.schedule, datetime.now(UTC) - timedelta(hours=9)))
        async with host(service, host_id, hourly) as app:
            await until(lambda: bool(app.calls))
        assert (await remembered(service, host_id)).next_at > datetime.now(UTC)
        async with host(service, host_id, hourly) as again:
            await asyncio.sleep(1)
    assert [late(call) for call in app.calls] == [True]
    assert again.calls == []


async def test_a_timer_without_a_missed_occurrence_waits_and_remembers(azurite: str) -> None:
    host_id, hourly = fresh("h"), timer("0 0 * * * *")
    async with blob_service(azurite) as service:
        async with host(service, host_id, hourly) as app:
            await asyncio.sleep(1)
        assert (await remembered(service, host_id)).next_at > datetime.now(UTC)
    assert app.calls == []


async def test_run_on_startup_runs_at_the_start_and_is_not_late(azurite: str) -> None:
    function = timer("0 0 * * * *", run_on_startup=True)
    async with blob_service(azurite) as service, host(service, fresh("h"), function) as app:
        await until(lambda: bool(app.calls))
    assert [late(call) for call in app.calls] == [False]


async def test_two_hosts_fire_a_timer_once_and_the_second_takes_over(azurite: str) -> None:
    host_id, every_second = fresh("h"), timer("* * * * * *")
    second = ScriptedApp()
    async with blob_service(azurite) as service:
        async with host(service, host_id, every_second) as first:
            await until(lambda: len(first.calls) >= 1)
            async with host(service, host_id, every_second, second):
                await until(lambda: len(first.calls) >= 4)
                assert second.calls == []
        async with host(service, host_id, every_second, second):
            await until(lambda: len(second.calls) >= 1)


async def test_the_lease_of_a_killed_host_is_free_at_once(azurite: str) -> None:
    """A process of this machine that no longer lives is not waited for."""
    async with blob_service(azurite) as service:
        path = fresh("lock")
        killed = Singleton(service, path)
        await until(killed.acquire)
        ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        await ended.wait()
        blob = service.get_blob_client(CONTAINER, path)
        holder = (await blob.get_blob_properties()).metadata
        assert holder["machine"] == platform.node()
        heir = Singleton(service, path)
        assert not await heir.acquire()
        await blob.set_blob_metadata({**holder, "process": str(ended.pid)}, lease=holder["lease"])
        assert await heir.acquire()
        await heir.release()


async def test_a_lease_that_another_took_is_told_as_over(azurite: str) -> None:
    async with blob_service(azurite) as service:
        path, over = fresh("lock"), asyncio.Event()
        first = Singleton(service, path)
        await until(first.acquire)
        keeping = asyncio.create_task(first.keep(asyncio.Event(), over))
        await service.get_blob_client(CONTAINER, path).delete_blob(lease=first.lease_id)
        async with asyncio.timeout(20):
            await over.wait()
        await keeping
