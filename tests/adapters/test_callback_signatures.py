"""Do the official libraries know what was really sent: Standard Webhooks its signature, CloudEvents its events?"""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.adapters import callback_sender
from shared.adapters.callback_sender import CallbackSender
from shared.domain.deliveries import FlowCall
from shared.domain.events import Event, EventType, make_event
from shared.domain.signatures import OVERLAP, SigningSecret, new_secret, rotated, valid
from tests.adapters.loopback import Asked, Loopback, serving
from tests.contracts import samples

OLD, NEW = new_secret(), new_secret()
ROTATED_AT = datetime(2026, 5, 4, 2, tzinfo=UTC)
MOMENTS = {
    "before": ROTATED_AT - timedelta(seconds=1),
    "at once": ROTATED_AT,
    "during": ROTATED_AT + OVERLAP - timedelta(microseconds=1),
    "after": ROTATED_AT + OVERLAP,
}
JSON = st.recursive(
    st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
EVENTS = st.builds(
    make_event,
    st.text(min_size=1),
    st.sampled_from(list(EventType)),
    subject=st.text(min_size=1, max_size=40),
    occurrence=st.text(max_size=20),
    time=st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001
    data=st.dictionaries(st.text(), JSON, max_size=4),
)
LISTS = st.lists(EVENTS, min_size=1, max_size=5).map(tuple)
many = settings(max_examples=150, deadline=None, derandomize=True)


@asynccontextmanager
async def posting() -> AsyncIterator[tuple[CallbackSender, Loopback]]:
    """A sender and a receiver that takes everything."""
    async with serving() as receiver:
        receiver.answer(202)
        sender = CallbackSender(allowed_suffixes=[], allow_loopback=True)
        try:
            yield sender, receiver
        finally:
            await sender.close()


async def posted(events: Sequence[Event], *secrets: str, as_list: bool = False) -> Asked:
    """What came over the wire."""
    async with posting() as (sender, receiver):
        await sender.call(FlowCall(f"{receiver.url}/flow?sig=s", tuple(events), as_list, secrets))
        return receiver.asked[0]


def verifies(asked: Asked, *secrets: str) -> bool:
    """Whether a receiver that holds these secrets takes the call for ours."""
    for secret in secrets:
        try:
            Webhook(secret).verify(asked.body, dict(asked.headers), json_parse=False)
        except WebhookVerificationError:
            continue
        return True
    return False


@many
@given(LISTS, st.booleans())
async def test_the_official_library_verifies_whatever_is_sent(events: tuple[Event, ...], as_list: bool) -> None:
    secret, other = new_secret(), new_secret()
    asked = await posted(events, secret, as_list=as_list)
    assert verifies(asked, secret)
    assert not verifies(asked, other)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b"1.0", b"1.1", 1),
        lambda body: body + b" ",
        lambda body: body[:-1],
        lambda body: body.replace(b":", b": ", 1),
        lambda body: b"",
    ],
)
async def test_a_body_that_was_changed_on_the_way_is_not_ours(change: Callable[[bytes], bytes]) -> None:
    asked = await posted([samples.event("e-1")], OLD)
    assert not verifies(replace(asked, body=change(asked.body)), OLD)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_a_header_that_was_changed_or_is_missing_makes_a_call_not_ours(name: str) -> None:
    asked = await posted([samples.event("e-1")], OLD)
    headers = {key.lower(): value for key, value in asked.headers.items()}
    signature = headers["webhook-signature"]
    bad = {
        "webhook-id": "another",
        "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1),
        "webhook-signature": signature[:3] + ("A" if signature[3] != "A" else "B") + signature[4:],
    }
    assert verifies(asked, OLD)
    for changed in ({**headers, name: bad[name]}, {key: headers[key] for key in headers if key != name}):
        assert not verifies(replace(asked, headers=changed), OLD)


@pytest.mark.parametrize("held", [(OLD,), (NEW,), (OLD, NEW)], ids=["old", "new", "both"])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_receiver_may_change_to_the_new_secret_at_any_time_of_the_overlap(
    held: tuple[str, ...], moment: str
) -> None:
    current: tuple[SigningSecret, ...] = (SigningSecret(OLD),)
    if moment != "before":
        current = rotated(current, NEW, ROTATED_AT)
    asked = await posted([samples.event("e-1")], *valid(current, MOMENTS[moment]))
    signing = {"before": {OLD}, "at once": {OLD, NEW}, "during": {OLD, NEW}, "after": {NEW}}[moment]
    assert verifies(asked, *held) == bool(signing & set(held))
    assert len(asked.headers["webhook-signature"].split(" ")) == len(signing)


async def test_every_attempt_has_the_same_id_and_the_time_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The id is what a receiver knows an event by that it has seen."""
    call = FlowCall("", (samples.event("e-1"), samples.event("e-2")), as_list=True, secrets=(OLD,))
    async with posting() as (sender, receiver):
        for now in (1_700_000_000.9, 1_700_003_600.0):
            monkeypatch.setattr(callback_sender, "time", SimpleNamespace(time=lambda now=now: now))
            await sender.call(FlowCall(f"{receiver.url}/", call.events, call.as_list, call.secrets))
        seen = [(asked.headers["webhook-id"], asked.headers["webhook-timestamp"]) for asked in receiver.asked]
    assert seen == [(call.id, "1700000000"), (call.id, "1700003600")]


async def test_a_call_without_a_secret_has_an_id_and_no_signature() -> None:
    asked = await posted([samples.event("e-1")])
    assert "webhook-signature" not in asked.headers
    assert asked.headers["webhook-id"] == samples.event("e-1").id


@given(LISTS, st.booleans())
def test_an_id_has_no_dot_for_the_dot_parts_what_is_signed(events: tuple[Event, ...], as_list: bool) -> None:
    assert "." not in FlowCall("", events, as_list).id


@given(LISTS)
def test_another_list_has_another_id(events: tuple[Event, ...]) -> None:
    ids = {FlowCall("", events[:count], as_list=True).id for count in range(1, len(events) + 1)}
    assert len(ids) == len(events)


def parsed(body: bytes, asked: Asked) -> BaseCloudEvent:
    """A body as the CloudEvents SDK reads it."""
    return from_http(HTTPMessage(dict(asked.headers), body), JSONFormat())


def assert_is(found: BaseCloudEvent, event: Event, data: object) -> None:
    assert found.get_specversion() == "1.0"
    assert found.get_datacontenttype() == "application/json"
    assert (found.get_id(), found.get_type()) == (event.id, event.type)
    assert (found.get_source(), found.get_subject()) == (event.source, event.subject)
    assert found.get_time() == event.time
    assert found.get_data() == data
    assert isinstance(data, dict)
    assert data.keys() == event.data.keys()


@many
@given(EVENTS)
async def test_the_official_sdk_reads_an_event_in_structured_mode(event: Event) -> None:
    asked = await posted([event], OLD)
    assert_is(parsed(asked.body, asked), event, json.loads(asked.body)["data"])


@many
@given(LISTS)
async def test_the_official_sdk_reads_each_event_of_a_list(events: tuple[Event, ...]) -> None:
    """A flow splits the list (splitOn) and has one event in each run."""
    asked = await posted(events, OLD, as_list=True)
    elements = json.loads(asked.body)
    assert len(elements) == len(events)
    for element, event in zip(elements, events, strict=True):
        assert_is(parsed(json.dumps(element).encode(), asked), event, element["data"])
