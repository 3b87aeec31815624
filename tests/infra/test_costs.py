"""Does the cost table of the docs follow from the counts and prices, and the counts from what is deployed?"""

import json
import re
from pathlib import Path

import pytest

from local.infra import costs
from shared.ports import Queue

ROOT = Path(__file__).parents[2]


def text_of(name: str) -> str:
    """A file of the house."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_docs_show_what_is_computed() -> None:
    assert costs.table() in text_of("docs/operate.md"), "paste what ./dev infra costs prints into docs/operate.md"


def test_what_is_counted_is_what_is_deployed() -> None:
    assert len(Queue) == costs.QUEUES
    assert (
        json.loads(text_of("host.json"))["extensions"]["queues"]["maxPollingInterval"] == f"00:00:0{costs.LOOK_SECONDS}"
    )
    assert text_of("infra/modules/alerts.bicep").count("    key: '") == costs.ALERTS
    assert text_of("infra/modules/private-endpoints.bicep").count("{ service: '") == costs.ENDPOINTS
    assert f"instanceCount: {costs.READY} }}" in text_of("infra/prod.bicepparam")
    timers = re.findall(r'schedule="([^"]+)"', text_of("functions/timers.py"))
    assert len(timers) == 4, "the runs of timers are counted in costs.TIMER_RUNS"
    assert len(timers) + len(Queue) + 1 == costs.GROUPS


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize("environments", [1, 16, 17, 1000])
def test_every_position_costs_something_or_nothing_and_more_environments_never_less(
    environments: int, protected: bool
) -> None:
    price = costs.prices()
    few = costs.bill(environments, price, protected=protected)
    many = costs.bill(environments + 1, price, protected=protected)
    assert [line.what for line in few] == [line.what for line in many]
    assert all(0 <= one.amount <= other.amount for one, other in zip(few, many, strict=True))


def test_a_price_that_doubles_doubles_its_positions_only() -> None:
    price = costs.prices()
    before = costs.bill(10, price, protected=True)
    after = costs.bill(10, {**price, "logGigabyte": 2 * price["logGigabyte"]}, protected=True)
    changed = [one.what for one, other in zip(before, after, strict=True) if one.amount != other.amount]
    assert changed == ["telemetry"]
