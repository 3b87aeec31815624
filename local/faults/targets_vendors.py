"""Which bytes come from services that we call: Customer Insights, its storage, Entra ID, flows?"""

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cache
from types import SimpleNamespace
from typing import Any

import msal
from yarl import URL

from local.entra.directory import TENANT
from local.faults.target import AUTHORITY, ENVIRONMENT, Target, promise, run, text_of
from local.faults.targets_callers import entra, issuer, published
from local.faults.vendor_samples import ACTED, EXCHANGED, PARTLY, POLLED
from shared.adapters.acting_for import StoragePartitions
from shared.adapters.callback_sender import _code
from shared.adapters.entra_keys import TenantKeys
from shared.adapters.insights_actions import CustomerInsightsActions
from shared.adapters.insights_api import CustomerInsightsApi
from shared.adapters.insights_http import Reply, served_at
from shared.adapters.memory_actions import MemoryActions, MemoryPartitions
from shared.adapters.on_behalf_of import OnBehalfOf, _forgetful, _NobodysAnswers
from shared.adapters.retry_after import MAX_SECONDS, http_date, retry_after_seconds
from shared.domain.callers import Caller
from shared.domain.catalog import Entity, Partition
from shared.errors import ClaimsNeeded, Conflict, Forbidden, IdentityUnavailable, InsightsError, NotAuthenticated
from shared.ports import NamedKind
from shared.services.read_partition import read_partition

Calls = Sequence[Callable[[Any], Awaitable[object]]]
_STATUSES = (200, 200, 200, 200, 201, 202, 206, 302, 400, 401, 403, 404, 409, 412, 416, 429, 500)
_E = ENVIRONMENT
_ASSERTION = "what the user called with"
POLLS: Calls = (
    lambda api: api.jobs(_E, top=10),
    lambda api: api.job(_E, "j"),
    lambda api: api.nodes(_E),
    lambda api: api.data_sources(_E),
    lambda api: api.segments(_E, history_days=1),
    lambda api: api.measures(_E),
    lambda api: api.measure(_E, "m", history_days=1),
    lambda api: api.measure_row(_E, "m", (("Country", "NO"),)),
    lambda api: api.knows(_E, NamedKind.DATA_SOURCE, "d"),
)
ACTIONS: Calls = (
    lambda api: api.environments(),
    lambda api: api.my_roles(_E),
    lambda api: api.data_sources(_E),
    lambda api: api.data_source(_E, "d"),
    lambda api: api.segments(_E),
    lambda api: api.measures(_E),
    lambda api: api.measure(_E, "m"),
    lambda api: api.jobs(_E, top=10),
    lambda api: api.job(_E, "j"),
    lambda api: api.start_job(_E, "all"),
    lambda api: api.cancel_job(_E, "j"),
    lambda api: api.entities(_E),
    lambda api: api.entity(_E, "Customer"),
    lambda api: api.entity_size(_E, "Customer"),
    lambda api: api.items(_E, "Customer", {}),
    lambda api: api.create_item(_E, "Customer", b"{}", {}),
    lambda api: api.update_item(_E, "Customer", "c1", b"{}", {}),
)


class Canned:
    """A connection whose every answer is the same: a status, two headers' texts and a body, as the bytes say."""

    base_url = "https://api.ci.ai.dynamics.com/v1"

    def __init__(self, body: bytes) -> None:
        status, _, rest = body.partition(b"\n")
        wait, _, rest = rest.partition(b"\n")
        said, _, content = rest.partition(b"\n")
        named = {"Retry-After": text_of(wait), "Date": text_of(wait)}
        named |= dict.fromkeys(("WWW-Authenticate", "Content-Range", "ETag"), text_of(said))
        self.reply = Reply(_STATUSES[sum(status) % len(_STATUSES)], named, content)

    def request(self, *_: object, **__: object) -> None:
        """Nobody reads it."""

    async def send(self, *_: object, **__: object) -> Reply:
        """The answer."""
        return self.reply


def poll_answer(body: bytes) -> None:
    """An answer to a poll: the first byte says to which call of it."""
    api: Any = CustomerInsightsApi(_canned(body[1:]), lambda _: "key", monotonic=lambda: 0.0)
    run(_asked(POLLS, body, api))


