"""Where a partition may lie: no other host is called, and none is sent a token that it does not need."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest

from shared.adapters.acting_for import StoragePartitions
from shared.adapters.insights_http import InsightsHttp
from shared.adapters.on_behalf_of import OnBehalfOf
from shared.domain.callers import Caller
from shared.entra_settings import read_entra_settings
from shared.errors import (
    Conflict,
    Forbidden,
    InsightsAnswerInvalid,
    InsightsError,
    InsightsNotFound,
    InsightsUnavailable,
)
from shared.settings import DEFAULT_PARTITION_HOSTS
from tests.adapters.loopback import Loopback
from tests.tokens import ENTRA

USER = Caller("tenant/user", tenant_id="tenant", token="assertion")
APPLICATION = Caller("tenant/app", environments=frozenset({"*"}))
ELSEWHERE = (
    "",
    "part-00000",
    "https://example.com/p",
    "https://blob.core.windows.net/p",
    "https://evilblob.core.windows.net.example.com/p",
    "https://example.com/.blob.core.windows.net/p",
    "https://example.com?x=.blob.core.windows.net",
    "https://example.com#.blob.core.windows.net",
    "https://a.blob.core.windows.net@example.com/p",
    "https://user@a.blob.core.windows.net/p",
    "https://user:secret@a.blob.core.windows.net/p",
    "https://example.com\\@a.blob.core.windows.net/p",
    "https://a.blob.core.windows.net:8443/p",
    "https://a.blob.core.windows.net:x/p",
    "https://a.blob.core.windows.net:99999/p",
    "https://[::1/p",
    "https://[::1]/p",
    "http://a.blob.core.windows.net/p",
    "ftp://a.blob.core.windows.net/p",
    "//a.blob.core.windows.net/p",
    "file:///etc/passwd",
    "https://169.254.169.254/metadata/identity/oauth2/token",
    "https://exam\nple.com/a.blob.core.windows.net",
    "https://a.blob.core.windows.net/p\r\nX: y",
    "https://a.blob.core.windows.net/p\x00",
    "http://127.0.0.1:1/p",
)


class Exchange(OnBehalfOf):
    """Gives any user a token; `tokens` are the scopes that it was for."""

    def __init__(self) -> None:
        super().__init__(read_entra_settings(ENTRA, []), self.of_identity)
        self.tokens: list[str] = []

    async def token(self, assertion: str, tenant_id: str, scope: str) -> str:
        self.tokens.append(scope)
        return f"for-{assertion}"

    async def of_identity(self, scope: str) -> str:
        raise AssertionError(scope)


class Storage:
    """Reads at the loopback server."""

    def __init__(self, url: str) -> None:
        self.http, self.exchange = InsightsHttp(url), Exchange()
        self.reader = StoragePartitions(self.http, self.exchange, DEFAULT_PARTITION_HOSTS)

    @property
    def tokens(self) -> list[str]:
        return self.exchange.tokens


@pytest.fixture
async def storage(loopback: Loopback) -> AsyncIterator[Storage]:
    made = Storage(loopback.url)
    yield made
    await made.http.close()


@pytest.mark.parametrize("location", ELSEWHERE)
@pytest.mark.parametrize("caller", [USER, APPLICATION], ids=["user", "application"])
async def test_a_place_elsewhere_is_refused_without_a_call(
    storage: Storage, loopback: Loopback, caller: Caller, location: str
) -> None:
    with pytest.raises(InsightsAnswerInvalid) as refusal:
        await storage.reader.read(caller, location, start=0, length=10)
    assert refusal.value.reason == "partition_host_not_allowed"
    assert "secret" not in str(refusal.value)
    assert not loopback.asked
    assert not storage.tokens


async def test_a_signed_place_is_read_as_it_is_and_without_a_token(storage: Storage, loopback: Loopback) -> None:
    loopback.answer(206, b"0123456789", Content_Range="bytes 5-14/40")
    place = "/container/a%20file.csv?sv=2023-11-03&sig=a%2Bb%2Fc%3D&sp=r"
    found = await storage.reader.read(APPLICATION, loopback.url + place, start=5, length=10)
    assert (found.content, found.total_bytes) == (b"0123456789", 40)
    (asked,) = loopback.asked
    path, _, query = asked.raw_path.partition("?")
    assert path == "/container/a%20file.csv"
    assert parse_qs(query) == {"sv": ["2023-11-03"], "sig": ["a+b/c="], "sp": ["r"]}
    assert asked.headers["Range"] == "bytes=5-14"
    assert "Authorization" not in asked.headers
    assert "Ocp-Apim-Subscription-Key" not in asked.headers


async def test_another_place_is_read_with_a_users_token(storage: Storage, loopback: Loopback) -> None:
    """Also where only the file's name looks like a signature."""
    loopback.answer(206, b"0", Content_Range="bytes 0-0/1")
    for place in ("/container/file", "/sig=x/file"):
        await storage.reader.read(USER, loopback.url + place, start=0, length=10)
    assert [asked.headers["Authorization"] for asked in loopback.asked] == ["Bearer for-assertion"] * 2
    assert storage.tokens == ["https://storage.azure.com/.default"] * 2


