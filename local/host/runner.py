"""How did one invocation go? Adds the id, the time limit and the log lines of Azure's host."""

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping
from datetime import timedelta

from azure.functions.meta import Datum

from local.host.invoke import Invocation, Invoker, Outcome

_log = logging.getLogger(__name__)


class Runner:
    """Runs functions one call at a time and tells the log about each."""

    def __init__(self, invoker: Invoker, timeout: timedelta | None) -> None:
        self._invoker = invoker
        self._timeout = timeout

    async def run(
        self, function: str, value: Datum, metadata: Mapping[str, Datum] | None = None, *, reason: str
    ) -> Outcome:
        """Call a function and wait for its end, at most as long as functionTimeout says."""
        invocation = Invocation(str(uuid.uuid4()), function, value, metadata or {})
        _log.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", function, reason, invocation.invocation_id)
        begun = time.perf_counter()
        outcome = await self._bounded(invocation)
        milliseconds = round((time.perf_counter() - begun) * 1000)
        _tell(invocation, outcome, milliseconds)
        return outcome

    async def _bounded(self, invocation: Invocation) -> Outcome:
        limit = None if self._timeout is None else self._timeout.total_seconds()
        try:
            async with asyncio.timeout(limit):
                return await self._invoker.invoke(invocation)
        except TimeoutError:
            return Outcome(error=f"TimeoutError: longer than functionTimeout ({self._timeout})")


def _tell(invocation: Invocation, outcome: Outcome, milliseconds: int) -> None:
    name, number = invocation.function, invocation.invocation_id
    if outcome.ok:
        _log.info("Executed 'Functions.%s' (Succeeded, Id=%s, Duration=%dms)", name, number, milliseconds)
        return
    summary = "Executed 'Functions.%s' (Failed, Id=%s, Duration=%dms): %s"
    detail = f"{outcome.error}\n{outcome.traceback}".rstrip()
    _log.error(summary, name, number, milliseconds, detail)