def action_answer(body: bytes) -> None:
    """An answer to an action: of a user's, or of an application's."""
    token: Any = _Token() if body[:1] < b"\x80" else None
    run(_asked(ACTIONS, body, CustomerInsightsActions(_canned(body[1:]), "key", token)))


def partition(body: bytes) -> None:
    """An answer of the storage: every byte of it is told, as text or in base64."""
    http = _canned(body)
    storage: Any = StoragePartitions(http, _exchange(), (".blob.core.windows.net",))
    location = "https://a.blob.core.windows.net/c/p.csv?sig=x"
    stretch = run(storage.read(Caller("maker"), location, start=0, length=1000))
    files = MemoryPartitions()
    files.files[location] = stretch.content
    actions = MemoryActions()
    actions.entity_list = (Entity("Customer", "Customers", partitions=(Partition("p1", location),)),)
    ports: Any = SimpleNamespace(partitions=files)
    piece = run(read_partition(ports, Caller("maker"), actions, (_E, "Customer", "p1"), start=0, length=100))
    promise(piece.bytes or not stretch.content, "a piece of nothing, which looks like the end")


def location(body: bytes) -> None:
    """Where a partition lies, as the API says: no other host is asked."""
    asked = _canned(b"\n\n\n")
    storage: Any = StoragePartitions(asked, _exchange(), (".blob.core.windows.net",))
    given = text_of(body)
    _exchange().of(json.dumps(EXCHANGED[0]).encode())
    run(storage.read(Caller("maker", tenant_id=TENANT, token=_ASSERTION), given, start=0, length=10))
    promise(_dialled(given).endswith(".blob.core.windows.net"), "another host is dialled")


def keys(body: bytes) -> None:
    """What is at the keys' address."""
    promise(run(_tenant_keys(published_keys=body).find(issuer().key.id)), "no key")


def metadata(body: bytes) -> None:
    """What is at the metadata's address: it names the tenant's own issuer, or nothing is read."""
    run(_tenant_keys(metadata=body).find(issuer().key.id))
    promise(issuer().issuer_of(TENANT, 2) in json.loads(body)["issuer"], "metadata of another issuer")


def exchange(body: bytes) -> None:
    """Entra ID's answer to an exchange of tokens, through msal: a token is one word, or there is none."""
    try:
        found = _exchange().of(body)
        promise(found.isascii() and " " not in found and found, "a token that is no word")
    finally:
        promise(_exchanges_again(), "an odd answer breaks the exchanges after it")


def retry_after(body: bytes) -> None:
    """A Retry-After or a Date: within a day, or nothing."""
    text = text_of(body)
    wait, moment = retry_after_seconds(text), http_date(text)
    promise(wait is None or 0 <= wait <= MAX_SECONDS, "a wait of more than a day")
    promise(moment is None or moment.tzinfo, "a moment without an offset")
    served_at(Reply(200, {"Date": text}, b""))


def flow_answer(body: bytes) -> None:
    """The body of a flow's refusal: a code is a short word."""
    found = _code(body)
    promise(not found or (len(found) <= 100 and found.isascii() and found.isprintable()), "a code that is no word")


def vendor_targets() -> Sequence[Target]:
    """All of them."""
    asked = (InsightsError, ClaimsNeeded, Forbidden, Conflict)
    unknown = (NotAuthenticated, IdentityUnavailable)
    exchanged = (ClaimsNeeded, Forbidden, IdentityUnavailable)
    return (
        Target("answer to a poll", poll_answer, asked, lambda: _seeds(POLLED)),
        Target("answer to an action", action_answer, asked, lambda: _seeds(ACTED)),
        Target("partition", partition, asked, lambda: [b"\x00\n\nbytes 0-7/8\na,b\n1,2\n", b'\x06\n\n"v1"\n\x00\xff']),
        Target("location", location, asked, lambda: [b"https://acc.blob.core.windows.net/c/p.csv?sig=x"]),
        Target("signing keys", keys, unknown, lambda: [json.dumps(issuer().jwks(TENANT)).encode()]),
        Target("metadata", metadata, unknown, lambda: [run(published("metadata"))]),
        Target("token exchange", exchange, exchanged, lambda: [json.dumps(one).encode() for one in EXCHANGED]),
        Target("Retry-After", retry_after, (), lambda: [b"120", b"Mon, 02 Mar 2026 12:00:00 GMT", b"1e9", b""]),
        Target(
            "answer of a flow", flow_answer, (), lambda: [b'{"error": {"code": "WorkflowNotFound", "message": "x"}}']
        ),
    )