async def test_another_place_is_not_read_for_an_application(storage: Storage, loopback: Loopback) -> None:
    for place in ("/container/file", "/sig=x/file", "/container/file?sv=1#sig=x"):
        with pytest.raises(Forbidden) as refusal:
            await storage.reader.read(APPLICATION, loopback.url + place, start=0, length=10)
        assert refusal.value.reason == "storage_forbidden"
    assert not loopback.asked


async def test_a_file_that_was_written_anew_is_not_read_on(storage: Storage, loopback: Loopback) -> None:
    """Pieces of two files are no file."""
    loopback.answer(206, b"0", Content_Range="bytes 0-0/9", ETag='"0x8D1"')
    loopback.answer(412, b"")
    first = await storage.reader.read(USER, f"{loopback.url}/f", start=0, length=1)
    with pytest.raises(Conflict) as refusal:
        await storage.reader.read(USER, f"{loopback.url}/f", start=1, length=1, version=first.version)
    assert refusal.value.reason == "partition_changed"
    assert [asked.headers.get("If-Match") for asked in loopback.asked] == [None, '"0x8D1"']


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (200, b"0123456789", {}, (b"56789", 10)),
        (206, b"56", {"Content_Range": "bytes 5-6/10"}, (b"56", 10)),
        (416, b"", {"Content_Range": "bytes */3"}, (b"", 3)),
        (416, b"", {}, (b"", 5)),
    ],
)
async def test_what_storage_answers(
    storage: Storage, loopback: Loopback, status: int, body: bytes, headers: dict[str, str], expected: tuple[bytes, int]
) -> None:
    loopback.answer(status, body, **headers)
    found = await storage.reader.read(APPLICATION, f"{loopback.url}/f?sig=x", start=5, length=10)
    assert (found.content, found.total_bytes) == expected


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (206, {}, InsightsAnswerInvalid),
        (206, {"Content_Range": "bytes 0-1/*"}, InsightsAnswerInvalid),
        (401, {}, Forbidden),
        (403, {}, Forbidden),
        (404, {}, InsightsNotFound),
        (302, {"Location": "http://127.0.0.1:1/"}, InsightsUnavailable),
        (400, {}, InsightsUnavailable),
        (409, {}, InsightsUnavailable),
    ],
)
async def test_what_storage_refuses(
    storage: Storage, loopback: Loopback, status: int, headers: dict[str, str], error: type[Exception]
) -> None:
    """A size that is not told would make the file end too soon."""
    loopback.answer(status, b"01", **headers)
    with pytest.raises(error) as refusal:
        await storage.reader.read(APPLICATION, f"{loopback.url}/f?sig=secret", start=0, length=10)
    assert "secret" not in str(refusal.value)
    assert len(loopback.asked) == 1


async def test_more_than_was_asked_for_is_not_taken(storage: Storage, loopback: Loopback) -> None:
    loopback.answer(200, b"x" * 5000)
    with pytest.raises(InsightsError) as refusal:
        await storage.reader.read(USER, f"{loopback.url}/f", start=0, length=1024)
    assert refusal.value.reason == "answer_too_large"
