"""Does a partner that drips, stalls or pours hold anything up for longer than it may, or fill the memory?

A flow's drips, its bodies of 100 MB and its redirects are in tests/adapters/test_callback_limits.py; drips of the API
are cells of the matrix (test_fault_matrix.py).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from azure.core.exceptions import ServiceResponseTimeoutError

from local.entra.certificate import make_certificate
from local.faults.kinds import Fault, Kind
from local.faults.proxy import HOST
from local.simulator.scenario import load_scenario
from shared.adapters import callback_sender, entra_keys, on_behalf_of, storage
from shared.adapters.callback_sender import CallbackSender
from shared.adapters.storage import StorageAccount
from shared.domain.deliveries import FlowCall
from shared.errors import DeliveryFailed, IdentityUnavailable
from tests.adapters.conftest import SCENARIOS
from tests.adapters.flow_hosts import NEW, flow_hosts
from tests.adapters.loopback import serving
from tests.contracts import samples
from tests.faults.matrix_cells import Partner
from tests.faults.matrix_issuer import before_the_issuer
from tests.faults.matrix_partners import storage_behind
from tests.faults.matrix_scale import short_waits
from tests.faults.peak import measured
from tests.tally import Tally

EVENT = samples.event("e-1")
BOUND_SECONDS = 60  # for what must end within one or two
DRIP = Fault(Kind.BANDWIDTH, bytes_per_second=20)
SILENCE = Fault(Kind.TIMEOUT)


async def read_blob(account: StorageAccount) -> None:
    await (await account.blobs.get_blob_client("checkpoints", "none").download_blob()).readall()


async def list_rows(account: StorageAccount) -> None:
    _ = [row async for row in account.tables.get_table_client("none").query_entities("PartitionKey eq 'x'")]


async def send_message(account: StorageAccount) -> None:
    await account.queues.get_queue_client("none").send_message("x")


@pytest.mark.parametrize("fault", [DRIP, SILENCE], ids=["drips", "is-silent"])
@pytest.mark.parametrize(
    ("partner", "ask"),
    [(Partner.BLOB, read_blob), (Partner.TABLE, list_rows), (Partner.QUEUE, send_message)],
    ids=lambda one: str(one) if isinstance(one, Partner) else "",
)
async def test_storage_that_never_answers_whole_is_given_up(
    partner: Partner,
    ask: Callable[[StorageAccount], Awaitable[None]],
    fault: Fault,
    azurite: str,
    monkeypatch: pytest.MonkeyPatch,
    tally: Tally,
) -> None:
    """The SDK waits for each byte anew, for a table's first one five minutes, and three times again."""
    monkeypatch.setattr(storage, "ATTEMPT_SECONDS", 0.3)
    async with AsyncExitStack() as stack, asyncio.timeout(BOUND_SECONDS):
        with short_waits():
            account, proxy = await stack.enter_async_context(storage_behind(partner, azurite))
        await proxy.begin(fault)
        with pytest.raises(ServiceResponseTimeoutError):
            await ask(account)
        assert proxy.befell[fault.kind] > 1, "it was not tried again"
        await proxy.end()
    tally.add()


async def test_a_token_endpoint_that_drips_holds_up_nobody_beyond_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    """By itself msal waits ten seconds for each byte anew. Whoever asks next is told at once."""
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.bundle))
    monkeypatch.setenv("NO_PROXY", HOST)
    monkeypatch.setattr(on_behalf_of, "_DEADLINE_SECONDS", 0.5)
    day = load_scenario(SCENARIOS / "day.toml")
    async with asyncio.timeout(BOUND_SECONDS), before_the_issuer(day, certificate) as (entrance, proxy):
        await proxy.begin(DRIP)
        for asked in (1, 1):
            with pytest.raises(IdentityUnavailable) as caught:
                await entrance.act()
            assert (caught.value.reason, proxy.accepted) == ("token_exchange_unreachable", asked)
        await proxy.end()
    tally.add()


async def test_a_key_server_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch, tally: Tally) -> None:
    """Byte by byte within TLS, which the proxy cannot do: every byte comes in time."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(2000):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    monkeypatch.setattr(entra_keys, "_FETCH_SECONDS", 0.4)
    async with asyncio.timeout(BOUND_SECONDS), serving() as server:
        server.answers.append(drip)
        with pytest.raises(IdentityUnavailable) as caught:
            await entra_keys.fetch_document(f"{server.url}/keys")
    assert caught.value.reason == "signing_keys_unavailable"
    tally.add()


async def test_an_identity_that_never_gives_its_token_holds_up_a_delivery_no_longer_than_a_flow_may(
    monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    async def never() -> str:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(callback_sender, "TIMEOUT_SECONDS", 0.3)
    async with asyncio.timeout(BOUND_SECONDS), flow_hosts(token=never) as hosts:
        with pytest.raises(DeliveryFailed) as caught:
            await hosts.sender.call(FlowCall(f"https://{NEW}/workflows/w-1", (EVENT,)))
        assert (caught.value.reason, hosts.flow.asked) == ("flow_token", [])
    tally.add()


@pytest.mark.parametrize(
    "line",
    [b"X-Padding: " + b"x" * 1000 + b"\r\n", b"x" * 65536, b"".join(b"X-%d: y\r\n" % place for place in range(5000))],
    ids=["many-headers", "one-endless-header", "many-names"],
)
async def test_headers_without_an_end_are_not_read(line: bytes, tally: Tally) -> None:
    """Whatever a flow pours, a call keeps a few hundred kilobytes of it at most."""
    poured = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal poured
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 202 Accepted\r\n" + (b"X-Long: " if b"\n" not in line else b""))
            while True:
                writer.write(line)
                poured += len(line)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    sender = CallbackSender(allowed_suffixes=[], allow_loopback=True)
    async with asyncio.timeout(BOUND_SECONDS), await asyncio.start_server(pour, HOST, 0) as server:
        url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}/workflows/w-1?sig=s3cr3t"
        with measured() as peak:
            with pytest.raises(DeliveryFailed) as caught:
                await sender.call(FlowCall(url, (EVENT,)))
            most = peak()
        await sender.close()
    assert caught.value.reason == "protocol"
    assert most < 4 * 1024 * 1024
    assert poured < 32 * 1024 * 1024
    tally.add()
    tally.figure("peak memory of a call to a flow that pours headers (MB)", round(most / 1024**2, 1))
