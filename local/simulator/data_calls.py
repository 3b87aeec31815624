"""What does the API answer to calls for data: rows read, items made and changed?"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import msgspec

from local.simulator import odata
from local.simulator.calls import Call, DataProblemError, Said
from local.simulator.cells import JSON_NUMBER, Column, Row, plain
from local.simulator.entities import ACTIVITY, Catalogue, Entity
from local.simulator.odata_filter import Condition, FilterError
from local.simulator.records import Written

PROFILES_COUNT_FOR = timedelta(hours=4)
FURTHEST = timedelta(days=30)
RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def read(call: Call) -> Any:
    """GET rows."""
    catalogue, entity = _entity(call)
    try:
        return odata.answer(
            entity,
            lambda: _rows(call, entity),
            call.query,
            lambda name: _member_of(catalogue, name),
            lambda name, row: _related(call, catalogue, name, row),
        )
    except odata.QueryError as error:
        raise DataProblemError(400, str(error)) from error


def create(call: Call) -> Any:
    """POST an item: an activity is accepted, anything else is made at once."""
    _, entity = _entity(call, to_write=True)
    columns, until = _columns(call, entity), _until(call, entity)
    key = entity.keys[0]
    item_id = str(columns.get(key) or _new_id(call))
    if any(row[key] == item_id for row in _rows(call, entity)):
        raise DataProblemError(409, f"There is a {entity.name} {item_id!r} already.")
    item = {**dict.fromkeys(column.name for column in entity.columns), **columns, key: item_id}
    call.simulation.records.add(call.environment.id, entity.name, Written(item_id, item, until, is_new=True))
    status = 202 if entity.name == ACTIVITY else 201
    location = f"{call.base_url}/v1/instances/{call.environment.id}/data/{quote(entity.name)}/{quote(item_id, safe='')}"
    return Said(
        status, {"location": location, "value": item, "formatters": [], "contentTypes": [], "statusCode": status}
    )


def update(call: Call) -> Any:
    """PATCH an item."""
    _, entity = _entity(call, to_write=True)
    columns, until = _columns(call, entity), _until(call, entity)
    key, item_id = entity.keys[0], call.route["entity_id"]
    if all(row[key] != item_id for row in _rows(call, entity)):
        raise DataProblemError(404, f"There is no {entity.name} {item_id!r}.")
    if columns.get(key, item_id) != item_id:
        raise DataProblemError(400, f"{key} cannot be changed.")
    call.simulation.records.add(call.environment.id, entity.name, Written(item_id, columns, until, is_new=False))
    return Said(204)


def _entity(call: Call, *, to_write: bool = False) -> tuple[Catalogue, Entity]:
    name, catalogue = call.route["entity_name"], Catalogue(call.simulation, call.environment, call.now)
    entity = catalogue.named(name)
    if entity is None:
        raise DataProblemError(404, f"There is no entity {name!r}.")
    if to_write and not entity.writable:
        raise DataProblemError(400, f"Items of {name} cannot be written.")
    return catalogue, entity


def _rows(call: Call, entity: Entity) -> Sequence[Row]:
    records = call.simulation.records
    return records.over(call.environment.id, entity.name, entity.rows(), entity.keys, call.now)


def _member_of(catalogue: Catalogue, segment_name: str) -> Condition:
    members = catalogue.members(segment_name)
    if members is None:
        raise FilterError(f"$filter: there is no segment {segment_name!r}.")
    return lambda row: row["CustomerId"] in members


def _related(call: Call, catalogue: Catalogue, name: str, customer: Row) -> list[Row]:
    entity = catalogue.named(name)
    rows = _rows(call, entity) if entity else ()
    return [dict(row) for row in rows if row["CustomerId"] == customer["CustomerId"]]


def _columns(call: Call, entity: Entity) -> dict[str, Any]:
    """The columns in the body, each of the kind that it must be."""
    try:
        written = msgspec.json.Decoder(dict[str, Any], float_hook=_number).decode(call.body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DataProblemError(400, "The body is not a JSON object.") from error
    known = {column.name: column for column in entity.columns}
    for name, cell in written.items():
        if name not in known:
            raise DataProblemError(400, f"{entity.name} has no attribute {name!r}.")
        _check(known[name], cell)
    return written


def _check(column: Column, cell: Any) -> None:
    if cell is not None and plain(cell, column.kind) is None:
        raise DataProblemError(400, f"{column.name} must be of the type {column.kind}.")


def _number(text: str) -> msgspec.Raw:
    if not JSON_NUMBER.fullmatch(text):
        raise ValueError(text)
    return msgspec.Raw(text.encode())


def _until(call: Call, entity: Entity) -> datetime:
    """Until when it counts: as asked, or else 30 days for an activity and 4 hours for anything else."""
    written = call.query.get("validUntil")
    if written is None:
        return call.now + (FURTHEST if entity.name == ACTIVITY else PROFILES_COUNT_FOR)
    until = plain(written, "time") if RFC_3339.fullmatch(written) else None
    if not isinstance(until, datetime):
        raise DataProblemError(400, "validUntil must be a time as in RFC 3339.")
    if not call.now < until <= call.now + FURTHEST:
        raise DataProblemError(400, "validUntil must be in the next 30 days.")
    return until


def _new_id(call: Call) -> str:
    return uuid5(NAMESPACE_URL, f"{call.seed}/{call.simulation.records.count()}").hex
