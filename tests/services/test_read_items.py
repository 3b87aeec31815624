"""What is there when the API slows down or fails is told, and where the rest begins."""

import asyncio
from collections.abc import Mapping

import pytest

from shared.adapters.memory_actions import MemoryActions
from shared.domain.asking import ItemQuery
from shared.domain.catalog import Entity, Items
from shared.errors import InsightsError, InsightsForbidden, InsightsThrottled, InsightsUnavailable, NotFound
from shared.services import read_items as module
from shared.services.read_items import ItemPage, read_item, read_items
from tests.factories import ENVIRONMENT
from tests.services.named import named

ROWS: list[dict[str, object]] = [{"n": number} for number in range(1000)]


class Failing(MemoryActions):
    """Fails from a call on."""

    pages = 3
    with_error: InsightsError = InsightsUnavailable()

    async def items(self, environment_id: str, entity: str, query: Mapping[str, str]) -> Items:
        if self.calls.count("items") == self.pages:
            raise self.with_error
        return await MemoryActions.items(self, environment_id, entity, query)


def actions() -> Failing:
    return Failing(entity_list=(Entity("E", "E"),), rows={"E": list(ROWS)})


@pytest.mark.parametrize("error", [InsightsUnavailable(), InsightsThrottled()])
async def test_a_page_that_fails_ends_the_answer_and_not_the_reading(error: InsightsError) -> None:
    asked = actions()
    asked.with_error = error
    page = await read_items(asked, ENVIRONMENT, "E", ItemQuery(top=1000))
    assert len(page.rows) == 300
    assert page.rest == ItemQuery(skip=300, top=700)


async def test_the_first_page_that_fails_is_a_failure() -> None:
    asked = actions()
    asked.pages = 0
    with pytest.raises(InsightsUnavailable):
        await read_items(asked, ENVIRONMENT, "E", ItemQuery(top=1000))


async def test_what_cannot_pass_is_a_failure_at_any_page() -> None:
    asked = actions()
    asked.with_error = InsightsForbidden()
    with pytest.raises(InsightsForbidden):
        await read_items(asked, ENVIRONMENT, "E", ItemQuery(top=1000))


async def test_an_answer_that_takes_long_is_told_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", -1.0)
    page = await read_items(actions(), ENVIRONMENT, "E", ItemQuery(top=1000))
    assert page.rest is not None
    assert 100 <= len(page.rows) == page.rest.skip < 1000


class Counted(MemoryActions):
    """Tells as many rows as are there, or what a test sets, and notes what it is asked."""

    count: int | None = None
    most = 100
    asked: tuple[Mapping[str, str], ...] = ()

    async def items(self, environment_id: str, entity: str, query: Mapping[str, str]) -> Items:
        self.asked += (dict(query),)
        found = await MemoryActions.items(self, environment_id, entity, query)
        return Items(found.rows[: self.most], self.count)


def counted(rows: int, count: int | None = None, most: int = 100) -> Counted:
    """An entity of so many rows."""
    actions = Counted(entity_list=(Entity("E", "E"),), rows={"E": list(ROWS[:rows])})
    actions.count, actions.most = count, most
    return actions


async def page_of(actions: Counted, query: ItemQuery) -> tuple[int, ItemQuery | None, list[dict[str, str]]]:
    """How many rows came, what is left, and what was asked for."""
    page = await read_items(named(actions), ENVIRONMENT, "E", query)
    return len(page.rows), page.rest, [dict(one) for one in actions.asked]


async def test_an_answer_has_a_hundred_rows_unless_others_are_asked_for() -> None:
    """A thousand at most. The call has OData's options, and $skip only where there is something to skip."""
    search = {"$search": "x"}
    assert await page_of(counted(1000), ItemQuery(search)) == (
        100,
        ItemQuery(search, skip=100),
        [{"$search": "x", "$top": "100"}],
    )
    assert await page_of(counted(1000), ItemQuery(skip=7, top=150)) == (
        150,
        None,
        [{"$top": "100", "$skip": "7"}, {"$top": "50", "$skip": "107"}],
    )
    rows, rest, _ = await page_of(counted(1000), ItemQuery(top=2000))
    assert (rows, rest) == (1000, ItemQuery(skip=1000, top=1000))
    assert (await page_of(counted(1000), ItemQuery(top=101)))[1] is None
    assert (await page_of(counted(1000), ItemQuery(top=1001)))[1] == ItemQuery(skip=1000, top=1)


async def test_a_page_that_is_not_full_is_the_last_unless_more_are_told() -> None:
    """Where the API's own pages are smaller, its count says whether there are more."""
    assert (await page_of(counted(30), ItemQuery()))[:2] == (30, None)
    assert (await page_of(counted(30, count=30), ItemQuery()))[:2] == (30, None)
    assert (await page_of(counted(100, count=100), ItemQuery()))[:2] == (100, ItemQuery(skip=100))
    assert await page_of(counted(60, count=60, most=50), ItemQuery()) == (
        60,
        None,
        [{"$top": "100"}, {"$top": "50", "$skip": "50"}],
    )
    assert (await page_of(counted(60, most=50), ItemQuery()))[:2] == (50, None)
    assert (await page_of(counted(60, count=60, most=50), ItemQuery(skip=5)))[:2] == (55, None)
    assert (await page_of(counted(0, count=60), ItemQuery()))[:2] == (0, None)


@pytest.mark.parametrize(("size", "fitting"), [(10, 4), (25, 1), (40, 1), (41, 1)])
async def test_no_more_is_told_than_a_gateway_takes(monkeypatch: pytest.MonkeyPatch, size: int, fitting: int) -> None:
    """But one row at least, however large it is; the rest begins behind what was told."""
    monkeypatch.setattr(module, "ANSWER_BYTES", 40)
    rows: list[dict[str, object]] = [{"n": "x" * (size - 8)} for _ in range(10)]
    actions = Counted(entity_list=(Entity("E", "E"),), rows={"E": rows})
    page = await read_items(actions, ENVIRONMENT, "E", ItemQuery(skip=2, top=6))
    assert page == ItemPage(page.rows, ItemQuery(skip=2 + fitting, top=6 - fitting))
    assert [len(row) for row in page.rows] == [size] * fitting


class Waiting(MemoryActions):
    """Takes its time."""

    seconds: tuple[float, ...] = ()

    async def items(self, environment_id: str, entity: str, query: Mapping[str, str]) -> Items:
        first, *rest = self.seconds
        self.seconds = tuple(rest)
        await asyncio.sleep(first)
        return await MemoryActions.items(self, environment_id, entity, query)


async def waited(*seconds: float) -> int:
    """How many rows come of pages that take so long."""
    actions = Waiting(entity_list=(Entity("E", "E"),), rows={"E": list(ROWS)})
    actions.seconds = seconds
    return len((await read_items(actions, ENVIRONMENT, "E", ItemQuery(top=300))).rows)


async def test_only_what_follows_the_first_page_has_to_come_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is the client's to give up; the time for all of them runs from the beginning."""
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.0)
    assert await waited(0.01, 30) == 100
    monkeypatch.setattr(module, "ANSWER_SECONDS", 60.0)
    assert await waited(0, 0.01, 0.01) == 300


async def test_an_item_is_the_first_that_is_found() -> None:
    actions = counted(3)
    assert await read_item(named(actions), ENVIRONMENT, "E", ItemQuery({"$filter": "f"}, skip=1, top=9)) == b'{"n":0}'
    assert actions.asked == ({"$filter": "f", "$top": "1"},)
    with pytest.raises(NotFound):
        await read_item(counted(0), ENVIRONMENT, "E", ItemQuery())
