"""What is in the table of a measure with dimensions? Pure."""

from collections.abc import Mapping
from datetime import datetime

from local.simulator.answers import Json
from local.simulator.cells import number
from local.simulator.model import Measure, Row
from local.simulator.world import SUCCESS, World


def table(world: World, one: Measure, now: datetime) -> list[Json] | None:
    """Every row of the measure's last evaluation that succeeded; nothing if there is no table yet."""
    if not one.dimensions:
        return None
    evaluations = world.measure_evaluations(one, now)
    latest = next((evaluation for evaluation in reversed(evaluations) if evaluation.status == SUCCESS), None)
    return [_row(one, row, values) for row, values in latest.value.items()] if latest else None


def _row(one: Measure, row: Row, values: Mapping[str, str]) -> Json:
    return {**dict(zip(one.dimensions, row, strict=True)), **{alias: number(text) for alias, text in values.items()}}
