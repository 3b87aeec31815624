"""What does something cost that is small where it comes from and large once it is unpacked?"""

import asyncio
import gzip
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest

from shared.adapters import documents, packing
from shared.adapters.callback_sender import CallbackSender
from shared.adapters.documents import decode_state
from shared.adapters.entra_keys import fetch_document
from shared.adapters.insights_http import InsightsHttp
from shared.domain.deliveries import Answer, FlowCall
from shared.errors import DeliveryFailed, IdentityUnavailable, InsightsAnswerInvalid, StateInvalid
from tests.adapters.loopback import Loopback, serving
from tests.contracts import samples
from tests.faults.peak import measured
from tests.faults.profile import pick
from tests.tally import Tally

MEGABYTE = 2**20
LARGE = pick(32, 256) * MEGABYTE
AT_MOST = 12 * MEGABYTE


def packed(packer: Callable[[], "zlib._Compress"], head: bytes = b"", tail: bytes = b"") -> bytes:
    """Much of the same, made small piece by piece."""
    made = packer()
    zeros = b"0" * MEGABYTE
    parts = [made.compress(head), *(made.compress(zeros) for _ in range(LARGE // MEGABYTE)), made.compress(tail)]
    return b"".join((*parts, made.flush()))


def as_gzip() -> "zlib._Compress":
    return zlib.compressobj(9, zlib.DEFLATED, 31)


def as_deflate() -> "zlib._Compress":
    return zlib.compressobj(9)


@pytest.mark.parametrize("name", ["a text", "a list", "blanks", "levels", "gzip in gzip", "many members"])
def test_a_checkpoint_that_is_a_bomb_is_refused_at_its_bound(
    monkeypatch: pytest.MonkeyPatch, tally: Tally, name: str
) -> None:
    """The bound is for honest documents; here it is lower, or the test would need as much memory."""
    monkeypatch.setattr(packing, "_MAX_BYTES", MEGABYTE)
    bomb = {
        "a text": lambda: packed(as_gzip, b'{"v":1,"x":"', b'"}'),
        "a list": lambda: gzip.compress(b'{"v":1,"outbox":[' + b"[]," * 3_000_000 + b"[]]}"),
        "blanks": lambda: gzip.compress(b" " * LARGE, 1),
        "levels": lambda: gzip.compress(b"[" * 900_000),
        "gzip in gzip": lambda: gzip.compress(packed(as_gzip)),
        "many members": lambda: gzip.compress(b" " * 1000) * 20_000,
    }[name]()

    with measured() as peak:
        with pytest.raises(StateInvalid):
            decode_state(bomb)
        assert peak() < AT_MOST
    tally.add()


def test_an_honest_checkpoint_is_far_below_the_bound() -> None:
    assert packing._MAX_BYTES == 256 * MEGABYTE
    state = samples.state("e", *samples.events("e", 500), series=5000)
    size = len(gzip.decompress(documents.encode_state(state)))
    assert size < packing._MAX_BYTES / 100


ENCODINGS: Mapping[str, Callable[[], bytes]] = {
    "gzip": lambda: packed(as_gzip),
    "deflate": lambda: packed(as_deflate),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_an_answer_that_grows_is_left_at_its_bound(encoding: str, tally: Tally) -> None:
    """An answer of Customer Insights, the keys of Entra ID, a flow's refusal."""
    bomb = ENCODINGS[encoding]()
    async with serving() as server, asyncio.timeout(120):
        server.answer(400, bomb, Content_Encoding=encoding)
        del bomb
        for asking in (polled, keys, delivered):
            with measured() as peak:
                await asking(server)
                assert peak() < AT_MOST, asking.__name__
    tally.add(3)


async def polled(server: Loopback) -> None:
    """Ask as a poll does, with the bound of an action lowered."""
    http = InsightsHttp(server.url)
    try:
        with pytest.raises(InsightsAnswerInvalid):
            await http.send(http.request("GET", "/x", {}, {}), max_bytes=MEGABYTE)
    finally:
        await http.close()


async def keys(server: Loopback) -> None:
    """Ask for signing keys."""
    with pytest.raises(IdentityUnavailable):
        await fetch_document(server.url)


async def delivered(server: Loopback) -> None:
    """Call a flow."""
    sender = CallbackSender(allowed_suffixes=[], allow_loopback=True)
    try:
        assert await sender.call(FlowCall(f"{server.url}/flows/f", (samples.event("e"),))) == Answer(400)
    finally:
        await sender.close()


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "identity", "gzip, gzip", "x", "gzip;q=1"])
async def test_an_encoding_that_is_not_what_it_says_is_an_error_of_ours_or_nothing(encoding: str, tally: Tally) -> None:
    async with serving() as server, asyncio.timeout(60):
        server.answer(200, b"not encoded at all", Content_Encoding=encoding)
        http = InsightsHttp(server.url)
        try:
            reply = await http.send(http.request("GET", "/x", {}, {}), once=True)
            assert reply.content == b"not encoded at all"
        except InsightsAnswerInvalid:
            pass
        finally:
            await http.close()
        await delivered_anyhow(server)
    tally.add(2)


async def delivered_anyhow(server: Loopback) -> None:
    """Call a flow whose answer may not be readable."""
    sender = CallbackSender(allowed_suffixes=[], allow_loopback=True)
    try:
        with suppress(DeliveryFailed):
            assert await sender.call(FlowCall(f"{server.url}/flows/f", (samples.event("e"),))) == Answer(200)
    finally:
        await sender.close()
