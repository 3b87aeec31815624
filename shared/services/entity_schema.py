"""What columns does an entity have, for a designer that offers them?"""

from shared.acting import InsightsActions
from shared.domain.entity_schemas import Schema, schema_of, use_of


async def entity_schema(actions: InsightsActions, environment_id: str, entity: str, use: str) -> Schema:
    """A JSON schema of the entity's items. Raises RequestInvalid and InsightsError."""
    wanted = use_of(use)
    return schema_of(await actions.entity(environment_id, entity), wanted)
