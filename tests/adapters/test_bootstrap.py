"""Does the house stand on local settings, and does it leave nothing open?"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from cryptography.fernet import Fernet
from opentelemetry.sdk._logs import LoggerProvider

from local.simulator.model import Scenario
from local.simulator.server import make_app, simulation_of
from shared import bootstrap
from shared.adapters.telemetry_logs import LogExport
from shared.bootstrap import build, house
from shared.domain.checkpoint import EnvironmentState
from shared.domain.deliveries import FlowCall
from shared.domain.events import NumberedEvent
from shared.errors import CallbackRejected, SettingsInvalid
from shared.ports import Queue
from tests.adapters.loopback import Loopback
from tests.contracts import samples
from tests.tokens import ENTRA


@pytest.fixture
async def variables(azurite: str, day: Scenario, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, str]]:
    """The settings of a local run; azure-identity reads the last two from the process."""
    async with TestServer(make_app(simulation_of(day, paused=True))) as server:
        identity = {"IDENTITY_ENDPOINT": str(server.make_url("/identity/token")), "IDENTITY_HEADER": "local"}
        for name, value in identity.items():
            monkeypatch.setenv(name, value)
        yield {
            "AzureWebJobsStorage": azurite,
            "CUSTOMER_INSIGHTS_API_URL": str(server.make_url("/v1")),
            "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "local-key",
            "POLL_SCHEDULE": "0 * * * * *",
            "CALLBACK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "CALLBACK_ALLOW_LOOPBACK": "true",
            **ENTRA,
            **identity,
        }


async def test_every_port_works_and_nothing_is_left_open(
    variables: dict[str, str], loopback: Loopback, day: Scenario
) -> None:
    """Anything that is not closed is a ResourceWarning, which fails the run."""
    environment_id, here = day.environments[0].id, build(variables)
    subscription = samples.subscription(environment_id)
    loopback.answer(202)
    assert (await here.ports.insights.jobs(environment_id, top=1)).jobs
    call = FlowCall(loopback.url, (samples.event(environment_id),))
    assert (await here.ports.flows.call(call)).status == 202
    await here.ports.checkpoints.write(f"{environment_id}-b", EnvironmentState(), None)
    await here.ports.log.append(environment_id, [NumberedEvent(1, samples.event(environment_id))])
    await here.ports.subscriptions.save(subscription)
    assert await here.ports.subscriptions.find(subscription.id) == subscription
    assert await here.ports.claims.forget(samples.NOON.replace(year=2001)) == 0
    assert here.ports.clock().utcoffset() is not None
    assert 0 <= here.ports.jitter() <= 1
    await here.close()
    del here
    gc.collect()
    await asyncio.sleep(0)


async def test_a_house_that_was_never_used_closes_too(variables: dict[str, str]) -> None:
    await build(variables).close()
    gc.collect()


async def test_what_cannot_be_closed_keeps_nothing_else_open(variables: dict[str, str]) -> None:
    """And it is told. The monitor is the last, for it tells of the others."""
    closed: list[str] = []

    class Closing:
        def __init__(self, name: str) -> None:
            self.name = name
            self.handler = LogExport(LoggerProvider(), str)

        def close(self, *_: object) -> Awaitable[None]:
            closed.append(self.name)
            raise OSError(self.name)

    here = build(variables)
    await here.close()
    names = ("flows", "on_behalf_of", "storage", "monitor")
    parts: dict[str, Any] = {name: Closing(name) for name in names}
    parts |= {"connections": [Closing("connection")], "identities": {"": Closing("identity")}}
    with pytest.raises(OSError, match="monitor"):
        await replace(here, **parts).close()
    assert closed == ["flows", "on_behalf_of", "connection", "storage", "identity", "monitor"]


async def test_without_a_managed_identity_the_house_stands_as_well(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere than in Azure it is whoever signed in; that is found out at the first call, not before."""
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.delenv(name)
        del variables[name]
    await build(variables).close()
    gc.collect()


async def test_storage_by_identity_needs_no_key(variables: dict[str, str]) -> None:
    del variables["AzureWebJobsStorage"]
    here = build({**variables, "AzureWebJobsStorage__accountName": "contoso"})
    assert here.storage.blobs.url == "https://contoso.blob.core.windows.net/"
    assert here.storage.queues.get_queue_client(Queue.POLLS.value).url.startswith("https://contoso.queue.core")
    await here.close()


async def test_the_house_decides_which_callbacks_may_be_called(variables: dict[str, str]) -> None:
    open_house, closed_house = build(variables), build({**variables, "CALLBACK_ALLOW_LOOPBACK": "false"})
    assert open_house.parse_callback("http://127.0.0.1:1/x").host == "127.0.0.1"
    with pytest.raises(CallbackRejected):
        closed_house.parse_callback("http://127.0.0.1:1/x")
    assert closed_house.parse_callback(samples.CALLBACK).secret == samples.CALLBACK
    for one in (open_house, closed_house):
        await one.close()


async def test_an_event_loop_has_one_house(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bootstrap, "_houses", {})
    here = house()
    assert house() is here
    await here.close()


def test_a_loop_that_ends_closes_its_house(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The host has no hook for an app's end; its event loop has."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bootstrap, "_houses", {})

    async def use() -> aiohttp.ClientSession:
        session = house().flows._open()
        await asyncio.sleep(0)
        return session

    assert asyncio.run(use()).closed


@pytest.mark.parametrize("missing", ["AzureWebJobsStorage", "CALLBACK_ENCRYPTION_KEYS"])
async def test_settings_that_do_not_do_are_told_before_anything_is_opened(
    variables: dict[str, str], missing: str
) -> None:
    del variables[missing]
    with pytest.raises(SettingsInvalid, match=missing):
        build(variables)


async def test_a_wrong_encryption_key_is_told_before_anything_is_opened(variables: dict[str, str]) -> None:
    with pytest.raises(SettingsInvalid, match="CALLBACK_ENCRYPTION_KEYS"):
        build({**variables, "CALLBACK_ENCRYPTION_KEYS": "short"})
    gc.collect()
