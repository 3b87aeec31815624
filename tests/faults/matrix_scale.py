"""How long does everything wait while a fault lasts? About a thirtieth of what it waits in Azure, on the same paths."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

from shared.adapters import callback_sender, entra_keys, insights_actions, insights_http, on_behalf_of, storage
from shared.adapters.insights_http import InsightsHttp

SCALE = 30
INVOCATION_SECONDS = 600 / SCALE  # functionTimeout in host.json, after which the host kills the worker
HANGING_SECONDS = 4 * INVOCATION_SECONDS  # by the clock of a busy machine
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
