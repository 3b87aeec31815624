"""Does docs/operate.md tell the metrics as they are?"""

import re
from pathlib import Path

from shared.adapters.azure_monitor import _METRICS_MILLISECONDS
from shared.domain.metrics import DELIVERIES, METRICS

PAGE = Path(__file__).parents[2] / "docs" / "operate.md"


def section() -> str:
    """What the page says of metrics and traces."""
    return PAGE.read_text(encoding="utf-8").partition("## Metrics and traces\n")[2].partition("\n## ")[0]


def test_the_table_of_metrics_has_each_metric_as_it_is_and_no_other() -> None:
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in section().splitlines()]
    assert [row for row in rows if row[0].startswith("`signals.")] == [
        (
            f"`{metric.name}`",
            str(metric.kind),
            f"`{metric.unit}`",
            ", ".join(f"`{name}`" for name in metric.attributes),
            metric.description,
        )
        for metric in METRICS
    ]


def test_how_often_metrics_are_sent_is_told() -> None:
    assert f"Metrics are sent every {_METRICS_MILLISECONDS // 1000} seconds by each instance" in section()


def test_every_outcome_of_a_delivery_is_named() -> None:
    told = re.search(r"`outcome` of a delivery is one of\s+(.*?):", section(), re.DOTALL)
    assert told is not None
    assert tuple(re.findall(r"`(\w+)`", told[1])) == DELIVERIES.attributes["outcome"]


def test_every_action_of_a_log_record_is_named() -> None:
    sources = [file for place in ("shared", "functions") for file in (PAGE.parents[1] / place).rglob("*.py")]
    actions = {name for file in sources for name in re.findall(r'"action": "(\w+)"', file.read_text(encoding="utf-8"))}
    told = set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8")))
    assert actions
    assert actions <= told
