"""Is there any token at which the check breaks, rather than say no?"""

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from local.entra.directory import MAKER
from shared.entra_settings import read_entra_settings
from shared.errors import Forbidden, NotAuthenticated
from tests.access.forging import Claims, header_of, opened, segment, signed
from tests.tokens import ENTRA, MINT, validator

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
CLAIM = st.sampled_from(["exp", "nbf", "iat", "iss", "aud", "sub", "tid", "oid", "ver", "azp", "scp", "roles", "idtyp"])


@cache
def good_claims() -> Claims:
    """What a good token says."""
    return opened(MINT.user(MAKER))[1]


async def refusal(token: str) -> str:
    """Why it is not taken; anything but a refusal of ours breaks the test."""
    try:
        await validator(read_entra_settings(ENTRA, [])).principal_of(token)
    except (NotAuthenticated, Forbidden) as refused:
        return refused.reason
    return ""


@given(st.text() | st.binary().map(segment) | st.lists(st.binary().map(segment), max_size=4).map(".".join))
async def test_any_text_is_refused(text: str) -> None:
    assert await refusal(text)


@given(header=JSON, payload=JSON, signature=st.binary(min_size=1))
async def test_any_header_with_any_payload_is_refused(header: object, payload: object, signature: bytes) -> None:
    assert await refusal(f"{segment(header)}.{segment(payload)}.{segment(signature)}")


@given(st.dictionaries(CLAIM, JSON, min_size=1))
async def test_whatever_claims_are_signed_the_answer_is_yes_or_no(changed: dict[str, object]) -> None:
    await refusal(signed(header_of(), {**good_claims(), **changed}))


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip", "cty"]), JSON, min_size=1))
async def test_whatever_the_header_says_the_answer_is_yes_or_no(changed: dict[str, object]) -> None:
    await refusal(signed({**header_of(), **changed}, good_claims()))
