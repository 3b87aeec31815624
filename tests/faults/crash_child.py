"""How does a process play a story and kill itself on the way? With SIGKILL: nothing is flushed, no `finally` runs."""

import asyncio
import importlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.adapters.own_storage import PLACES
from tests.faults.crash_cloud import cloud_at
from tests.faults.crash_cloud_story import play_on
from tests.faults.crash_fuse import StoryFuse
from tests.faults.crash_history import History
from tests.faults.crash_host import in_silence

Places = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is to play, and at which write it is to die (0: at none)."""

    connection_string: str
    places: Places
    environment: str
    history: Path
    write: int = 0
    after: bool = False


class DeadlyFuse(StoryFuse):
    """Kills the process."""

    def _blow(self) -> None:
        self.tell()
        os.kill(os.getpid(), signal.SIGKILL)


def own_places() -> Places:
    """The names of tables and containers here, for another process."""
    return {(module.__name__, name): getattr(module, name) for module, name in PLACES}


def run(order: Order) -> None:
    """Play what the history has not as done, or die."""
    for (module, name), place in order.places.items():
        setattr(importlib.import_module(module), name, place)
    with in_silence():
        asyncio.run(_play(order))


async def _play(order: Order) -> None:
    fuse = DeadlyFuse(frozenset({order.write} - {0}), order.after)
    async with cloud_at(order.connection_string, fuse, retries=False) as cloud:
        await play_on(cloud, fuse, History(order.history), order.environment)
