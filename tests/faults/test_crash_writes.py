"""Is there a service, or a write of a port, that no crash is tried at?"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import pytest

from shared import services
from shared.domain.catalog import Entity, Partition
from shared.ports import Ports
from shared.services import put_off
from shared.services.count_subscriptions import count_subscriptions
from shared.services.environment_status import environment_status
from shared.services.list_dead import list_dead
from shared.services.list_environments import list_environments
from shared.services.list_events import list_events
from shared.services.list_subscriptions import list_subscriptions
from shared.services.read_partition import read_partition
from shared.stores import EventQuery
from tests.factories import ENVIRONMENT
from tests.faults.crash_fuse import StoryFuse, WatchfulFuse
from tests.faults.crash_story import play
from tests.faults.crash_writes import PROTOCOLS, writes_of
from tests.services.faults import Crash, Fuse, fused
from tests.services.stage import ADMINISTRATOR, Stage
from tests.services.virtual_time import in_virtual_time

READERS: Mapping[str, Callable[[Ports], Awaitable[object]]] = {
    "count_subscriptions": count_subscriptions,
    "environment_status": lambda ports: environment_status(ports, ADMINISTRATOR, ENVIRONMENT),
    "list_dead": lambda ports: list_dead(
        ports, ADMINISTRATOR, environment_id=None, subscription_id=None, after="", top=9
    ),
    "list_environments": lambda ports: list_environments(ports, ADMINISTRATOR, lambda _: "key"),
    "list_events": lambda ports: list_events(ports, ADMINISTRATOR, ENVIRONMENT, EventQuery(), top=9),
    "list_subscriptions": lambda ports: list_subscriptions(
        ports, ADMINISTRATOR, environment_id=None, state="", after="", top=9
    ),
    "read_partition": lambda ports: read_partition(
        ports, ADMINISTRATOR, ports.acting(ADMINISTRATOR, ENVIRONMENT), (ENVIRONMENT, "E", "p"), start=0, length=9
    ),
    "require_overseer": lambda ports: environment_status(ports, ADMINISTRATOR, ENVIRONMENT),
}
SINGLE_CALLS = {"set_segment_active", "cancel_job", "create_item", "update_item"}  # we write nothing beside them


class Anything:
    """Whatever a write is called with: it fails before it looks."""

    def __iter__(self) -> Iterator["Anything"]:
        yield self

    def __getattr__(self, name: str) -> "Anything":
        return self


@contextmanager
def noting_services() -> Iterator[set[str]]:
    """The functions of shared/services that run meanwhile."""
    called: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_globals.get("__name__", "").startswith(f"{services.__name__}."):
            called.add(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(before)


def services_with_ports() -> set[str]:
    """The public functions that are given ports."""
    modules = [
        importlib.import_module(f"{services.__name__}.{one.name}") for one in pkgutil.iter_modules(services.__path__)
    ]
    return {
        name
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
        if any(one.annotation is Ports for one in inspect.signature(function).parameters.values())
    }


def fused_port(port: str) -> object:
    """A port whose every write crashes."""
    kept: object = getattr(fused(Stage(), Fuse(dead=True)), port)
    return kept(ADMINISTRATOR, ENVIRONMENT) if port == "acting" and callable(kept) else kept


def test_every_service_is_in_the_story_or_only_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(put_off, "STEP_SECONDS", 7 * 24 * 3600)
    with noting_services() as called:
        in_virtual_time(play(StoryFuse()))
    found = services_with_ports()
    assert len(found) > 30
    assert "start_refresh" in called
    assert found - called == READERS.keys()


def test_every_write_of_every_port_is_in_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is hit when the story is played with a crash at every write of it."""
    monkeypatch.setattr(put_off, "STEP_SECONDS", 7 * 24 * 3600)
    fuse = WatchfulFuse()
    in_virtual_time(play(fuse))
    wanted = {
        f"{type(fused_port(port)).__name__}.{name}" for port in PROTOCOLS for name in writes_of(PROTOCOLS[port], port)
    }
    assert wanted - fuse.seen == {f"FusedActions.{name}" for name in SINGLE_CALLS}
    assert "ClaimingQueues._keep" in fuse.seen


@pytest.mark.parametrize("name", READERS)
async def test_a_service_that_only_reads_writes_nothing(name: str) -> None:
    stage, fuse = Stage(), Fuse()
    stage.partitions.files["here"] = b"text"
    stage.actions.entity_list = (Entity("E", "E", partitions=(Partition("p", "here"),)),)
    await stage.poll()
    await READERS[name](fused(stage, fuse))
    assert fuse.writes == 0


@pytest.mark.parametrize("port", sorted(PROTOCOLS))
async def test_every_write_of_every_port_can_crash(port: str) -> None:
    """A method that is no read of its port goes through the fuse."""
    kept = fused_port(port)
    for name in writes_of(PROTOCOLS[port], port):
        wanted = inspect.signature(getattr(kept, name)).parameters.values()
        given = [Anything() for one in wanted if one.kind is not one.KEYWORD_ONLY]
        options = {one.name: Anything() for one in wanted if one.kind is one.KEYWORD_ONLY}
        with pytest.raises(Crash):
            await getattr(kept, name)(*given, **options)
