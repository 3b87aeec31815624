"""What does the API say of the entities: their columns, keys, partitions and sizes?"""

from typing import Any
from urllib.parse import quote

from local.simulator.answers import Json, present
from local.simulator.calls import Call, ProblemError
from local.simulator.cells import VENDOR_TYPES, Column
from local.simulator.csv_files import content
from local.simulator.entities import Catalogue, Entity, Partition


def entities(call: Call) -> Any:
    """GET the entities."""
    catalogue = Catalogue(call.simulation, call.environment, call.now)
    return {"instanceId": call.environment.id, "entities": [_metadata(call, one) for one in catalogue]}


def entity(call: Call) -> Any:
    """GET one entity."""
    return _metadata(call, _named(call))


def entity_size(call: Call) -> Any:
    """GET how big an entity is."""
    found = _named(call)
    size = sum(len(content(found.columns, one.rows(), has_header=one.has_header)) for one in found.partitions)
    return {"qualifiedEntityName": found.name, "size": size, "rowCount": len(found.rows())}


def _named(call: Call) -> Entity:
    name = call.route["entity_name"]
    found = Catalogue(call.simulation, call.environment, call.now).named(name)
    if found is None:
        raise ProblemError(404, f"There is no entity {name!r}.")
    return found


def _metadata(call: Call, one: Entity) -> Json:
    """IEntityMetadata; its name leaves out the source that the qualified name begins with."""
    success = call.world.last_success(one.part, call.now)
    refreshed_at = success.task.ends_at if success else call.world.created_at
    source = one.source
    return present(
        {
            "name": one.name.removeprefix(f"{source.id}_") if source else one.name,
            "qualifiedEntityName": one.name,
            "dataSourceName": call.world.standing(source.part, call.now).friendly_name if source else None,
            "datasourceId": source.id if source else None,
            "dataflowType": one.flow,
            "entityType": one.kind,
            "attributes": [_attribute(column) for column in one.columns],
            "keys": [[_attribute(column) for column in one.columns if column.name in one.keys]],
            "refreshTime": refreshed_at,
            "partitions": [
                {
                    "name": partition.name,
                    "location": _location(call, one, partition),
                    "refreshTime": refreshed_at,
                    "hasHeader": partition.has_header,
                    "isCIGenerated": source is None,
                }
                for partition in one.partitions
            ],
        }
    )


def _attribute(column: Column) -> Json:
    """IAttributeMetadata."""
    return {"name": column.name, "friendlyName": column.name, "dataType": VENDOR_TYPES[column.kind]}


def _location(call: Call, one: Entity, partition: Partition) -> str:
    path = (quote(name, safe="") for name in (call.environment.id, one.name, partition.name))
    return f"{call.base_url}/storage/{'/'.join(path)}"
