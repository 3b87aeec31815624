"""Is anything that a token says, or the token itself, to be found afterwards in logs, answers or stores?"""

import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.access import NEEDS
from local.entra.directory import ADMIN, DAEMON, INSIGHTS, NOBODYS_APP, TENANT
from shared.adapters.on_behalf_of import OnBehalfOf
from shared.entra_settings import read_entra_settings
from shared.errors import InsightsUnavailable, NotAuthenticated, SignalsError
from tests.access.doors import DOORS
from tests.access.forging import flipped, header_of, opened, signed, unsigned
from tests.access.houses import rebuilt
from tests.access.scene import Scene
from tests.e2e.canary import LOUD, Haystack, LogKeeper
from tests.entra import running_entra
from tests.functions.support import Caller
from tests.services.stage import Stage
from tests.tokens import ENTRA, MINT, bearer, validator

CANARY = "CANARYj7Qe2Xu9Lm4Zk8Rt5Wp1"
SAID: Mapping[str, str] = {
    "name": f"Ada {CANARY}",
    "preferred_username": f"{CANARY}@contoso.example",
    "upn": f"{CANARY}@contoso.example",
    "unique_name": CANARY,
    "email": f"{CANARY}@contoso.example",
    "ipaddr": CANARY,
    "aio": CANARY,
    "uti": CANARY,
    "sub": CANARY,
    "nonce": CANARY,
}
ALL = "Insights.Read Insights.Write Triggers.Manage"
NAMED = ("urllib3", "requests", "msal", "msal.token_cache")


@pytest.fixture
def logs() -> Iterator[LogKeeper]:
    """All that is logged at DEBUG, before anything is taken out of it."""
    kept, root = LogKeeper(), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in (*LOUD, *NAMED)}
    root.addHandler(kept)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield kept
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    root.removeHandler(kept)


def good() -> str:
    """A token that is let in everywhere, full of what nobody needs to know."""
    return MINT.user(ADMIN, **{**SAID, "scp": f"{ALL} {CANARY}", "roles": ["Insights.Admin", CANARY]})  # type: ignore[arg-type]


def bad() -> Mapping[str, str]:
    """The same, each refused for another reason."""
    said = opened(good())[1]
    return {
        "signature_wrong": flipped(good(), 2),
        "not_a_token": f"{good()}.{CANARY}",
        "algorithm_not_allowed": unsigned(header_of(alg="none"), said, CANARY.encode()),
        "unknown_key": signed(header_of(kid="unknown"), said),
        "expired": signed(header_of(), {**said, "exp": 1}),
        "audience_not_ours": MINT.user(ADMIN, resource=INSIGHTS, **SAID),  # type: ignore[arg-type]
        "claims_incomplete": signed(header_of(), {**said, "azp": f"{CANARY} {CANARY}", "oid": f"{CANARY} "}),
        "claims_unreadable": signed(header_of(), {**said, "scp": [CANARY]}),
        "calling_app_not_listed": MINT.user(ADMIN, app=NOBODYS_APP, **SAID),  # type: ignore[arg-type]
        "permission_missing": MINT.user(ADMIN, scopes=(CANARY,), **SAID),  # type: ignore[arg-type]
        "neither_user_nor_application": MINT.app(DAEMON, idtyp=CANARY, name=CANARY),
    }


def parts_of(token: str) -> list[str]:
    """What of a token must not be found, beside the canary: its payload and its signature."""
    return [part for part in token.split(".")[1:] if len(part) > 20]


async def test_nothing_of_a_token_is_left_behind(stage: Stage, call: Caller, logs: LogKeeper) -> None:
    """At every door, whether it opens, stays shut, or what is behind it fails."""
    haystack, secrets, statuses = Haystack(), [CANARY], set[int]()
    for name in NEEDS:
        calls = [("", good()), ("failing", good()), *bad().items()]
        for why, token in calls:
            scene = Scene(f"{TENANT}/{ADMIN.oid}")
            rebuilt(ports=await scene.ports())
            scene.stage.actions.failure = InsightsUnavailable() if why == "failing" else None
            answer = await call(name, DOORS[name].asked(bearer(token)))
            statuses.add(answer.status_code)
            secrets += parts_of(token)
            haystack.add("answer", answer.get_body() + str(dict(answer.headers)).encode())
            haystack.add_all("store", map(str, scene.kept()))
    haystack.add_all("log", logs.texts)
    assert haystack.places_of(secrets) == set()
    assert {200, 201, 202, 204, 401, 403, 502} <= statuses
    assert sum("reason='" in text for text in logs.texts) >= len(NEEDS) * len(bad())
    haystack.add("log", f"planted {good()}")
    assert haystack.places_of([CANARY]) == {"log"}


