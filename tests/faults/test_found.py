"""What did the attacks and the fuzzing find? Each of them once more, by its name."""

import gzip
import io
import json
import logging
from dataclasses import replace

import pytest

from local.faults import target
from local.faults.targets_vendors import Canned, _exchange, partition
from shared.adapters.documents import decode_state
from shared.adapters.entra_keys import fetch_document
from shared.adapters.insights_http import InsightsHttp
from shared.adapters.memory_actions import MemoryActions
from shared.adapters.messages import decode_deliveries, decode_event, decode_events, decode_polls
from shared.domain.catalog import SegmentInfo
from shared.errors import (
    ClaimsNeeded,
    IdentityUnavailable,
    InsightsAnswerInvalid,
    InsightsUnavailable,
    MessageInvalid,
    StateInvalid,
)
from tests.access.houses import rebuilt
from tests.faults.hostile_bodies import NUMBERS, nested
from tests.functions.conftest import call, functions, stage
from tests.functions.support import Caller, http, told
from tests.logs import guarding
from tests.services.stage import Stage
from tests.tally import Tally

__all__ = ["call", "functions", "stage"]
EVENT = (
    b'{"specversion":"1.0","id":"i","source":"s","type":"t","subject":"x","time":"%s","datacontenttype":"a","data":%s}'
)
GOOD_TOKEN = b'{"access_token": "a.b.c", "expires_in": 3599}'
AT = b"2026-01-01T00:00:00Z"
ODD = {
    "deep arrays": EVENT % (AT, b'{"a":%s}' % nested()["deep arrays"]),
    "deep objects": EVENT % (AT, nested()["deep objects"]),
    "an exponent that no decimal has": EVENT % (AT, b'{"a":%s}' % NUMBERS["a fraction with such an exponent"]),
    "bytes that are no letter": EVENT % (AT, b'{"a":"\xff"}'),
    "a time without its offset": EVENT % (b"2026-01-01T00:00:00", b"{}"),
    "a time before the year 1": EVENT % (b"0001-01-01T00:00:00+14:00", b"{}"),
}


@pytest.mark.parametrize("event", ODD.values(), ids=ODD)
def test_an_odd_event_makes_a_message_unreadable_and_no_fault(event: bytes, tally: Tally) -> None:
    """As an event of the log, in a message, and in the outbox of a checkpoint."""
    with pytest.raises(MessageInvalid):
        decode_event(event)
    with pytest.raises(MessageInvalid):
        decode_events(b'{"v":1,"environmentId":"e","events":[%s]}' % event)
    with pytest.raises(MessageInvalid):
        decode_deliveries(
            b'{"v":1,"environmentId":"e","events":[%s],"deliveries":[{"subscription":"s","events":[0]}]}' % event
        )
    with pytest.raises(StateInvalid):
        decode_state(gzip.compress(b'{"v":1,"outbox":[%s]}' % event))
    tally.add(4)


@pytest.mark.parametrize("deep", nested().values(), ids=nested())
def test_what_is_deep_is_no_message_and_no_checkpoint_not_even_in_a_field_that_nobody_reads(deep: bytes) -> None:
    with pytest.raises(MessageInvalid):
        decode_polls(b'{"v":1,"environments":["e"],"odd":%s}' % deep)
    with pytest.raises(StateInvalid):
        decode_state(gzip.compress(b'{"v":1,"odd":%s}' % deep))


async def test_a_body_with_an_exponent_of_20_digits_is_a_callers_mistake(stage: Stage, call: Caller) -> None:
    body = b'{"environmentId":"e","threshold":1e99999999999999999999}'
    answer = await call("subscribe_to_trigger", http(body, trigger="segment-threshold-crossed"))
    assert (answer.status_code, told(answer)["error"]["field"]) == (400, "body")


def test_claims_that_no_encoder_takes_do_not_break_the_answer_to_their_user() -> None:
    with pytest.raises(ClaimsNeeded) as raised:
        _exchange().of(b'{"error": "invalid_grant", "claims": "\\ud800"}')
    assert raised.value.claims
    target.close()


@pytest.mark.parametrize("lasts", [b"1e999", b"NaN", b"9" * 400, b'"1e999"', b"-1"])
def test_a_token_that_lasts_for_ever_is_not_kept_for_ever(lasts: bytes) -> None:
    exchange = _exchange()
    assert exchange.of(b'{"access_token": "a.b.c", "expires_in": %s}' % lasts) == "a.b.c"
    assert all(not until > exchange._clock() + 2 * 24 * 3600 for until, _ in exchange._kept.values())
    target.close()


def test_an_odd_refusal_of_entra_id_does_not_break_every_exchange_after_it() -> None:
    """Msal keeps what an error was called, to tell of it with the next request, and joins it with texts."""
    with pytest.raises(IdentityUnavailable):
        _exchange().of(b'{"error": 1e999999}')
    with pytest.raises(IdentityUnavailable):
        _exchange().of(GOOD_TOKEN)
    assert [_exchange().of(GOOD_TOKEN) for _ in range(3)] == ["a.b.c"] * 3
    target.close()


def test_a_size_of_5000_digits_is_no_size() -> None:
    with pytest.raises(InsightsAnswerInvalid):
        partition(b"\x06\n\nbytes 0-0/" + b"9" * 5000 + b"\na")
    assert Canned(b"\x06\n\n\n").reply.status == 206
    target.close()


@pytest.mark.parametrize("host", ["a..b", "xn--a", "a" * 70, "..."])
async def test_an_address_that_names_no_host_is_an_outage(host: str) -> None:
    """As Entra ID's metadata would name it, and as Customer Insights would say where a partition lies."""
    with pytest.raises(IdentityUnavailable):
        await fetch_document(f"https://{host}/keys")
    api = InsightsHttp(f"https://{host}.blob.core.windows.net")
    with pytest.raises(InsightsUnavailable):
        await api.send(api.request("GET", "/x", {}, {}), once=True)
    await api.close()


def test_msal_does_not_log_a_token_of_an_answer_that_it_cannot_read() -> None:
    """It logs the whole of it, as an error."""
    text = io.StringIO()
    with guarding(logging.StreamHandler(text)), pytest.raises(IdentityUnavailable):
        _exchange().of(b'{"access_token": "0.AXEAmoQ", "refresh_token": "0.AXEAmoQ"')
    assert "0.AXEAmoQ" not in text.getvalue()
    assert "Entra ID gave no answer that counts" in text.getvalue()
    target.close()


async def test_a_report_shows_no_secret_that_an_error_of_customer_insights_quotes(stage: Stage, call: Caller) -> None:
    rebuilt(ports=replace(stage.ports, acting=_Quoting()))
    for name in ("send_status_report", "send_status_report_v2"):
        answer = await call(name, http(environmentId="e", reportType="environment"))
        assert answer.status_code == 200
        assert b"5ecret" not in answer.get_body()
        assert "***" in json.dumps(told(answer))


class _Quoting(MemoryActions):
    """Says more of a data source's error than anybody should read."""

    async def segments(self, environment_id: str, *, history_days: int = 0) -> tuple[SegmentInfo, ...]:
        raise InsightsUnavailable("A connector failed: Authorization: Bearer 5ecret")
