"""Does every way in which the vendor can fail end in one of our errors, without a secret in it?"""

import gzip
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import azure.identity
import pytest
from aiohttp import web
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from local.children import free_ports
from local.simulator.faults import FaultRequest
from shared.adapters import insights_http
from shared.adapters.insights_api import CustomerInsightsApi
from shared.errors import (
    InsightsAnswerInvalid,
    InsightsError,
    InsightsNotFound,
    InsightsRefused,
    InsightsRejected,
    InsightsThrottled,
    InsightsUnavailable,
)
from tests.adapters.loopback import Loopback, drop
from tests.adapters.vendor import Credential, Vendor, calling, chain

LATER = "3600"
STATUSES: list[tuple[int, type[InsightsError], str]] = [
    (400, InsightsRejected, "insights_rejected"),
    (401, InsightsRefused, "insights_401"),
    (403, InsightsRefused, "insights_403"),
    (404, InsightsNotFound, "insights_not_found"),
    (408, InsightsUnavailable, "insights_unavailable"),
    (409, InsightsRejected, "insights_rejected"),
    (418, InsightsRejected, "insights_rejected"),
    (429, InsightsThrottled, "insights_throttled"),
    (500, InsightsUnavailable, "insights_unavailable"),
    (501, InsightsUnavailable, "insights_unavailable"),
    (502, InsightsUnavailable, "insights_unavailable"),
    (503, InsightsUnavailable, "insights_unavailable"),
    (504, InsightsUnavailable, "insights_unavailable"),
    (599, InsightsUnavailable, "insights_unavailable"),
]


def azure_errors() -> list[type[AzureError]]:
    """Every error class of azure-core's, and those that azure-identity adds."""
    assert azure.identity.CredentialUnavailableError in ClientAuthenticationError.__subclasses__()
    found: list[type[AzureError]] = [AzureError]
    for kind in found:
        found += [one for one in kind.__subclasses__() if one not in found]
    return found


async def failure_of(api: CustomerInsightsApi, environment_id: str = "e-1") -> InsightsError:
    with pytest.raises(InsightsError) as caught:
        await api.measures(environment_id)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(("status", "kind", "reason"), STATUSES)
async def test_each_status_is_an_error_of_its_kind_that_tells_the_vendors_word(
    api: CustomerInsightsApi, loopback: Loopback, status: int, kind: type[InsightsError], reason: str
) -> None:
    loopback.answer(status, b'{"errorCode":"E17","message":"No."}', Retry_After=LATER)
    failure = await failure_of(api)
    assert (type(failure), failure.reason) == (kind, reason)
    assert "E17" in str(failure) or status == 429
    assert len(loopback.asked) == 1


@pytest.mark.parametrize("body", [b"", b"<html>\nno</html>", b"[]", b"\xff", b'{"message":17}', b'{"message":"a\\nb"}'])
async def test_an_error_with_any_body_is_told_in_one_line(
    api: CustomerInsightsApi, loopback: Loopback, body: bytes
) -> None:
    loopback.answer(403, body)
    assert isinstance(await failure_of(api), InsightsRefused)


@pytest.mark.parametrize("kind", azure_errors(), ids=lambda kind: kind.__name__)
async def test_every_error_class_of_the_sdks_is_one_of_ours(kind: type[AzureError]) -> None:
    with pytest.raises(InsightsError) as caught:
        async with insights_http._guarded(60):
            raise kind.__new__(kind, "Bearer s3cr3t")
    refused = issubclass(kind, ClientAuthenticationError)
    assert type(caught.value) is (InsightsRefused if refused else InsightsUnavailable)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("failure", [ClientAuthenticationError("no"), azure.identity.CredentialUnavailableError("no")])
async def test_without_a_token_the_identity_is_to_blame_and_nothing_is_called(
    vendor: Vendor, failure: Exception
) -> None:
    vendor.credential.failure = failure
    with pytest.raises(InsightsRefused) as caught:
        await vendor.api.jobs(vendor.environment_id, top=1)
    assert caught.value.reason == "identity_unavailable"
    assert vendor.counted() == {}


async def test_after_a_long_retry_after_the_call_fails_at_once_and_the_next_one_makes_no_request(
    vendor: Vendor,
) -> None:
    vendor.simulation.faults.set(FaultRequest("throttle", retry_after=60))
    for expected in ({"GET jobs": 1}, {}, {}):
        with pytest.raises(InsightsThrottled) as caught:
            await vendor.api.jobs(vendor.environment_id, top=1)
        assert caught.value.retry_after_seconds == 60
        assert vendor.counted() == expected


async def test_when_the_pause_is_over_the_vendor_is_called_again(vendor: Vendor) -> None:
    vendor.simulation.faults.set(FaultRequest("throttle", retry_after=60, times=1))
    with pytest.raises(InsightsThrottled):
        await vendor.api.jobs(vendor.environment_id, top=1)
    vendor.watch.seconds += 59.9
    with pytest.raises(InsightsThrottled):
        await vendor.api.jobs(vendor.environment_id, top=1)
    vendor.watch.seconds += 0.2
    assert (await vendor.api.jobs(vendor.environment_id, top=1)).jobs


