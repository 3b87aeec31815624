"""Pages of rows: following the next link finds every row once, and nothing is cut off unsaid."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
import pytest

from local.simulator.people import customers
from local.simulator.records import Written
from shared.acting import InsightsActions
from shared.adapters.memory_actions import MemoryActions
from shared.domain.asking import ItemQuery
from shared.domain.catalog import Entity, Items
from shared.services.read_items import ANSWER_BYTES, read_items
from tests.actions.site import Site
from tests.actions.table import things

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALL = 480


async def pages(site: Site, path: str) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows of each answer, by its next link as it is."""
    link: str | None = path
    while link:
        answer = await site.get(link)
        yield answer["value"]
        link = answer.get("nextLink")
        assert link is None or link.startswith(f"{site.app.base}/api/environments/{site.environment_id}/")


def ids(site: Site) -> list[str]:
    found = customers(site.simulation.scenario.seed, site.environment_id)
    return [one["CustomerId"] for one in found]


@pytest.mark.parametrize("top", [None, 1, 99, 100, 101, 250, 479, 480, 481, 1000])
@pytest.mark.parametrize("skip", [0, 1, 400])
async def test_every_row_comes_once_and_in_order(site: Site, top: int | None, skip: int) -> None:
    query = "&".join([*([f"$top={top}"] if top else []), *([f"$skip={skip}"] if skip else [])])
    found = [page async for page in pages(site, f"entities/Customer/items?{query}")]
    assert [row["CustomerId"] for page in found for row in page] == ids(site)[skip:][: top or ALL]
    assert all(len(page) <= (top or 100) for page in found)
    asked = [parse_qs(one.query) for one in site.asked() if one.path.startswith("/data/")]
    assert all(int(one["$top"][0]) <= 100 for one in asked)


async def test_more_rows_than_an_answer_takes_are_in_further_answers(site: Site) -> None:
    """4,000 orders: 2,500 of them in three answers, all of them by pages of 100."""
    orders = f"entities/{things(site)['big']}/items"
    found = [page async for page in pages(site, f"{orders}?$top=2500&$select=OrderId")]
    assert [len(page) for page in found] == [1000, 1000, 500]
    every = [row["OrderId"] async for page in pages(site, f"{orders}?$select=OrderId") for row in page]
    assert every == [f"O{n:06}" for n in range(4000)]


async def test_large_rows_make_smaller_pages(site: Site) -> None:
    """Rows of 1.4 KB, one of 70 KB: an answer stays below what a connector's gateway takes."""
    orders, seen = f"entities/{things(site)['big']}/items", 0
    link: str | None = f"{orders}?$top=2000&$skip=2000"
    while link:
        answer = await site.ask("GET", link)
        assert len(answer.body) < 3_182_218
        seen += len(answer.json["value"])
        link = answer.json.get("nextLink")
    assert seen == 2000


@pytest.mark.parametrize(
    "path",
    [
        "segments/BasketLeavers/members?$select=CustomerId",
        f"customers?text={quote('contoso.example')}&$orderby=EMail%20desc",
        f"entities/Customer/items?$filter={quote('''City ne 'L''Aquila' and LoyaltyPoints ge 1''')}&$orderby=EMail",
        f"entities/Customer/items?$search={quote('contoso')}&$select=CustomerId,City",
        "entities/Customer/items?$expand=UnifiedActivity",
    ],
)
async def test_the_next_link_asks_the_same_again(site: Site, path: str) -> None:
    found = [page async for page in pages(site, path)]
    whole = [page async for page in pages(site, f"{path}{'&' if '?' in path else '?'}$top=1000")]
    assert len(found) > 2
    assert [row for page in found for row in page] == [row for page in whole for row in page]
    asked = [{**parse_qs(one.query), "$top": None, "$skip": None} for one in site.asked()]
    assert all(one == asked[0] for one in asked)


async def test_the_next_link_of_an_odd_id_is_an_address_too(site: Site) -> None:
    """An id may hold a bar, which no address may."""
    odd, until = "a|b:c@d+e=f", site.simulation.scenario.end
    for n in range(150):
        done = Written(f"x{n}", {"ActivityId": f"x{n}", "CustomerId": odd}, until, is_new=True)
        site.simulation.records.add(site.environment_id, "UnifiedActivity", done)
    path = f"customers/{quote(odd, safe='')}/activities"
    assert "|" not in (await site.get(path))["nextLink"]
    found = [page async for page in pages(site, path)]
    assert [row["ActivityId"] for page in found for row in page] == [f"x{n}" for n in range(150)]


async def test_the_link_is_on_the_base_that_callers_see(site: Site) -> None:
    answer = await site.get("entities/Customer/items?$top=1001")
    assert "nextLink" not in answer
    link = urlsplit((await site.get("entities/Customer/items"))["nextLink"])
    assert f"{link.scheme}://{link.netloc}" == site.app.house.settings.public_base_url
    assert parse_qs(link.query) == {"$skip": ["100"]}


@pytest.mark.parametrize("top", ["0", "-1", "1.5", "x", "9" * 20, "\N{ARABIC-INDIC DIGIT ONE}"])
@pytest.mark.parametrize("name", ["$top", "$skip"])
async def test_a_number_that_is_none_is_400(site: Site, name: str, top: str) -> None:
    answer = await site.ask("GET", f"entities/Customer/items?{name}={quote(top)}")
    if (name, top) != ("$skip", "0"):
        assert (answer.status, answer.json["error"]["field"]) == (400, name)
        assert not site.simulation.seen


class Pages(MemoryActions):
    """Gives so many rows a call, of so many bytes each, and counts them or not."""

    rows_a_call = 100
    row_bytes = 10
    counts = True
    total = 0

    async def items(self, environment_id: str, entity: str, query: Mapping[str, str]) -> Items:
        skip, top = int(query.get("$skip", 0)), min(int(query["$top"]), self.rows_a_call)
        rows = [f"{n} ".ljust(self.row_bytes, "-") for n in range(skip, min(skip + top, self.total))]
        return Items(tuple(map(msgspec.json.encode, rows)), self.total if self.counts else None)


async def read_all(actions: InsightsActions, top: int | None) -> list[tuple[bytes, ...]]:
    found, query = [], ItemQuery(top=top)
    while True:
        page = await read_items(actions, "environment", "Entity", query)
        found.append(page.rows)
        if page.rest is None:
            return found
        query = page.rest


@pytest.mark.parametrize("top", [None, 1, 7, 100, 640, 1000, 1300])
@pytest.mark.parametrize(("a_call", "counts"), [(100, True), (100, False), (30, True)])
@pytest.mark.parametrize("row_bytes", [10, 40_000, 3_000_000])
async def test_a_source_with_its_own_pages_loses_no_row(
    top: int | None, a_call: int, counts: bool, row_bytes: int
) -> None:
    """Also where it gives fewer rows than were asked for, and says that there are more; also where a row is huge."""
    source = Pages(entity_list=(Entity("Entity", "Entity"),))
    source.rows_a_call, source.counts, source.row_bytes = a_call, counts, row_bytes
    source.total = 5 if row_bytes > 100_000 else 640
    answers = await read_all(source, top)
    told = [int(msgspec.json.decode(row, type=str).split()[0]) for rows in answers for row in rows]
    assert told == list(range(source.total))[: top or source.total]
    assert all(sum(map(len, rows)) <= ANSWER_BYTES or len(rows) == 1 for rows in answers)
