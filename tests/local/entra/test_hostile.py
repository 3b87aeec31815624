"""Whatever is sent, the answer is a token or a refusal in Entra's words, and never a mistake of ours."""

from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.entra.control import Control
from local.entra.directory import API, API_APP, APPS, CONNECTOR, DAEMON, INSIGHTS, MAKER, PASSWORD, TENANT
from local.entra.grants import ON_BEHALF_OF, TokenDesk
from local.entra.mint import Mint
from local.entra.published import PublishedKeys
from local.entra.refusals import RefusedError
from tests.entra import shared_issuer

MINT = Mint(shared_issuer())
SOME_TOKENS = (MINT.user(MAKER), MINT.app(DAEMON), MINT.user(MAKER, oid=None), MINT.user(MAKER, oid=7), "a.b.c")
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["client_credentials", "password", ON_BEHALF_OF, "on_behalf_of", PASSWORD, "local-secret"]),
    st.sampled_from([MAKER.login, CONNECTOR.id, API_APP.id, DAEMON.id, f"{API.uri}/.default", f"{INSIGHTS.uri}/x"]),
    st.sampled_from(SOME_TOKENS),
)
NAMES = ("grant_type", "client_id", "client_secret", "username", "password", "scope", "assertion", "client_assertion")
FORMS = st.dictionaries(st.sampled_from([*NAMES, "requested_token_use", "client_assertion_type"]), VALUES)


@given(FORMS)
def test_any_form_is_answered_or_refused(form: dict[str, str]) -> None:
    status, body = answered(form)
    assert (status == 200) == ("access_token" in body)
    assert status == 200 or (status in (400, 401) and body["error_description"].startswith("AADSTS"))


def answered(form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    try:
        return 200, TokenDesk(shared_issuer(), Control()).answer(form, TENANT)
    except RefusedError as refused:
        return refused.status, refused.body()


@given(st.text(st.characters(codec=None), max_size=60) | st.sampled_from(SOME_TOKENS))
def test_any_text_is_a_token_or_none(text: str) -> None:
    """Half of a character too, which is what a header may hold."""
    claims = shared_issuer().claims_of(text, API.client_id)
    assert claims is None or claims["aud"] == API.client_id


@pytest.mark.parametrize("text", ["", "\udce9", "a.b.c", jwt.encode({}, "k" * 32), MINT.user(MAKER)])
def test_nor_does_a_program_stumble_that_checks_by_published_keys(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ca = tmp_path_factory.mktemp("none") / "ca.pem"
    assert PublishedKeys("https://127.0.0.1:9", ca).claims_of(text, API.client_id) is None


def test_every_app_has_ids_of_its_own() -> None:
    """A token names an app by either of them."""
    ids = [each for app in APPS for each in (app.id, app.object_id)]
    assert len(ids) == len(set(ids)) == 2 * len(APPS)
