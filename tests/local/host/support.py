"""What the host's tests share: where the apps are, a stand-in app, and waiting for something to become true."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from local.host.declarations import Declared
from local.host.invoke import Invocation, Outcome

APPS = Path(__file__).parent / "apps"
TINY = APPS / "tiny"
REPOSITORY = Path(__file__).parents[3]
TINY_SETTINGS = {
    "PYTHON_SCRIPT_FILE_NAME": "tiny_app.py",
    "JOBS_QUEUE": "jobs",
    "TICK_SCHEDULE": "0 0 3 * * *",
}


@dataclass(slots=True)
class ScriptedApp:
    """An app of one function that notes its calls and then does what the test says."""

    act: Callable[[Invocation], Awaitable[Outcome]] | None = None
    calls: list[Invocation] = field(default_factory=list)
    functions: Sequence[Declared] = ()

    async def invoke(self, invocation: Invocation) -> Outcome:
        self.calls.append(invocation)
        return await self.act(invocation) if self.act else Outcome()

    def close(self) -> None:
        """Nothing is open."""


async def until(true: Callable[[], bool | Awaitable[bool]], seconds: float = 30) -> None:
    """Wait until it is true; a test that waits in vain fails here."""
    async with asyncio.timeout(seconds):
        while not await _answer(true()):  # noqa: ASYNC110 - what happens in storage sets no Event
            await asyncio.sleep(0.03)


async def _answer(given: bool | Awaitable[bool]) -> bool:
    return given if isinstance(given, bool) else await given


def fresh(word: str) -> str:
    """A name that no other test uses."""
    return f"{word}-{uuid4().hex[:12]}"
