"""How long does everything wait while a fault lasts? A thirtieth of what it waits in Azure, along the same paths."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.adapters import callback_sender, entra_keys, insights_actions, insights_http, on_behalf_of, storage
from shared.adapters.insights_http import InsightsHttp

SCALE = 30
INVOCATION_SECONDS = 600 / SCALE  # functionTimeout in host.json, after which the host kills the worker
HANGING_SECONDS = 4 * INVOCATION_SECONDS  # by the clock of a busy machine


@contextmanager
def scaled() -> Iterator[None]:
    """Deadlines for as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (storage, "ATTEMPT_SECONDS"),
            (insights_http, "_READ_SECONDS"),
            (insights_actions, "_DEADLINE_SECONDS"),
            (callback_sender, "TIMEOUT_SECONDS"),
            (entra_keys, "_FETCH_SECONDS"),
            (on_behalf_of, "_TIMEOUT_SECONDS"),
            (on_behalf_of, "_DEADLINE_SECONDS"),
        ):
            patch.setattr(module, name, getattr(module, name) / SCALE)
        defaults = InsightsHttp.send.__kwdefaults__ or {}
        patch.setitem(defaults, "deadline_seconds", defaults["deadline_seconds"] / SCALE)
        yield


@contextmanager
def short_waits() -> Iterator[None]:
    """What clients that are made in the block wait between two attempts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("initial_backoff", "increment_base", "random_jitter_range"):
            patch.setitem(storage._RETRIES, name, storage._RETRIES[name] / SCALE)
        factor = storage._TABLE_RETRIES["retry_backoff_factor"]
        patch.setitem(storage._TABLE_RETRIES, "retry_backoff_factor", factor / SCALE)
        yield
