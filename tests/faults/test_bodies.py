"""What comes of bodies that are too large, too deep or no JSON, at every door and wherever else bytes are read?

Azure's host takes a request's body whole before it calls the app, up to 100 MB, and bounds how slowly it may come; what
reaches our code is bytes in memory. Slowness there is of answers only: tests/adapters has their deadlines.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import islice

import azure.functions as func
import pytest
import pytest_asyncio

from functions.answers import MAX_BODY_BYTES
from local.faults import target
from local.faults.targets import TARGETS
from tests.access.doors import DOORS
from tests.access.forging import header_of, segment, signed
from tests.faults.hostile_bodies import DOCUMENTS, LARGE, LARGEST, TYPES, VALUES, nested, spoiled
from tests.faults.peak import measured
from tests.faults.profile import FULL, pick
from tests.faults.scene_app import Address, SceneApp, addresses, scene_app
from tests.functions.conftest import call, functions, stage
from tests.functions.support import SECRETS, SHOWS_A_SECRET, Caller, http
from tests.logs import silence
from tests.services.stage import Stage
from tests.tally import Tally
from tests.tokens import bearer

__all__ = ["call", "functions", "stage"]
READING = frozenset(
    {"subscribe_to_trigger", "unsubscribe_without_location", "create_item", "update_item", "replay_dead_delivery"}
)
WITHOUT_A_BODY = frozenset({"replay_dead_delivery"})  # it may have one
OF_ANY_OBJECT = frozenset({"create_item", "update_item"})  # Customer Insights says what it takes
BLANK = ("nothing", "blanks", "16 megabytes of nothing")
FEW = ("deep arrays", "1e999999", "gzip", "NULs", "UTF-16", "no end")
MEGABYTE = 2**20
LEAST_SHOWN = 60  # of a long name


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(functions: Sequence[func.Function]) -> AsyncIterator[SceneApp]:
    async with scene_app(functions) as made:
        yield made


def hostile(address: Address) -> Mapping[str, bytes]:
    """What is sent to a door: everything to those that read bodies, and in the quick profile a few to the others."""
    if address.function in READING or FULL:
        return {**DOCUMENTS, **LARGE}
    return {name: DOCUMENTS[name] for name in FEW}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("chunk", range(4))
async def test_no_body_breaks_a_door(
    running: SceneApp, functions: Sequence[func.Function], chunk: int, tally: Tally
) -> None:
    """Who reads it says what is wrong with it, who does not read it answers as ever, and nobody shows how he works."""
    for address in addresses(functions)[chunk::4]:
        await running.refurnish()
        as_ever, _, _ = await running.answer(address.method, address.path)
        for name, body in hostile(address).items():
            await running.refurnish()
            status, headers, told = await running.answer(address.method, address.path, body)
            problem = what_is_wrong(address, as_ever, name, (status, headers, told))
            assert not problem, f"{address.function}, {name}: {problem}: {status} {told[:200]!r}"
            tally.add()


def what_is_wrong(address: Address, as_ever: int, name: str, answer: tuple[int, Mapping[str, str], bytes]) -> str:
    """What is not as it should be with an answer."""
    status, headers, told = answer
    text = told.decode()
    if (
        "Traceback" in text
        or "msgspec" in text
        or (address.function != SHOWS_A_SECRET and any(secret in text for secret in SECRETS))
    ):
        return "it shows too much"
    if headers.get("Content-Type") != "application/json":
        return "no JSON"
    if address.function not in READING or (address.function in WITHOUT_A_BODY and name in BLANK):
        return "" if status == as_ever else f"not {as_ever} as without a body"
    if address.function in OF_ANY_OBJECT and status < 300:
        return "" if is_object(name) else "taken"
    error = json.loads(told)["error"]
    if name in LARGE and error["code"] != "body_too_large":
        return "another reason"
    mend = error["message"] and (error.get("field") or error["code"] == "insights_declined")
    return "" if status == 400 and mend else "not told what to mend"


def is_object(name: str) -> bool:
    """Whether a body is an object of JSON."""
    try:
        return isinstance(json.loads(DOCUMENTS[name]), dict)
    except ValueError:
        return False


@pytest.mark.asyncio(loop_scope="module")
async def test_a_body_of_exactly_64_kib_is_read(running: SceneApp, tally: Tally) -> None:
    path = f"/api/environments/{DOORS['create_item'].route['environmentId']}/entities/Customer/items"
    for body, expected in ((LARGEST, 201), (LARGE["one byte too many"], 400)):
        assert (await running.answer("POST", path, body))[0] == expected
        tally.add()
    assert (len(LARGEST), len(LARGE["one byte too many"])) == (MAX_BODY_BYTES, MAX_BODY_BYTES + 1)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_body_is_said_to_be_decides_nothing(running: SceneApp, tally: Tally) -> None:
    """It is JSON or refused, so that no page of another site can have something else read into it."""
    for content_type in TYPES:
        for body, expected in ((json.dumps(DOORS["subscribe_to_trigger"].body).encode(), 201), (b"a=1", 400)):
            await running.refurnish()
            sent = {"Content-Type": content_type} if content_type.isascii() else {}
            status, *_ = await running.answer("POST", "/api/triggers/data-source-refresh-failed", body, sent)
            assert status == expected, (content_type, body)
            tally.add()


async def test_what_a_body_costs_is_bounded(stage: Stage, call: Caller, tally: Tally) -> None:
    """However large or deep it is, reading it takes a few times 64 KiB."""
    for body in {**DOCUMENTS, **LARGE}.values():
        request = http(body, trigger="data-source-refresh-failed")
        with measured() as peak:
            answer = await call("subscribe_to_trigger", request)
            most = peak()
        assert answer.status_code == 400
        assert most < 2 * MEGABYTE, body[:50]
        tally.add()
        tally.figure("most memory for a hostile body (KB)", round(most / 1000))


@pytest.mark.parametrize("body", nested(5000).values(), ids=nested(5000))
async def test_a_token_that_is_deep_is_no_token(stage: Stage, call: Caller, body: bytes, tally: Tally) -> None:
    """Signed or not, in its header or its payload."""
    good = segment(header_of())
    for token in (
        f"{segment(body[:9000])}.{segment(b'{}')}.{segment(b'x')}",
        f"{good}.{segment(body[:9000])}.{segment(b'x')}",
        signed(header_of(), body[:9000]),
        signed(body[:9000], body[:200]),
    ):
        answer = await call("get_subscriptions", http(headers=bearer(token)))
        assert answer.status_code == 401
        tally.add()


@pytest.mark.parametrize("name", VALUES)
async def test_a_parameter_may_be_anything(stage: Stage, call: Caller, name: str, tally: Tally) -> None:
    """triggerState, dimensions and all the others: what is wrong is named."""
    odd = VALUES[name].decode("utf-8", "replace")
    measure = {"environmentId": "e", "measureName": "m", "alias": "Total", "threshold": "1"}
    for parameter in ("triggerState", "dimensions", "threshold", "top", "environmentId", "rearmAt", "measureName", odd):
        asked = {**measure, parameter: odd}
        answer = await call("poll_trigger_events", http(query=asked, trigger="measure-threshold-crossed"))
        assert answer.status_code == 202 or is_named(answer, parameter), (parameter, answer.get_body())
        tally.add()
    for parameter in ("after", "since", "type", "subject", "top"):
        answer = await call("get_events", http(query={"environmentId": "e", parameter: odd}))
        assert answer.status_code == 200 or is_named(answer, parameter), (parameter, answer.get_body())
        tally.add()


def is_named(answer: func.HttpResponse, parameter: str) -> bool:
    """Whether a refusal says that it is for this parameter, or for one that begins so, to programs and to people."""
    error = json.loads(answer.get_body())["error"]
    start = error["field"]
    named = start == parameter or (len(start) >= LEAST_SHOWN and parameter.startswith(start))
    return (answer.status_code, error["code"], named) == (400, "request_invalid", True) and start in error["message"]


@pytest.mark.parametrize("name", TARGETS)
def test_an_odd_value_at_any_place_of_a_document_is_read_or_refused(name: str, tally: Tally) -> None:
    """Messages, claims, checkpoints, answers, tokens, orders: each value of each sample is replaced."""
    one = TARGETS[name]
    with silence():
        for head, document in map(parted, one.seeds()):
            for body in islice(spoiled(document, VALUES) if document else (), 0, None, pick(5, 1)):
                one.take(head + body)
                tally.add()
    target.close()


def parted(seed: bytes) -> tuple[bytes, bytes]:
    """What stands before a sample's JSON, and the JSON; none where there is none."""
    start = seed.rfind(b"\0{") + 1 or max(seed.rfind(b"\n{"), seed.rfind(b"\n[")) + 1
    return (seed[:start], seed[start:]) if seed[start : start + 1] in (b"{", b"[") else (seed, b"")