@pytest.mark.parametrize("why", bad())
async def test_each_of_these_tokens_is_refused_for_its_own_reason(why: str) -> None:
    if why != "permission_missing":
        with pytest.raises(SignalsError) as refused:
            await validator(read_entra_settings(ENTRA, [])).principal_of(bad()[why])
        assert refused.value.reason == why
        assert CANARY not in repr(refused.value.__dict__)


async def test_a_principal_and_a_caller_do_not_show_the_token() -> None:
    """They may end up in a log some day."""
    principal = await validator(read_entra_settings(ENTRA, [])).principal_of(MINT.user(ADMIN, **SAID))  # type: ignore[arg-type]
    assert CANARY not in repr(principal)


async def test_neither_token_of_an_exchange_is_left_in_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs: LogKeeper
) -> None:
    """With Microsoft's own library, over TLS: what came in, what came out, the app's secret; also when it fails."""
    with running_entra(tmp_path) as entra:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(entra.certificate.bundle))
        wanted = {"ENTRA_AUTHORITY": entra.issuer.authority, "ENTRA_CLIENT_SECRET": "local-secret"}
        exchange = OnBehalfOf(read_entra_settings({**ENTRA, **wanted}, []), never)
        token = entra.mint.user(ADMIN, **SAID)  # type: ignore[arg-type]
        scope = f"{INSIGHTS.uri}/.default"
        got = await exchange.token(token, TENANT, scope)
        with pytest.raises(SignalsError):
            await exchange.token(flipped(token, 2), TENANT, scope)
        entra.control.challenged.add(ADMIN.oid)
        with pytest.raises(NotAuthenticated):
            await exchange.token(entra.mint.user(ADMIN, **SAID), TENANT, scope)  # type: ignore[arg-type]
    haystack = Haystack()
    haystack.add_all("log", logs.texts)
    assert haystack.places_of([CANARY, "local-secret", *parts_of(token), *parts_of(got)]) == set()
    assert len(logs.texts) > 5


async def never(scope: str) -> str:
    """The identity's token, where a secret is set."""
    raise AssertionError(scope)


ODD = st.text(min_size=1) | st.sampled_from(
    ["a\nWARNING root: all is well", "a\r\nb", "\x1b[2J", "\u2028", "x" * 65, "\x85"]
)


@given(claim=st.sampled_from(["kid", "tid", "azp", "appid"]), text=ODD)
async def test_whatever_a_token_says_the_log_gets_plain_words_of_it(claim: str, text: str) -> None:
    """Of claims that nobody has checked, too: no line of its own, no colours, nothing long."""
    with pytest.raises(NotAuthenticated) as refused:
        await validator(read_entra_settings(ENTRA, [])).principal_of(unsigned_with(claim, text))
    for value in refused.value.named.values():
        assert re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value)


def unsigned_with(claim: str, text: str) -> str:
    """A token that nobody signed, with a text for a claim, or for the key's id."""
    header, said = opened(MINT.user(ADMIN))
    return unsigned({**header, "kid": text}, said) if claim == "kid" else unsigned(header, {**said, claim: text})


@pytest.mark.parametrize("claim", ["kid", "tid", "azp", "appid"])
@pytest.mark.parametrize(
    "text", ["a\nWARNING root: all is well", "a\r\nb", "\x1b[2Jb", "a\u2028b", "x" * 5000, "a\x00b"]
)
async def test_a_refusal_is_one_line(stage: Stage, call: Caller, logs: LogKeeper, claim: str, text: str) -> None:
    await call("get_subscriptions", DOORS["get_subscriptions"].asked(bearer(unsigned_with(claim, text))))
    (told,) = [one for one in logs.texts if one.startswith("functions.access")]
    assert told.splitlines()[1].startswith("Refused get_subscriptions: ")
    assert not [word for word in (text, "\x1b", "well", "xxxx") if word in told]


async def test_the_log_names_the_key_that_the_header_names() -> None:
    """A claim of that name is the bearer's own invention; and so is a tenant in the header."""
    header, said = opened(MINT.user(ADMIN))
    token = unsigned({**header, "kid": "of-header", "tid": "of-header"}, {**said, "kid": "of-claims"})
    with pytest.raises(NotAuthenticated) as refused:
        await validator(read_entra_settings(ENTRA, [])).principal_of(token)
    assert (refused.value.named["kid"], refused.value.named["tid"]) == ("of-header", TENANT)
