"""The columns of an entity are those that its use takes, and a use that nobody knows asks for nothing."""

import pytest

from shared.adapters.memory_actions import MemoryActions
from shared.domain.catalog import Attribute, Entity
from shared.domain.entity_schemas import Use, schema_of
from shared.errors import RequestInvalid
from shared.services.entity_schema import entity_schema
from tests.factories import ENVIRONMENT
from tests.services.named import named

OTHER = Entity("O", "Other")
ENTITY = Entity(
    "E", "E", attributes=(Attribute("Id", "Id", "string"), Attribute("City", "City", "string")), keys=("Id",)
)


@pytest.mark.parametrize("use", Use)
async def test_a_schema_is_of_the_entity_and_the_use_that_are_named(use: Use) -> None:
    actions = MemoryActions(entity_list=(OTHER, ENTITY))
    assert await entity_schema(named(actions), ENVIRONMENT, "E", str(use)) == schema_of(ENTITY, use)


async def test_an_unknown_use_is_refused_before_anything_is_asked() -> None:
    actions = MemoryActions(entity_list=(ENTITY,))
    with pytest.raises(RequestInvalid):
        await entity_schema(actions, ENVIRONMENT, "E", "delete")
    assert actions.calls == []
