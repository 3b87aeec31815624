"""Are calls signed as Standard Webhooks 1.0.0 says, and is a secret changed without a call that fails?"""

import base64
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.domain.signatures import OVERLAP, REPEATED_WITHIN, SigningSecret, new_secret, rotated, sign, valid

# The published example of the Standard Webhooks libraries. It opens nothing: whoever scans for secrets may let it pass.
PUBLIC_VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # gitleaks:allow
PUBLIC_VECTOR = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
PUBLIC_VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SECRETS = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
BODIES = st.text(max_size=200).map(str.encode)


def verifies(secret: str, signature: str, message_id: str, timestamp: int, body: bytes) -> bool:
    """What the official library says."""
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except WebhookVerificationError:
        return False
    return True


def test_the_public_vector_is_signed_as_published() -> None:
    assert sign([PUBLIC_VECTOR_SECRET], *PUBLIC_VECTOR) == PUBLIC_VECTOR_SIGNATURE


def test_a_secret_may_come_without_its_prefix() -> None:
    assert sign([PUBLIC_VECTOR_SECRET.removeprefix("whsec_")], *PUBLIC_VECTOR) == PUBLIC_VECTOR_SIGNATURE


def test_the_official_library_verifies_10_000_random_bodies() -> None:
    chance = random.Random(20260504)  # noqa: S311 - the same bodies every time
    now = int(datetime.now(UTC).timestamp())
    refused = 0
    for place in range(10_000):
        secret = "whsec_" + base64.b64encode(chance.randbytes(chance.randint(24, 64))).decode()
        body = "".join(
            chr(chance.choice((chance.randint(0, 127), chance.randint(160, 50_000)))) for _ in range(place % 60)
        )
        refused += not verifies(
            secret, sign([secret], f"msg-{place}", now, body.encode()), f"msg-{place}", now, body.encode()
        )
    assert refused == 0


@given(st.lists(SECRETS, min_size=1, max_size=4, unique=True), BODIES)
def test_each_of_several_secrets_verifies_and_no_other(secrets: list[str], body: bytes) -> None:
    now = int(datetime.now(UTC).timestamp())
    signature = sign(secrets, "msg-1", now, body)
    assert [verifies(secret, signature, "msg-1", now, body) for secret in secrets] == [True] * len(secrets)
    assert not verifies(new_secret(), signature, "msg-1", now, body)


@given(SECRETS, BODIES, BODIES)
def test_another_body_id_or_time_has_another_signature(secret: str, body: bytes, other: bytes) -> None:
    signatures = {
        sign([secret], "msg-1", 1, body),
        sign([secret], "msg-2", 1, body),
        sign([secret], "msg-1", 2, body),
        sign([secret], "msg-1", 1, body + b" "),
    }
    assert len(signatures) == 4
    assert (sign([secret], "msg-1", 1, body) == sign([secret], "msg-1", 1, other)) == (body == other)


def test_without_a_secret_there_is_no_signature() -> None:
    assert sign([], "msg-1", 1, b"{}") == ""


def test_a_new_secret_is_random_and_as_long_as_the_specification_asks() -> None:
    made = {new_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) for secret in made} == {32}
    assert all(secret.startswith("whsec_") for secret in made)


@pytest.mark.parametrize(
    ("moment", "signing"),
    [
        (NOW, ("new", "old")),
        (NOW + OVERLAP - timedelta(microseconds=1), ("new", "old")),
        (NOW + OVERLAP, ("new",)),
        (NOW + OVERLAP * 400, ("new",)),
    ],
)
def test_both_secrets_sign_for_a_day_and_then_only_the_new_one(moment: datetime, signing: tuple[str, ...]) -> None:
    assert valid(rotated([SigningSecret("old")], "new", NOW), moment) == signing


def test_the_overlap_is_a_day() -> None:
    assert timedelta(hours=24) == OVERLAP


def test_a_second_change_within_the_day_ends_the_oldest_secret_at_once() -> None:
    """Whoever changes twice has lost one: it must not go on for a day."""
    twice = rotated(rotated([SigningSecret("first")], "second", NOW), "third", LATER)
    assert valid(twice, LATER) == ("third", "second")
    assert valid(twice, NOW + OVERLAP) == ("third", "second")
    assert valid(twice, LATER + OVERLAP) == ("third",)


def test_a_change_that_is_asked_for_again_leaves_the_secret_that_the_receiver_knows() -> None:
    """Found by a crash behind the write of the first: the caller got no answer, and knows the last one only."""
    current = rotated(rotated([], "known", NOW), "lost", LATER)
    for number in range(4):
        current = rotated(current, f"again {number}", LATER + REPEATED_WITHIN / 2)
    assert "known" in valid(current, LATER + OVERLAP / 2)
    assert valid(current, LATER + REPEATED_WITHIN + OVERLAP) == ("again 3",)
    assert valid(rotated(current, "new", LATER + REPEATED_WITHIN * 2), LATER + OVERLAP / 2) == ("new", "again 3")


def test_whoever_changes_a_secret_on_and_on_keeps_six() -> None:
    current = rotated([], "0", NOW)
    for number in range(1, 40):
        current = rotated(current, str(number), NOW)
    assert valid(current, NOW) == ("39", "38", "37", "36", "35", "34")


def test_the_first_secret_ends_none() -> None:
    assert rotated([], "first", NOW) == (SigningSecret("first"),)


@given(st.lists(st.timedeltas(REPEATED_WITHIN, timedelta(days=3)), max_size=8))
def test_however_often_it_changes_one_or_two_secrets_sign_and_the_newest_is_the_first(waits: list[timedelta]) -> None:
    now, current = NOW, rotated([], "0", NOW)
    for place, wait in enumerate(waits, 1):
        now += wait
        current = rotated(current, str(place), now)
        assert valid(current, now) == (str(place), str(place - 1))
    assert len(current) == min(2, len(waits) + 1)


def test_a_secret_is_in_no_text_of_its_holder() -> None:
    held = SigningSecret("whsec_s3cr3t", NOW)
    assert "s3cr3t" not in f"{held!r}{held}{(held,)}"