async def test_a_pause_is_of_one_environment(vendor: Vendor) -> None:
    vendor.simulation.faults.set(FaultRequest("throttle", environment=vendor.environment_id, retry_after=60))
    with pytest.raises(InsightsThrottled):
        await vendor.api.jobs(vendor.environment_id, top=1)
    with pytest.raises(InsightsNotFound):
        await vendor.api.jobs("another", top=1)


async def test_a_short_retry_after_is_waited_for(vendor: Vendor) -> None:
    vendor.simulation.faults.set(FaultRequest("throttle", retry_after=1, times=1))
    assert (await vendor.api.jobs(vendor.environment_id, top=1)).jobs
    assert vendor.counted() == {"GET jobs": 2}


async def test_a_failure_that_passes_is_not_noticed(vendor: Vendor) -> None:
    vendor.simulation.faults.set(FaultRequest("fail", times=1))
    assert (await vendor.api.jobs(vendor.environment_id, top=1)).jobs
    assert vendor.counted() == {"GET jobs": 2}


async def test_a_failure_that_stays_is_tried_three_times_in_all(vendor: Vendor) -> None:
    vendor.simulation.faults.set(FaultRequest("fail"))
    with pytest.raises(InsightsUnavailable):
        await vendor.api.jobs(vendor.environment_id, top=1)
    assert vendor.counted() == {"GET jobs": 3}


async def test_retry_after_may_be_a_date(api: CustomerInsightsApi, loopback: Loopback) -> None:
    loopback.answer(503, b"", Retry_After=format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    failure = await failure_of(api)
    assert failure.retry_after_seconds is not None
    assert 3000 < failure.retry_after_seconds <= 3600
    assert len(loopback.asked) == 1


@pytest.mark.parametrize("text", ["soon", "-5", "nan", "1e99", "9" * 400, "Mon, 99 Foo 2026", "²"])
async def test_a_retry_after_that_is_none_is_no_fault_of_ours(
    api: CustomerInsightsApi, loopback: Loopback, text: str
) -> None:
    loopback.answer(429, b"", Retry_After=text)
    assert isinstance(await failure_of(api), InsightsThrottled)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(api: CustomerInsightsApi, loopback: Loopback, status: int) -> None:
    """The credentials would go along."""
    loopback.answer(status, b"", Location=f"{loopback.url}/elsewhere")
    assert isinstance(await failure_of(api), InsightsAnswerInvalid | InsightsRejected)
    assert "/elsewhere" not in [asked.raw_path for asked in loopback.asked]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"<html>", {}),
        (b"{}", {}),
        (b"not gzip at all", {"Content_Encoding": "gzip"}),
        (gzip.compress(b"[]" * 500, mtime=0)[:-20], {"Content_Encoding": "gzip"}),
        (b"[]", {"Content_Encoding": "unknown"}),
    ],
)
async def test_an_answer_that_is_garbage_is_our_error_and_the_next_one_is_read(
    api: CustomerInsightsApi, loopback: Loopback, body: bytes, headers: dict[str, str]
) -> None:
    loopback.answer(200, body, **headers)
    for _ in range(2):
        loopback.answer(200, body, **headers)
    if headers.get("Content_Encoding") != "unknown":
        assert isinstance(await failure_of(api), InsightsAnswerInvalid | InsightsUnavailable)
    loopback.answers.clear()
    loopback.answer()
    assert await api.measures("e-1") == ()


async def cut_short(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"[")
    return await drop(request)


@pytest.mark.parametrize("ending", [drop, cut_short])
async def test_a_connection_that_breaks_is_unavailable(
    api: CustomerInsightsApi, loopback: Loopback, ending: object
) -> None:
    loopback.answers.append(ending)  # type: ignore[arg-type]
    assert isinstance(await failure_of(api), InsightsUnavailable)


async def test_a_port_where_nobody_listens_is_unavailable() -> None:
    (port,) = free_ports(1)
    async with calling(f"http://127.0.0.1:{port}", Credential()) as api:
        assert isinstance(await failure_of(api), InsightsUnavailable)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_no_secret_is_in_what_a_failure_tells(loopback: Loopback, status: int) -> None:
    credential = Credential()
    loopback.answer(status, b'{"message":"No."}', Retry_After=LATER)
    async with calling(loopback.url, credential, lambda _: "k3y-s3cr3t") as api:
        failure = await failure_of(api)
    told = "".join([*traceback.format_exception(failure), *(repr(one) + str(one) for one in chain(failure))])
    assert credential.given
    for secret in ("k3y-s3cr3t", *credential.given):
        assert secret not in told


async def test_no_secret_is_in_what_a_broken_connection_tells(loopback: Loopback) -> None:
    credential = Credential()
    loopback.answers.append(drop)
    async with calling(loopback.url, credential, lambda _: "k3y-s3cr3t") as api:
        failure = await failure_of(api)
    told = "".join([*traceback.format_exception(failure), *(repr(one) + str(one) for one in chain(failure))])
    assert not any(secret in told for secret in ("k3y-s3cr3t", *credential.given))


async def test_a_credential_that_fails_with_a_secret_in_its_text_does_not_tell_it(vendor: Vendor) -> None:
    vendor.credential.failure = HttpResponseError("Bearer t0k3n-s3cr3t")
    with pytest.raises(InsightsUnavailable) as caught:
        await vendor.api.jobs(vendor.environment_id, top=1)
    assert "s3cr3t" not in str(caught.value)
