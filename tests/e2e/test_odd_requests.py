"""Odd requests over HTTP, on a storage emulator: they are told what is wrong, and nothing of ours falls over."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

import azure.functions as func
import pytest
from cryptography.fernet import Fernet

from local.azurite import Azurite
from shared.adapters.blobs import BlobClaims
from shared.adapters.cipher import Cipher
from shared.adapters.dead_table import TableDeadDeliveries
from shared.adapters.storage import StorageAccount
from shared.adapters.subscription_table import TableSubscriptions
from shared.domain.deliveries import PoisonMessage
from tests.e2e.app import RunningApp, running_app

ENVIRONMENT = str(uuid4())
CALLBACK = "http://127.0.0.1:9/workflows/w/run?sp=%2Frun&sig=secret"
ODD = (
    *(
        "x",
        ".",
        "a.b",
        "-poison",
        "a'b",
        "a''b",
        "a/b",
        "a\\b",
        "a?b",
        "a#b",
        "a%b",
        "%00",
        "\x00",
        "\x7f",
        "\n",
        " ",
        "*",
    ),
    *("a" * 2000, "é" * 500, "\N{PILE OF POO}", "x' or RowKey ne '", "null", "\u202e", "\ufffe"),
)
IN_PATHS = tuple(one for one in ODD if one != "\n")  # no front lets a line end through
IDS = (*IN_PATHS, *(f"{ENVIRONMENT}.{one}" for one in IN_PATHS))
DEEP = "[" * 900 + "]" * 900


@pytest.fixture
async def app(azurite: str, functions: Sequence[func.Function]) -> AsyncIterator[RunningApp]:
    async with running_app(functions, azurite) as app:
        yield app
        told = b"".join(str(answer.headers).encode() + answer.body for answer in app.answers)
        assert b"sig=secret" not in told


async def test_an_odd_id_is_the_id_of_nothing(app: RunningApp) -> None:
    """Also where there is something to be found: the tables are there."""
    order = {"environmentId": ENVIRONMENT, "callbackUrl": CALLBACK}
    assert (await app.ask("POST", "triggers/unification-completed", order)).status == 201
    await app.house.ports.dead.save_message(PoisonMessage("a", "deliveries", b"x", datetime.now(UTC)))
    for one in IDS:
        odd = quote(one, safe="")
        assert (await app.ask("GET", f"subscriptions/{odd}")).status == 404, one
        assert (await app.ask("DELETE", f"subscriptions/{odd}")).status == 204, one
        assert (await app.ask("POST", f"subscriptions/{odd}/replay?from=2026-01-01T00:00:00Z")).status == 404, one
        assert (await app.ask("POST", f"subscriptions/{odd}/signing-secret")).status == 404, one
        assert (await app.ask("POST", f"deliveries/{odd}/replay")).status == 404, one
        assert (await app.ask("GET", f"deliveries/dead?subscriptionId={odd}")).status in (200, 404), one
        assert (await app.ask("POST", f"triggers/{odd}", {})).status == 404, one
        assert (await app.ask("GET", f"triggers/{odd}/events")).status == 404, one


@pytest.mark.parametrize("odd", ["a/b", "a\\b", "a#b", "a?b", "\x00", "\n", "a" * 2000, "é", ""])
async def test_an_id_that_cannot_be_a_key_never_gets_to_the_storage(odd: str) -> None:
    """Azure answers 400 to it, which would be a 500 of ours; the emulator is more lenient, so there is none here."""
    account = StorageAccount.from_connection_string(Azurite(1, 1, 1).connection_string)
    dead = TableDeadDeliveries(account.tables, BlobClaims(account.blobs))
    subscriptions = TableSubscriptions(account.tables, Cipher([Fernet.generate_key().decode()]))
    for one in (odd, f"{ENVIRONMENT}.{odd}"):
        assert await dead.find(one) is None
        assert await dead.find_message(one) is None
        assert await subscriptions.find(one) is None
        assert await subscriptions.show(one) is None
        assert await subscriptions.find_all([one, f"{one}?"]) == {}
    await account.close()


@pytest.mark.parametrize("path", ["subscriptions", "deliveries/dead", "events", "triggers/process-ended/events"])
async def test_an_odd_parameter_is_a_mistake_or_finds_nothing(app: RunningApp, path: str) -> None:
    names = ("after", "environmentId", "subject", "triggerState", "since", "type", "top", "operationTypes", "x")
    for one in ODD:
        for name in names:
            here = "" if name == "environmentId" else f"environmentId={ENVIRONMENT}&"
            answer = await app.ask("GET", f"{path}?{here}{name}={quote(one, safe='')}")
            assert answer.status in (200, 202, 400), (name, one, answer)
            assert answer.status != 400 or answer.json["error"]["field"], answer


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ('"threshold": 123456789012345678901234567890, "label": "\\ud83d\\udca9 ÆØÅ"', 201),
        ('"threshold": 0.1000000000000000000000000000000000000001', 201),
        ('"threshold": -1e60, "rearmAt": -2e60', 201),
        ('"threshold": 1e400', 400),
        ('"threshold": ' + "9" * 5000, 400),
        ('"threshold": "NaN"', 400),
        ('"threshold": true', 400),
        ('"threshold": 1, "label": "a\\u0000b"', 400),
        ('"threshold": 1, "label": "\\ud800"', 400),
        (f'"threshold": {DEEP}', 400),
        (f'"threshold": 1, "rearmAt": {DEEP}', 400),
        (f'"threshold": 1, "label": {DEEP}', 400),
        (f'"threshold": 1, "environmentId": {DEEP}', 400),
        (f'"threshold": 1, "callbackUrl": {DEEP}', 400),
        (f'"threshold": 1, "batch": {DEEP}', 400),
        (f'"threshold": 1, "odd": {DEEP}', 400),
        ('"threshold": 1, "": 1', 400),
        ('"threshold": 1, "sig=secret": 1', 400),
    ],
)
async def test_an_odd_order_is_kept_as_it_is_or_refused(app: RunningApp, fields: str, status: int) -> None:
    """Every digit and letter comes back; a mistake names its field; nothing is 500."""
    body = f'{{"environmentId": "{ENVIRONMENT}", "callbackUrl": "{CALLBACK}", "segmentName": "Ærø \'1\'", {fields}}}'
    answer = await app.ask("POST", "triggers/segment-threshold-crossed", body.encode())
    assert answer.status == status, answer
    if status == 400:
        assert answer.json["error"]["code"]
        return
    shown = await app.ask("GET", answer.headers["Location"])
    assert shown.json["filters"]["segmentName"] == "Ærø '1'"
    assert (await app.ask("DELETE", answer.headers["Location"])).status == 204