def _seeds(answers: Sequence[object]) -> list[bytes]:
    """Each answer to the call at its place, as 200, and a few refusals."""
    heads = (
        b"\x00\n\n\n",
        *(bytes((status,)) + b'\n60\nBearer claims="e30=", error="insufficient_claims"\n' for status in (8, 9, 15)),
    )
    told = [bytes((place,)) + heads[0] + json.dumps(one).encode() for place, one in enumerate((*answers, PARTLY))]
    fault = {"errorCode": "BadRequest", "message": "It is not.", "name": "Name"}
    return [*told, *(b"\x01" + head + json.dumps(fault).encode() for head in heads[1:])]


async def _asked(calls: Calls, body: bytes, api: object) -> None:
    await calls[(body[0] if body else 0) % len(calls)](api)


def _exchanges_again() -> bool:
    """Whether one of the next two exchanges succeeds."""
    for _ in range(2):
        with suppress(IdentityUnavailable):
            return bool(_exchange().of(json.dumps(EXCHANGED[0]).encode()))
    return False


def _dialled(address: str) -> str:
    """The host that would be called."""
    try:
        return (URL(address).host or "").lower()
    except ValueError:
        raise InsightsError("It names no host.") from None  # as InsightsHttp tells it


def _canned(body: bytes) -> Any:
    return Canned(body)


class _Token:
    """A user's token."""

    async def get(self) -> str:
        """It."""
        return "token"

    def forget(self) -> None:
        """It was refused."""


def _tenant_keys(published_keys: bytes | None = None, metadata: bytes | None = None) -> TenantKeys:
    async def fetch(url: str) -> bytes:
        odd = published_keys if url.endswith("/keys") else metadata
        return await published(url) if odd is None else odd

    return TenantKeys(AUTHORITY, TENANT, fetch, lambda: 0.0)


class _Exchange(OnBehalfOf):
    """Asks msal, whom no network answers; nothing is remembered from one exchange to the next."""

    def __init__(self) -> None:
        super().__init__(entra(), _never, lambda: self.count * MAX_SECONDS)
        self.count = 0
        self.answer = b""

    def of(self, answer: bytes) -> str:
        """The token that an answer gives."""
        self.count, self.answer = self.count + 1, answer
        return run(self.token(f"assertion {self.count}", TENANT, "scope"))

    def _app(self, tenant_id: str) -> msal.ConfidentialClientApplication:
        if tenant_id not in self._apps:
            self._apps[tenant_id] = msal.ConfidentialClientApplication(
                entra().client_id,
                authority=f"{AUTHORITY}/{tenant_id}",
                client_credential=entra().client_secret,
                instance_discovery=False,
                http_client=self,
                token_cache=_forgetful(),
                http_cache=_NobodysAnswers(),
            )
        return self._apps[tenant_id]

    def get(self, url: str, **_: object) -> SimpleNamespace:
        """The metadata."""
        at = f"{AUTHORITY}/{TENANT}"
        named = {"authorization_endpoint": f"{at}/a", "token_endpoint": f"{at}/token", "issuer": f"{at}/v2.0"}
        return SimpleNamespace(status_code=200, headers={}, text=json.dumps(named))

    def post(self, url: str, **_: object) -> SimpleNamespace:
        """The answer: the odd one."""
        return SimpleNamespace(status_code=200, headers={}, text=self.answer.decode("utf-8", "replace"))


@cache
def _exchange() -> _Exchange:
    return _Exchange()


async def _never(scope: str) -> str:
    raise AssertionError(scope)
