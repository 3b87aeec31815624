"""Read rows of an entity, a bounded number an answer, and say where the rest begins: nothing is cut silently."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from shared.acting import InsightsActions
from shared.domain.asking import ANSWER_ROWS, PAGE_ROWS, ItemQuery
from shared.errors import InsightsThrottled, InsightsUnavailable, NotFound

ANSWER_SECONDS = 90.0  # what is there by then is told; a flow waits for 120
ANSWER_BYTES = 2_500_000  # the gateway of a custom connector takes 3,182,218


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Rows, each as JSON, and what asks for those behind them; None when these were the last."""

    rows: tuple[bytes, ...]
    rest: ItemQuery | None


async def read_items(actions: InsightsActions, environment_id: str, entity: str, query: ItemQuery) -> ItemPage:
    """A page of 100 rows, or as many as are asked for: 1,000 at most, and no more than a gateway takes.

    What is there when the API slows down or fails is told, and where the rest begins.
    """
    wanted, began = min(query.top or PAGE_ROWS, ANSWER_ROWS), asyncio.get_running_loop().time()
    rows: list[bytes] = []
    while len(rows) < wanted:
        asked, skip = min(PAGE_ROWS, wanted - len(rows)), query.skip + len(rows)
        paging = {"$top": str(asked), **({"$skip": str(skip)} if skip else {})}
        try:
            async with asyncio.timeout_at(began + ANSWER_SECONDS if rows else None):
                found = await actions.items(environment_id, entity, {**query.options, **paging})
        except (TimeoutError, InsightsUnavailable, InsightsThrottled):
            if not rows:
                raise
            break
        rows += found.rows[:asked]
        fitting = _fitting(rows)
        if fitting < len(rows):
            return ItemPage(tuple(rows[:fitting]), query.behind(fitting))
        more_are_told = found.count is not None and found.count > skip + len(found.rows)
        if len(found.rows) < asked and not (found.rows and more_are_told):
            return ItemPage(tuple(rows), None)
    rest = query.behind(len(rows))
    return ItemPage(tuple(rows), None if rest.top == 0 else rest)


def _fitting(rows: Sequence[bytes]) -> int:
    """How many of the rows an answer takes: one at least, however large it is."""
    sizes = accumulate(map(len, rows))
    return max(1, sum(size <= ANSWER_BYTES for size in sizes)) if rows else 0


async def read_item(actions: InsightsActions, environment_id: str, entity: str, query: ItemQuery) -> bytes:
    """The first row that a query finds. Raises NotFound."""
    found = await actions.items(environment_id, entity, {**query.options, "$top": "1"})
    if not found.rows:
        raise NotFound("There is no item of that id.", reason="item_not_found")
    return found.rows[0]
