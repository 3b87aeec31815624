"""When does a timer function run? Fires it by its schedule, one run at a time, in one host at a time."""

import asyncio
from datetime import UTC, datetime

import msgspec
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.functions.meta import Datum
from azure.storage.blob.aio import BlobServiceClient

from local.host.declarations import TimerFunction
from local.host.runner import Runner
from local.host.schedule import TimerStatus, is_monitored, next_occurrence, resumed, status_after
from local.host.singleton import CONTAINER, Singleton
from local.host.stopping import stopped_within
from local.host.storage import Reach

_SECONDS_BETWEEN_TRIES = 2
_LONGEST_NAP_SECONDS = 60


class TimerListener:
    """Fires one function."""

    def __init__(self, function: TimerFunction, service: BlobServiceClient, host_id: str, runner: Runner) -> None:
        name = f"{host_id}/Host.Functions.{function.name}"
        self._function = function
        self._schedule = function.schedule
        self._monitored = is_monitored(function.schedule, function.use_monitor, _now())
        self._singleton = Singleton(service, f"locks/{name}.Listener")
        self._memory = service.get_blob_client(CONTAINER, f"timers/{name}/status")
        self._reach = Reach(f"status of timer {function.name}")
        self._runner = runner

    async def run(self, stop: asyncio.Event) -> None:
        """Fire whenever it is time and this host is the one, until the host stops."""
        while not stop.is_set():
            if await self._singleton.acquire():
                await self._fire_while_held(stop)
            await stopped_within(stop, _SECONDS_BETWEEN_TRIES)

    async def _fire_while_held(self, stop: asyncio.Event) -> None:
        over = asyncio.Event()
        keeping = asyncio.create_task(self._singleton.keep(stop, over))
        try:
            await self._fire_by_schedule(over)
        except AzureError as error:
            self._reach.lost(error)
        finally:
            keeping.cancel()
            await self._singleton.release()

    async def _fire_by_schedule(self, over: asyncio.Event) -> None:
        status, past_due = resumed(self._schedule, await self._remembered(), _now())
        await self._remember(status)
        if past_due or self._function.run_on_startup:
            status = await self._fire(status, past_due=past_due)
        while await self._awaited(next_occurrence(self._schedule, status, _now()), over):
            status = await self._fire(status, past_due=False)

    async def _fire(self, status: TimerStatus, *, past_due: bool) -> TimerStatus:
        """Run once; a failed run counts as a run, for timers are not tried again."""
        started = _now()
        value = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
        reason = f"Timer fired at {started.isoformat()}"
        await self._runner.run(self._function.name, Datum(msgspec.json.encode(value).decode(), "json"), reason=reason)
        after = status_after(self._schedule, started)
        await self._remember(after)
        return after

    async def _awaited(self, moment: datetime, over: asyncio.Event) -> bool:
        """Sleep until the moment has come; false when the host stops or the lease is lost before."""
        while (seconds := (moment - _now()).total_seconds()) > 0:
            # In naps, for the clock of a laptop jumps.
            if await stopped_within(over, min(seconds, _LONGEST_NAP_SECONDS)):
                return False
        return not over.is_set()

    async def _remembered(self) -> TimerStatus | None:
        if not self._monitored:
            return None
        try:
            blob = await self._memory.download_blob()
            return msgspec.json.decode(await blob.readall(), type=TimerStatus)
        except (ResourceNotFoundError, msgspec.DecodeError):
            return None

    async def _remember(self, status: TimerStatus) -> None:
        if not self._monitored:
            return
        try:
            await self._memory.upload_blob(msgspec.json.encode(status), overwrite=True)
            self._reach.found()
        except AzureError as error:  # the next run writes it again
            self._reach.lost(error)


def _now() -> datetime:
    return datetime.now(UTC)
