"""What do callers and the log learn when something of ours breaks at any port, or a request comes to no door?

A request that comes slowly, or never whole, comes to no function: the host reads it to its end first, here and in
Azure, where its front end ends one that takes too long. The local host holds it until its caller leaves.
"""

import asyncio
import inspect
import json
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func
import pytest
import pytest_asyncio
from azure.core.exceptions import HttpResponseError

from functions.access import NEEDS
from functions.answers import status_of
from local.host import web
from local.host.declarations import HttpFunction
from shared.errors import (
    CheckpointConflict,
    DeliveryFailed,
    InsightsError,
    InsightsThrottled,
    InsightsUnavailable,
    MessageInvalid,
    SettingsInvalid,
    SignalsError,
    StateInvalid,
)
from shared.ports import Ports
from tests.access.doors import DOORS
from tests.access.scene import wrapped
from tests.faults.profile import FULL, pick
from tests.faults.scene_app import Address, SceneApp, addresses, http_functions, path_of, scene_app
from tests.functions.conftest import functions
from tests.logs import guarding
from tests.tally import Tally

__all__ = ["functions"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND")
WORD = "5ecret0fTheFlow"
TEXT = (
    f"POST https://prod-01.westeurope.logic.azure.com/workflows/w?sig={WORD} failed, token Bearer {WORD}\nwhsec_{WORD}"
)
FAULTS: Mapping[str, Exception] = {
    "RuntimeError": RuntimeError(TEXT),
    "KeyError": KeyError(TEXT),
    "ValueError": ValueError(TEXT),
    "TypeError": TypeError(TEXT),
    "OSError": OSError(5, TEXT),
    "MemoryError": MemoryError(),
    "RecursionError": RecursionError(TEXT),
    "TimeoutError": TimeoutError(TEXT),
    "AssertionError": AssertionError(TEXT),
    "NotImplementedError": NotImplementedError(TEXT),
    "StopAsyncIteration": StopAsyncIteration(TEXT),
    "UnicodeDecodeError": UnicodeDecodeError("utf-8", TEXT.encode(), 0, 1, TEXT),
    "ExceptionGroup": ExceptionGroup(TEXT, [ValueError(TEXT)]),
    "of the storage": HttpResponseError(TEXT),
    "of a checkpoint": StateInvalid(TEXT),
    "of a race": CheckpointConflict(TEXT),
    "of a message": MessageInvalid(TEXT),
    "of the settings": SettingsInvalid(TEXT),
    "of a delivery": DeliveryFailed(TEXT),
    "of Customer Insights": InsightsUnavailable(TEXT),
    "of Customer Insights, throttled": InsightsThrottled(TEXT, retry_after_seconds=7),
}
QUICK = 5
REPORTED = ("acting.environments", "acting.data_sources", "acting.jobs", "acting.segments", "acting.measures")
# What Customer Insights need not answer: the rest is told, and what is missing is said.
GOES_ON = {(f"send_status_report{version}", use) for version in ("", "_v2") for use in REPORTED}


class Breaking:
    """A port that breaks at one of all the uses of ports."""

    def __init__(self, name: str, port: object, fuse: "Fuse") -> None:
        self._name, self._port, self._fuse = name, port, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)

        def use(*given: Any, **named: Any) -> Any:
            made = found(*given, **named)
            return self._used(name, made) if inspect.iscoroutine(made) else made

        return use if callable(found) else found

    async def _used(self, name: str, work: Coroutine[Any, Any, object]) -> object:
        try:
            self._fuse.use(f"{self._name}.{name}")
        except BaseException:
            work.close()
            raise
        return await work


@dataclass(slots=True)
class Fuse:
    """Raises a fault at one use, counted from 0; `uses` are what was asked of which port."""

    fault: Exception = AssertionError()  # noqa: RUF009 - raised, not changed
    at: int = -1
    uses: list[str] = field(default_factory=list)

    def use(self, name: str) -> None:
        """One use."""
        self.uses.append(name)
        if len(self.uses) - 1 == self.at:
            raise self.fault.with_traceback(None)

    def put_into(self, ports: Ports) -> Ports:
        """The ports, all of them breaking."""
        return wrapped(ports, lambda name, port: Breaking(name, port, self))


