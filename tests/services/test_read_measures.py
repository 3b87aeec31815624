"""Measures are read as far as they are watched, and one that cannot be read holds up no other."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from shared.adapters.memory import MemoryInsights
from shared.domain.snapshot import Measure
from shared.domain.watches import Series, Watches
from shared.errors import (
    InsightsAnswerInvalid,
    InsightsError,
    InsightsNotFound,
    InsightsRejected,
    InsightsUnavailable,
)
from shared.services.read_measures import read_measures
from tests.factories import ENVIRONMENT, measure, output, threshold, watching
from tests.services.named import named

NORWAY = (("Country", "NO"),)


class Told(MemoryInsights):
    """Lists measures without values and tells them singly, unless a test has that fail."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.measure_list = tuple(measure(name=name, evaluated=5) for name in names)
        self.failing: dict[str, InsightsError] = {}
        self.days: dict[str, int] = {}
        self.under_way = self.most = 0

    async def measure(self, environment_id: str, name: str, *, history_days: int) -> Measure:
        self.days[name] = history_days
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if name in self.failing:
            raise self.failing[name]
        if name == "New":
            return measure(name=name, state="new")
        return measure(output(5, Total="1"), name=name, evaluated=5)

    async def measure_row(
        self, environment_id: str, name: str, dimensions: Sequence[tuple[str, str]]
    ) -> Mapping[str, str]:
        if name in self.failing:
            raise self.failing[name]
        assert tuple(dimensions) == NORWAY
        return {"Total": "2"}


def watched(*names: str, dimensions: tuple[tuple[str, str], ...] = ()) -> Watches:
    return watching(*(threshold(1, series=Series("measures", name, "Total", dimensions)) for name in names))


async def read(insights: Told, watches: Watches) -> dict[str, Measure]:
    """What is found, by name."""
    found = await read_measures(named(insights), ENVIRONMENT, watches, len)
    return {one.name: one for one in found}


async def test_only_what_is_watched_is_read_singly_with_its_own_days() -> None:
    insights = Told("A", "Long", "Quiet")
    found = await read(insights, watched("A", "Long", "Gone"))
    assert insights.days == {"A": 1, "Long": 4}
    assert list(found) == ["A", "Long", "Quiet"]
    assert [one.outputs for one in found.values()] == [(output(5, Total="1"),)] * 2 + [()]


async def test_four_are_read_at_once() -> None:
    names = [f"M{number}" for number in range(9)]
    insights = Told(*names)
    await read(insights, watched(*names))
    assert insights.most == 4


@pytest.mark.parametrize("error", [InsightsNotFound(), InsightsRejected(), InsightsAnswerInvalid()])
@pytest.mark.parametrize("dimensions", [(), NORWAY], ids=["total", "row"])
async def test_one_that_cannot_be_read_brings_no_values(
    error: InsightsError, dimensions: tuple[tuple[str, str], ...], caplog: pytest.LogCaptureFixture
) -> None:
    insights = Told("A", "B")
    listed = measure(output(5, Total="9"), name="A", evaluated=5, history=(output(1, Total="8"),))
    insights.measure_list = (listed, *insights.measure_list[1:])
    insights.failing = {"A": error}
    found = await read(insights, watched("A", "B", dimensions=dimensions))
    assert found["A"] == measure(name="A", evaluated=5)
    assert found["B"] != measure(name="B", evaluated=5)
    assert {record.getMessage() for record in caplog.records} == {f"Measure A cannot be read: {error}"}
    assert {record.__dict__["environment_id"] for record in caplog.records} == {ENVIRONMENT}


async def test_an_api_that_fails_fails() -> None:
    insights = Told("A")
    insights.failing = {"A": InsightsUnavailable()}
    with pytest.raises(InsightsUnavailable):
        await read(insights, watched("A"))


async def test_a_row_is_added_with_the_time_of_the_evaluation() -> None:
    """Of a measure that was never evaluated, or is not there, no row is asked for."""
    insights = Told("A")
    insights.measure_list += (measure(name="New"),)
    found = await read(insights, watched("A", "New", "Gone", dimensions=NORWAY))
    assert found["A"].outputs[-1] == output(5, {"Country": "NO"}, Total="2")
    assert found["New"] == measure(name="New", state="new")
    assert list(found) == ["A", "New"]
