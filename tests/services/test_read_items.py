"""What is there when the API slows down or fails is told, and where the rest begins."""

from collections.abc import Mapping

import pytest

from shared.adapters.memory_actions import MemoryActions
from shared.domain.asking import ItemQuery
from shared.domain.catalog import Entity, Items
from shared.errors import InsightsError, InsightsForbidden, InsightsThrottled, InsightsUnavailable
from shared.services import read_items as module
from shared.services.read_items import read_items
from tests.factories import ENVIRONMENT

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
