"""What does a data query answer of an entity's rows: filtered, searched, ordered, paged, with chosen columns. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.simulator.cells import Kind, Row, plain
from local.simulator.entities import Entity
from local.simulator.odata_filter import FilterError, MemberOf, parse_filter

MOST_ROWS = 100
OPTIONS = frozenset({"$filter", "$select", "$orderby", "$top", "$skip", "$search", "$expand", "$skiptoken"})
ORDER = re.compile(r"\s*([^\W\d]\w*)(?:\s+(asc|desc))?\s*")
SEARCH_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
Query = Mapping[str, str]
Related = Callable[[str, Row], list[Row]]


class QueryError(ValueError):
    """A query that the vendor would refuse."""


def answer(
    entity: Entity, rows: Callable[[], Sequence[Row]], query: Query, member_of: MemberOf, related: Related
) -> Any:
    """ODataEntityPayload: at most a hundred rows, and how many there are in all."""
    _check(entity, query)
    matched = _ordered(entity, _searched(entity, _filtered(entity, rows(), query, member_of), query), query)
    skip = _number(query, "$skiptoken", _number(query, "$skip", 0))
    page = matched[skip : skip + min(_number(query, "$top", MOST_ROWS), MOST_ROWS)]
    chosen, expanded = _chosen(entity, query), _names(query, "$expand")
    return {
        "@odata.context": f"$metadata#{entity.name}",
        "@odata.count": len(matched),
        "value": [{**_cut(row, chosen), **{name: related(name, row) for name in expanded}} for row in page],
    }


def _check(entity: Entity, query: Query) -> None:
    if unknown := [name for name in query if name.startswith("$") and name not in OPTIONS]:
        raise QueryError(f"{unknown[0]} is not supported.")
    if "$filter" in query and entity.source:
        raise QueryError("$filter is not supported on tables of data sources.")
    if "$search" in query and not entity.expands:
        raise QueryError(f"$search is not supported on {entity.name}.")
    if "$skip" in query and "$skiptoken" in query:
        raise QueryError("$skip and $skiptoken exclude each other.")
    if "$expand" in query and {"$search", "$select"} & set(query):
        raise QueryError("$expand is not supported with $search or $select.")
    if unknown := [name for name in _names(query, "$expand") if name not in entity.expands]:
        raise QueryError(f"$expand: there is no {unknown[0]!r}.")


def _filtered(entity: Entity, rows: Sequence[Row], query: Query, member_of: MemberOf) -> Sequence[Row]:
    if "$filter" not in query:
        return rows
    kinds = {column.name: column.kind for column in entity.columns}
    try:
        condition = parse_filter(query["$filter"], kinds, member_of if entity.expands else None)
    except FilterError as error:
        raise QueryError(str(error)) from error
    return [row for row in rows if condition(row)]


def _searched(entity: Entity, rows: Sequence[Row], query: Query) -> Sequence[Row]:
    """The rows that have each word, or phrase in quotes, in one of their texts, however it is cased."""
    found = SEARCH_WORD.findall(query.get("$search", ""))
    words = [(re.sub(r"\\(.)", r"\1", phrase) or word).casefold() for phrase, word in found]
    if not words:
        return rows
    texts = [column.name for column in entity.columns if column.kind == "text"]
    return [row for row in rows if _has_all(row, texts, words)]


def _has_all(row: Row, texts: list[str], words: list[str]) -> bool:
    whole = "\n".join(str(row.get(name) or "") for name in texts).casefold()
    return all(word in whole for word in words)


def _ordered(entity: Entity, rows: Sequence[Row], query: Query) -> Sequence[Row]:
    """Empty cells come first; rows that are alike keep their order."""
    kinds, ordered = {column.name: column.kind for column in entity.columns}, list(rows)
    for written in reversed(_names(query, "$orderby")):
        found = ORDER.fullmatch(written)
        if found is None or found[1] not in kinds:
            raise QueryError(f"$orderby: {written!r} is not understood.")
        ordered.sort(key=_sort_key(found[1], kinds[found[1]]), reverse=found[2] == "desc")
    return ordered


def _sort_key(column: str, kind: Kind) -> Callable[[Row], Any]:
    def key(row: Row) -> Any:
        cell = plain(row.get(column), kind)
        return (cell is not None, cell) if cell is not None else (False,)

    return key


def _chosen(entity: Entity, query: Query) -> list[str]:
    known = [column.name for column in entity.columns]
    chosen = _names(query, "$select")
    if "$select" not in query or chosen == ["*"]:
        return known
    if unknown := [name for name in chosen if name not in known]:
        raise QueryError(f"$select: there is no column {unknown[0]!r}.")
    return chosen


def _cut(row: Row, chosen: list[str]) -> dict[str, Any]:
    return {name: row.get(name) for name in chosen}


def _names(query: Query, option: str) -> list[str]:
    written = query.get(option)
    return [] if written is None else [name.strip() for name in written.split(",")]


def _number(query: Query, option: str, default: int) -> int:
    written = query.get(option, str(default))
    if not (written.isascii() and written.isdecimal() and len(written) < 10):
        raise QueryError(f"{option} must be a whole number, not {written!r}.")
    return int(written)
