"""How do tests run beside a mutant? Tests of many random examples with a few: those that would find it find it soon.

A pytest plugin that only mutation.toml names.
"""

from collections.abc import Sequence

import pytest
from hypothesis import Phase, settings

EXAMPLES = 8
_KEPT = "_hypothesis_internal_use_settings"  # there is no other way to what a test was decorated with
# What fails is not made smaller: nobody reads it.
_PHASES = (Phase.explicit, Phase.generate)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Give each test of random examples few of them, the same in every run."""
    for test in {getattr(item, "obj", None) for item in items}:
        kept = getattr(test, _KEPT, None)
        if isinstance(kept, settings):
            setattr(test, _KEPT, few(kept))


def few(kept: settings) -> settings:
    """The same settings with few examples."""
    most = min(kept.max_examples, EXAMPLES)
    return settings(kept, max_examples=most, derandomize=True, database=None, phases=_PHASES)
