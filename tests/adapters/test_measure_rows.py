"""Is the right row of a measure that is broken down read over HTTP, whatever its dimensions are called?"""

from pathlib import Path

import pytest

from local.simulator.model import Scenario
from local.simulator.scenario import load_scenario
from shared.errors import InsightsNotFound
from tests.adapters.vendor import Vendor

COUNTRIES = ("NO", "Côte d'Ivoire", "Q&A + 100% #1", "a/b?c=d", "' or '1' eq '1")
SCENARIO = """
title = "Sales by country"
start = 2026-03-02T00:00:00Z
end = 2026-03-03T00:00:00Z
[environment]
id = "e-1"
name = "Rows"
[[measures]]
name = "Sales"
display_name = "Sales"
dimensions = ["Country", "Channel"]
"""
ROW = '[[measures.rows]]\nCountry = "{country}"\nChannel = "{channel}"\nvalues = {{ Total = "{total}" }}\n'


def total(country: str, channel: str) -> str:
    return f"{COUNTRIES.index(country) + 1}.{len(channel)}0"


@pytest.fixture
def day(tmp_path: Path) -> Scenario:
    """Instead of the day that other tests play."""
    rows = (
        ROW.format(country=country, channel=channel, total=total(country, channel))
        for country in COUNTRIES
        for channel in ("Web", "Kiosk")
    )
    path = tmp_path / "rows.toml"
    path.write_text(SCENARIO + "".join(rows), encoding="utf-8")
    return load_scenario(path)


@pytest.mark.parametrize("country", COUNTRIES)
async def test_a_row_is_found_by_its_dimensions_to_the_last_digit(vendor: Vendor, country: str) -> None:
    for channel in ("Web", "Kiosk"):
        dimensions = (("Country", country), ("Channel", channel))
        row = await vendor.api.measure_row("e-1", "Sales", dimensions)
        assert row == {"Total": total(country, channel)}


async def test_a_row_that_is_not_there_is_empty(vendor: Vendor) -> None:
    assert await vendor.api.measure_row("e-1", "Sales", (("Country", "SE"),)) == {}


async def test_a_measure_that_is_not_there_is_not_found(vendor: Vendor) -> None:
    with pytest.raises(InsightsNotFound):
        await vendor.api.measure_row("e-1", "Nothing", (("Country", "SE"),))
