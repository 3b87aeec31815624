"""What does a poll cost? Requests are counted at the transport: the simulator's calls and every storage request."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestServer
from cryptography.fernet import Fernet

from bench.counted import ports_on
from local.counting import Ledger, Sent, counted_account
from local.simulator.scenario import load_scenario
from local.simulator.server import make_app, simulation_of
from local.simulator.simulation import Simulation
from shared.adapters.callback_sender import CallbackSender
from shared.adapters.cipher import Cipher
from shared.ports import Ports
from shared.services.poll_environment import PollOutcome, poll_environment
from tests.adapters.vendor import Credential, calling

TARGET = '[[processes]]\nname = "Export {n}"\noperation = "export"\nid = "Export{n}"\n'
HEAD = """
title = "An export of {count} targets"
start = 2026-03-02T00:00:00Z
end = 2026-03-03T00:00:00Z
[environment]
id = "{environment}"
name = "Cost"
[[jobs]]
name = "Export"
at = "06:00"
operation = "export"
submission = "scheduled"
minutes = 10
"""


@dataclass(slots=True)
class Moving:
    """Our own clock, moved by a test."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class Day:
    """An environment whose only job exports to so many targets from 06:00 to 06:10, watched through real adapters."""

    simulation: Simulation
    ledger: Ledger
    ports: Ports
    clock: Moving

    @property
    def environment_id(self) -> str:
        return self.simulation.scenario.environments[0].id

    def wait(self, **passed: float) -> None:
        """Let time pass, here and at the source."""
        self.clock.now += timedelta(**passed)
        self.simulation.clock = self.simulation.clock.at(self.simulation.now() + timedelta(**passed))

    async def poll(self) -> PollOutcome:
        """Poll, and count only this."""
        self.ledger.clear()
        self.simulation.calls.clear()
        return await poll_environment(self.ports, self.environment_id)

    @property
    def commits(self) -> list[Sent]:
        """Writes of the checkpoint."""
        return [one for one in self.ledger.of("blob", "PUT") if "/checkpoints/" in one.url]


@pytest.fixture
def count() -> int:
    """How many targets the export has."""
    return 1


@pytest.fixture
async def day(azurite: str, tmp_path: Path, count: int) -> AsyncIterator[Day]:
    scenario = tmp_path / "cost.toml"
    targets = "".join(TARGET.format(n=number) for number in range(count))
    scenario.write_text(HEAD.format(count=count, environment=uuid4()) + targets, encoding="utf-8")
    simulation, credential, ledger = simulation_of(load_scenario(scenario), paused=True), Credential(), Ledger()
    account = counted_account(azurite, ledger)
    async with TestServer(make_app(simulation, issuer=credential.issuer)) as server:
        flows = CallbackSender(allowed_suffixes=[])
        clock = Moving(simulation.now())
        async with calling(str(server.make_url("/v1")), credential) as api:
            cipher = Cipher([Fernet.generate_key().decode()])
            ports = replace(ports_on(account, api, flows, cipher), clock=clock)
            yield Day(simulation, ledger, ports, clock)
        await flows.close()
        await account.close()


async def test_an_idle_poll_is_one_call_and_one_read_that_brings_nothing_and_writes_nothing(day: Day) -> None:
    await day.poll()
    for _ in range(4):
        day.wait(minutes=1)
        outcome = await day.poll()
        assert not outcome.committed
        assert dict(day.simulation.calls) == {"GET jobs": 1}
        assert [(one.service, one.method, one.status) for one in day.ledger.sent] == [("blob", "GET", 304)]


async def test_after_five_quiet_minutes_one_write_more_is_the_heartbeat(day: Day) -> None:
    await day.poll()
    for minute in range(1, 13):
        day.wait(minutes=1)
        await day.poll()
        assert dict(day.simulation.calls) == {"GET jobs": 1}
        assert [(one.method, one.status) for one in day.ledger.reads] == [("GET", 304)]
        assert len(day.ledger.writes) == len(day.commits) == (1 if minute in (5, 10) else 0)


async def test_a_running_job_that_did_not_move_costs_no_more_than_an_idle_poll(day: Day) -> None:
    day.wait(hours=6, minutes=1)
    await day.poll()
    day.wait(seconds=20)
    assert (await day.poll()).running
    assert dict(day.simulation.calls) == {"GET jobs": 1}
    assert [(one.service, one.method, one.status) for one in day.ledger.sent] == [("blob", "GET", 304)]


@pytest.mark.parametrize("count", [1, 60, 500])
async def test_a_poll_with_news_commits_twice_whatever_their_number(day: Day, count: int) -> None:
    """Once with the events in the outbox, and once to clear it."""
    day.wait(hours=5)
    await day.poll()
    day.wait(hours=2)
    assert (await day.poll()).events == count
    assert len(day.commits) == 2
    assert day.simulation.calls["GET jobs"] == 1
    stored = await day.ports.checkpoints.read(day.environment_id)
    assert stored is not None
    assert (stored.state.sequence, stored.state.outbox) == (count, ())
    log = await day.ports.log.read(day.environment_id, after=0, limit=1000)
    assert [one.sequence for one in log] == list(range(1, count + 1))


@pytest.mark.parametrize("count", [500])
async def test_five_hundred_events_cost_a_few_requests_not_hundreds(day: Day, count: int) -> None:
    day.wait(hours=5)
    await day.poll()
    day.wait(hours=2)
    assert (await day.poll()).events == count
    assert len(day.ledger.of("table", "POST")) <= 7
    assert len(day.ledger.of("queue", "POST")) <= 15
    assert day.ledger.of("blob", "PUT") == day.commits
