"""Who brings a token that is wrong in one thing stays outside, and is not told why."""

import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import azure.functions as func
import pytest

from local.entra.directory import TENANT
from shared import bootstrap
from shared.adapters.entra_tokens import TokenValidator
from tests.access import hostile_claims, hostile_tokens
from tests.access.forging import MixedIssuer
from tests.access.hostile_claims import Row
from tests.access.houses import rebuilt
from tests.functions.support import Caller, http, told
from tests.services.stage import Stage
from tests.tally import Tally
from tests.tokens import AUTHORITY, Published, bearer

FAMILIES = (
    hostile_claims.times,
    hostile_claims.issuers,
    hostile_claims.audiences,
    hostile_claims.who,
    hostile_claims.scopes,
    hostile_claims.app_roles,
    hostile_tokens.algorithms,
    hostile_tokens.keys,
    hostile_tokens.key_ids,
    hostile_tokens.headers,
    hostile_tokens.forms,
    hostile_tokens.contents,
    hostile_tokens.of_others,
)
AT_LEAST = 60
ANSWERS = {
    401: (
        "not_authenticated",
        "Send an access token for this app as Authorization: Bearer; docs/access.md says where it comes from.",
    ),
    403: ("forbidden", "The token does not allow this; docs/access.md says which scope or role each call needs."),
}

CHALLENGES: Mapping[object, str] = {
    401: f'Bearer authorization_uri="{AUTHORITY}/{TENANT}/oauth2/v2.0/authorize", error="invalid_token"',
    "permission_missing": 'Bearer error="insufficient_scope"',
}


@pytest.fixture
async def publishing(stage: Stage) -> Published:
    """The keys that the house checks tokens with: the tenant's, and some beside them that are not for its tokens."""
    published = Published(MixedIssuer())
    rebuilt(tokens=TokenValidator(bootstrap.house().settings.entra, published))
    return published


def test_there_are_hundreds_of_them_no_two_alike() -> None:
    names = [row.name for row in chain.from_iterable(family() for family in FAMILIES)]
    print(f"{len(names)} hostile tokens")
    assert len(names) == len(set(names)) >= AT_LEAST


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.__module__.split('.')[-1]}.{family.__name__}")
async def test_none_is_let_in_and_the_log_says_why_but_the_answer_does_not(
    stage: Stage,
    publishing: Published,
    call: Caller,
    caplog: pytest.LogCaptureFixture,
    tally: Tally,
    family: Callable[[], Iterator[Row]],
) -> None:
    expected, found = {}, {}
    for row in family():
        caplog.clear()
        with caplog.at_level(logging.INFO):
            answer = await call("get_subscriptions", http(headers=bearer(row.token)))
        expected[row.name] = (row.status, row.reason)
        found[row.name] = (answer.status_code, *(record.__dict__["reason"] for record in caplog.records))
        if found[row.name] == expected[row.name]:
            assert_it_tells_nothing(answer, CHALLENGES.get(row.status if row.status == 401 else row.reason, ""))
    tally.add(len(expected))
    assert found == expected
    assert publishing.key_requests <= 1


def assert_it_tells_nothing(answer: func.HttpResponse, challenge: str) -> None:
    """Every refusal of a status has the same body, and its challenge no more than the kind of the mistake."""
    code, message = ANSWERS[answer.status_code]
    assert told(answer) == {"error": {"code": code, "message": message}}
    assert answer.headers.get("WWW-Authenticate", "") == challenge
