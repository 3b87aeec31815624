"""Who is given a token of ours: flows that need one, and nobody else."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestError
from azure.identity import CredentialUnavailableError

from shared.adapters.callback_sender import CallbackSender
from shared.domain.deliveries import FlowCall
from shared.errors import CallbackRejected, DeliveryFailed
from tests.adapters.flow_hosts import CLASSIC, NEAR, NEW, OTHER, flow_hosts
from tests.adapters.loopback import Asked, Loopback
from tests.adapters.vendor import chain
from tests.contracts import samples

EVENT = samples.event("e-1")
UNSIGNED = ["", "/", "/x?api-version=1", "/x?sigma=1&design=2", "/sig=abc/x", "/x?a=b&sig=", "/x?a=sig"]
SIGNED = [
    "/x?sig=s3cr3t",
    "/x?api-version=1&sp=%2Frun&sv=1.0&sig=aB%2Bc-_d",
    "?sig=s3cr3t",
    "/x?sig=s3cr3t&api-version=1",
    "/x?a=b&&sig=s3cr3t",
    "/x?SIG=s3cr3t",
    "/x?%73ig=s3cr3t",
    "/x?a=b&s%69g=s3cr3t",
    "/x?sig=%20",
    "/x?sig==",
]
FAILURES = [
    AzureError("AADSTS700016: tenant 1234"),
    ClientAuthenticationError("AADSTS7000215: s3cr3t"),
    CredentialUnavailableError("no identity at http://169.254.169.254"),
    ServiceRequestError("cannot reach login.microsoftonline.com"),
]


@dataclass
class Tokens:
    """Gives token-1, token-2 ..., or fails."""

    failure: Exception | None = None
    given: int = 0
    _count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def __call__(self) -> str:
        if self.failure is not None:
            raise self.failure
        self.given = next(self._count)
        return f"token-{self.given}"


async def sent_to(url: str, token: Callable[[], Awaitable[str]] | None) -> list[Asked]:
    async with flow_hosts(token=token) as hosts:
        assert (await hosts.sender.call(FlowCall(url, (EVENT,)))).status == 202
        return hosts.flow.asked


@pytest.mark.parametrize("host", [NEW, NEW.upper(), f"{NEW}:443"])
@pytest.mark.parametrize("rest", UNSIGNED)
async def test_a_flow_on_a_listed_host_whose_url_has_no_signature_gets_a_token(host: str, rest: str) -> None:
    tokens = Tokens()
    (asked,) = await sent_to(f"https://{host}{rest}", tokens)
    assert (asked.headers["Authorization"], tokens.given) == ("Bearer token-1", 1)


@pytest.mark.parametrize("host", [NEW, NEW.upper()])
@pytest.mark.parametrize("rest", SIGNED)
async def test_a_flow_whose_url_is_signed_gets_no_token(host: str, rest: str) -> None:
    """A flow refuses a call that has both; and the token is asked for by nobody."""
    tokens = Tokens()
    (asked,) = await sent_to(f"https://{host}{rest}", tokens)
    assert ("Authorization" in asked.headers, tokens.given) == (False, 0)


@pytest.mark.parametrize("host", [OTHER, CLASSIC, *NEAR])
@pytest.mark.parametrize("rest", UNSIGNED + SIGNED)
async def test_another_host_gets_no_token_though_it_may_be_called(host: str, rest: str) -> None:
    """A flow of a stranger too, on a host that Microsoft's customers share."""
    tokens = Tokens()
    (asked,) = await sent_to(f"https://{host}{rest}", tokens)
    assert ("Authorization" in asked.headers, tokens.given) == (False, 0)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("rest", UNSIGNED + SIGNED)
async def test_ones_own_machine_gets_no_token(loopback: Loopback, name: str, rest: str) -> None:
    loopback.answer(202)
    tokens = Tokens()
    sender = CallbackSender(allowed_suffixes=[], allow_loopback=True, token=tokens, token_hosts=[NEW])
    await sender.call(FlowCall(loopback.url.replace("127.0.0.1", name) + rest, (EVENT,)))
    await sender.close()
    assert ("Authorization" in loopback.asked[0].headers, tokens.given) == (False, 0)


async def test_a_sender_without_an_identity_sends_no_token() -> None:
    (asked,) = await sent_to(f"https://{NEW}/x", None)
    assert "Authorization" not in asked.headers


async def test_every_call_asks_for_its_token_anew() -> None:
    """The identity keeps it for as long as it is valid, the sender does not."""
    async with flow_hosts(token=Tokens()) as hosts:
        for _ in range(2):
            await hosts.sender.call(FlowCall(f"https://{NEW}/x", (EVENT,)))
        assert [asked.headers["Authorization"] for asked in hosts.flow.asked] == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_without_a_token_the_flow_is_not_called_and_the_failure_tells_no_detail(failure: Exception) -> None:
    async with flow_hosts(token=Tokens(failure)) as hosts:
        with pytest.raises(DeliveryFailed) as caught:
            await hosts.sender.call(FlowCall(f"https://{NEW}/x?secret=s3cr3t", (EVENT,)))
        assert (hosts.flow.asked, hosts.names.asked) == ([], [])
    assert caught.value.reason == "flow_token"
    assert str(caught.value) == f"The app has no token for {NEW}."
    assert list(chain(caught.value)) == [caught.value]


async def test_a_failing_token_stops_no_call_that_needs_none() -> None:
    async with flow_hosts(token=Tokens(FAILURES[0])) as hosts:
        for url in (f"https://{NEW}/x?sig=s", f"https://{OTHER}/x"):
            assert (await hosts.sender.call(FlowCall(url, (EVENT,)))).status == 202


@pytest.mark.parametrize("url", [f"https://{NEW}.evil.com/x", f"http://{NEW}/x", f"https://evil.com/{NEW}", "https://"])
async def test_a_url_that_may_not_be_called_asks_for_no_token(url: str) -> None:
    tokens = Tokens()
    async with flow_hosts(token=tokens) as hosts:
        with pytest.raises(CallbackRejected):
            await hosts.sender.call(FlowCall(url, (EVENT,)))
    assert tokens.given == 0