class Kept(logging.Handler):
    """What is logged, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[tuple[int, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.lines.append((record.levelno, record.name, self.format(record)))

    def faults(self) -> list[str]:
        """What was said from ERROR on, by the app or by its host."""
        return [name for level, name, _ in self.lines if level >= logging.ERROR]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Kept]:
    kept = Kept()
    with guarding(kept), caplog.at_level(logging.INFO):
        yield kept


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(functions: Sequence[func.Function]) -> AsyncIterator[SceneApp]:
    async with scene_app(functions) as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("chunk", range(6))
async def test_a_fault_at_any_use_of_a_port_is_500_without_a_word(
    running: SceneApp, functions: Sequence[func.Function], log: Kept, chunk: int, tally: Tally
) -> None:
    """One record tells the operator; no answer and no record has a secret. What ours mean is told to the caller, and
    nobody swallows one, but who may go on without what he asked for.
    """
    turn = 7 * chunk
    for address in [one for one in addresses(functions) if one.function in NEEDS][chunk::6]:
        counting = Fuse()
        await running.refurnish(counting.put_into)
        await ask(running, address)
        for at in range(len(counting.uses)):
            turn += 1
            for name in faults(turn):
                fuse = Fuse(FAULTS[name], at)
                await running.refurnish(fuse.put_into)
                log.lines.clear()
                status, told = await ask(running, address)
                problem = what_is_wrong(address, fuse, status, told, log)
                assert not problem, f"{address.function}, {name} at use {at}: {problem}: {status} {told!r} {log.lines}"
                tally.add()


def faults(turn: int) -> Sequence[str]:
    """All of them, or in the quick profile some, and others at the next turn."""
    names = tuple(FAULTS)
    return names if FULL else [names[(turn * QUICK + place) % len(names)] for place in range(QUICK)]


async def ask(running: SceneApp, address: Address) -> tuple[int, bytes]:
    """What a door answers to what it wants."""
    body = None if address.body is None else json.dumps(address.body).encode()
    status, _, told = await running.answer(address.method, address.path, body)
    return status, told


def what_is_wrong(address: Address, fuse: Fuse, status: int, told: bytes, log: Kept) -> str:
    """What is not as it should be."""
    written = "\n".join(line for _, _, line in log.lines)
    if WORD in written:
        return "a secret is logged"
    if WORD in told.decode():
        return "a secret is told"
    known = status_of(fuse.fault) if isinstance(fuse.fault, SignalsError) else None
    goes_on = isinstance(fuse.fault, InsightsError) and (address.function, fuse.uses[fuse.at]) in GOES_ON
    expected = 200 if goes_on else known or 500
    if status != expected:
        return f"not {expected}"
    if len(log.faults()) != (1 if expected >= 500 else 0):
        return f"logged {len(log.faults())} times"
    if known is None:
        return "it tells how" if told else ""
    if goes_on:
        return ""
    error = json.loads(told)["error"]
    return "" if error["code"] == getattr(fuse.fault, "reason", "") and error["message"] else "told as something else"


@pytest.mark.asyncio(loop_scope="module")
async def test_more_than_1000_faults_are_forced(running: SceneApp, functions: Sequence[func.Function]) -> None:
    """In the full profile; every door uses a port but those of constants, and whoever may go on without one asks it."""
    uses = {}
    for address in [one for one in addresses(functions) if one.function in NEEDS]:
        counting = Fuse()
        await running.refurnish(counting.put_into)
        await ask(running, address)
        uses[address.function, address.method] = counting.uses
    assert {name for (name, _), used in uses.items() if not used} == {"list_operation_types", "list_report_types"}
    assert sum(map(len, uses.values())) * len(FAULTS) >= 1000
    assert {(name, use) for (name, _), used in uses.items() for use in used} >= GOES_ON


@pytest.mark.asyncio(loop_scope="module")
async def test_a_method_that_a_path_does_not_have_comes_to_no_function(
    running: SceneApp, functions: Sequence[func.Function], log: Kept, tally: Tally
) -> None:
    known = http_functions(functions)
    for one in known:
        path = path_of(one)
        taken = {method for other in known if fits(other, path) for method in other.methods}
        for method in METHODS:
            if method in taken:
                continue
            log.lines.clear()
            status, _, told = await running.answer(method, path)
            assert (status, told) in ((404, b""), (405, b"")), f"{method} {path}"
            assert not any("Executing" in line for _, _, line in log.lines)
            tally.add()


def fits(function: HttpFunction, path: str) -> bool:
    """Whether a path leads there."""
    return function.route.match(path.partition("?")[0]) is not None


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/", "/api/x", "/admin/host/status", "/admin/functions", "/runtime/webhooks/x", "/.env"]
)
async def test_a_path_that_is_nobodys_is_not_found(running: SceneApp, path: str, tally: Tally) -> None:
    for method in METHODS[:5]:
        status, _, told = await running.answer(method, path)
        assert (status, told) == (404, b"")
        tally.add()


@pytest.mark.asyncio(loop_scope="module")
async def test_requests_that_never_end_come_to_no_function_and_hold_up_nobody(
    running: SceneApp, log: Kept, tally: Tally
) -> None:
    await running.refurnish()
    running.scene.notes.clear()
    host, port = running.app.base.removeprefix("http://").split(":")
    starts = (b"POST /api/unsubscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", b"GET /api/subs", b"P", b"")
    async with asyncio.timeout(60):
        open_ones = [await asyncio.open_connection(host, int(port)) for _ in range(pick(40, 200))]
        for place, (_, writer) in enumerate(open_ones):
            writer.write(starts[place % len(starts)])
            await writer.drain()
        assert (await running.answer("GET", "/api/health/live"))[0] == 200
        assert (await running.answer("GET", "/api/subscriptions"))[0] == 200
        for _, writer in open_ones:
            writer.close()
            await writer.wait_closed()
    executed = [line for _, _, line in log.lines if "Executing" in line]
    assert len(executed) == 2
    tally.add(len(open_ones))


async def test_the_local_host_takes_no_endless_body(
    functions: Sequence[func.Function], monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    """As Azure's front end it takes 100 MB; here it is told to take 1 MB, or every test would send so much."""
    assert web.BODY_LIMIT == 100 * 2**20
    monkeypatch.setattr(web, "BODY_LIMIT", 2**20)
    async with scene_app(functions) as app:
        path = path_of(next(one for one in http_functions(functions) if one.name == "create_item"))
        assert (await app.answer("POST", path, b" " * (2**20 + 1)))[0] == 413
        assert (await app.answer("POST", path, b" " * 2**20))[0] == 400
        tally.add(2)
    assert DOORS["create_item"].body
