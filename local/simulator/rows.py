"""What does a data query answer: the rows of a measure with dimensions, narrowed by a filter. Pure.

Of OData's filters only `Column eq 'text'`, several joined by `and`, is understood; that is all that the project asks.
"""

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from local.simulator.answers import Json
from local.simulator.model import Measure, Row
from local.simulator.world import SUCCESS, World

CLAUSE = r"[A-Za-z_]\w*\s+eq\s+'(?:[^']|'')*'"
FILTER = re.compile(rf"\s*{CLAUSE}(?:\s+and\s+{CLAUSE})*\s*")
ONE_CLAUSE = re.compile(r"([A-Za-z_]\w*)\s+eq\s+'((?:[^']|'')*)'")
JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


class FilterError(ValueError):
    """A filter that is not understood."""


def table(world: World, one: Measure, now: datetime) -> list[Json] | None:
    """Every row of the measure's last evaluation that succeeded; nothing if there is no table yet."""
    if not one.dimensions:
        return None
    evaluations = world.measure_evaluations(one, now)
    latest = next((evaluation for evaluation in reversed(evaluations) if evaluation.status == SUCCESS), None)
    return [_row(one, row, values) for row, values in latest.value.items()] if latest else None


def matching(rows: list[Json], one: Measure, wanted: str | None) -> list[Json]:
    """The rows that a $filter lets through."""
    clauses = parse_filter(wanted) if wanted is not None else []
    if unknown := [column for column, _ in clauses if column not in one.dimensions]:
        raise FilterError(f"$filter: {unknown[0]!r} is not a dimension of {one.name}.")
    return [row for row in rows if all(row[column] == value for column, value in clauses)]


def parse_filter(written: str) -> list[tuple[str, str]]:
    """The columns and the texts that they must have; a quote in a text is written twice."""
    if not FILTER.fullmatch(written):
        raise FilterError(f"$filter is not supported: {written!r}. Write Column eq 'text', joined by and.")
    return [(column, value.replace("''", "'")) for column, value in ONE_CLAUSE.findall(written)]


def _row(one: Measure, row: Row, values: Mapping[str, str]) -> Json:
    return {**dict(zip(one.dimensions, row, strict=True)), **{alias: _cell(text) for alias, text in values.items()}}


def _cell(text: str) -> object:
    """A number to its last digit, as JSON has it; anything else as a text."""
    return msgspec.Raw(text.encode()) if JSON_NUMBER.fullmatch(text) else text
