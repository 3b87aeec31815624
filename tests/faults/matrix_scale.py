"""How long does everything wait in a fault, and what ends it? A thirtieth of Azure's limits, on the same paths."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType

import pytest
from azure.core.exceptions import ServiceResponseTimeoutError

from shared.adapters import callback_sender, entra_keys, insights_actions, insights_http, on_behalf_of, storage
from shared.adapters.insights_http import InsightsHttp
from shared.errors import DeliveryFailed, InsightsTimeout
from tests.faults.matrix_cells import Partner

SCALE = 30
INVOCATION_SECONDS = 600 / SCALE  # functionTimeout in host.json, after which the host kills the worker
_DEADLINES: tuple[tuple[ModuleType, str, float], ...] = (
    (storage, "ATTEMPT_SECONDS", 1.0),
    (insights_http, "_READ_SECONDS", 2.0),
    (insights_actions, "_DEADLINE_SECONDS", 3.0),
    (callback_sender, "TIMEOUT_SECONDS", 1.0),
    (entra_keys, "_FETCH_SECONDS", 1.0),
    (on_behalf_of, "_TIMEOUT_SECONDS", 1.0),
    (on_behalf_of, "_DEADLINE_SECONDS", 3.0),
)
_OF_A_CALL = 4.0  # of InsightsHttp.send
# Some times what a run waits by these deadlines, for a busy machine; with one of Azure's it would wait longer.
BOUND_SECONDS: Mapping[Partner, float] = {
    Partner.API: 20,
    Partner.BLOB: 60,
    Partner.TABLE: 60,
    Partner.QUEUE: 60,
    Partner.FLOW: 15,
    Partner.ISSUER: 15,
}


def is_own_limit(cause: BaseException | None) -> bool:
    """Whether what ended a call is its adapter's own limit for a whole answer, and none above or below it."""
    match cause:
        case DeliveryFailed():
            return cause.reason == "timeout"
        case ServiceResponseTimeoutError():
            return "no whole answer" in str(cause)  # the SDK's own says something else
        case InsightsTimeout():
            return f"within {_OF_A_CALL:.0f} s" in str(cause)
        case _:
            return isinstance(cause, TimeoutError) or "timed out" in str(cause)  # aiohttp's and msal's


@contextmanager
def scaled() -> Iterator[None]:
    """Deadlines for as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, seconds in _DEADLINES:
            assert seconds < getattr(module, name)
            patch.setattr(module, name, seconds)
        defaults = InsightsHttp.send.__kwdefaults__ or {}
        assert defaults["deadline_seconds"] > _OF_A_CALL
        patch.setitem(defaults, "deadline_seconds", _OF_A_CALL)
        yield


@contextmanager
def short_waits() -> Iterator[None]:
    """What clients that are made in the block wait between two attempts."""
    with pytest.MonkeyPatch.context() as patch:
        for retries, name in (
            (storage._RETRIES, "initial_backoff"),
            (storage._RETRIES, "increment_base"),
            (storage._RETRIES, "random_jitter_range"),
            (storage._TABLE_RETRIES, "retry_backoff_factor"),
        ):
            patch.setitem(retries, name, retries[name] / SCALE)
        yield
