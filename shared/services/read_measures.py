"""Read the measures: all of them, and the history or row of each watched one, which the API gives one by one."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from shared.domain.snapshot import Measure, Output
from shared.domain.watches import Series, Watches
from shared.errors import InsightsAnswerInvalid, InsightsNotFound, InsightsRejected
from shared.ports import InsightsApi

_AT_ONCE = 4
_OF_ONE_MEASURE = (InsightsNotFound, InsightsRejected, InsightsAnswerInvalid)
_log = logging.getLogger(__name__)


async def read_measures(
    insights: InsightsApi, environment_id: str, watches: Watches, history_days: Callable[[str], int]
) -> tuple[Measure, ...]:
    """All measures, the watched ones with as many days of history as they need.

    One that the API will not tell about does not hold up the others, and is not judged: the list shows its latest
    evaluation at most, and those before that would be passed over.
    """
    listed = {measure.name: measure for measure in await insights.measures(environment_id)}
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def detailed(measure: Measure) -> Measure:
        async with at_once:
            try:
                return await insights.measure(environment_id, measure.name, history_days=history_days(measure.name))
            except _OF_ONE_MEASURE as failure:
                _tell(environment_id, measure.name, failure)
                return unread(measure)

    watched = [listed[name] for name in watches.measure_names if name in listed]
    found = {**listed, **{measure.name: measure for measure in await asyncio.gather(*map(detailed, watched))}}
    for row in watches.measure_rows:
        if row.name in found and found[row.name].is_evaluated:
            found[row.name] = await _with_row(insights, environment_id, found[row.name], row)
    return tuple(found.values())


def unread(measure: Measure) -> Measure:
    """A measure of which nothing is judged, so that the next look judges all of its evaluations."""
    return replace(measure, outputs=(), history=())


async def _with_row(insights: InsightsApi, environment_id: str, measure: Measure, row: Series) -> Measure:
    """A row of a measure that is broken down. It has no history: its time is the end of the latest evaluation."""
    try:
        values: Mapping[str, str] = await insights.measure_row(environment_id, measure.name, row.dimensions)
    except _OF_ONE_MEASURE as failure:
        _tell(environment_id, measure.name, failure)
        return measure
    return replace(measure, outputs=(*measure.outputs, Output(measure.evaluated_at, values, row.dimensions)))


def _tell(environment_id: str, name: str, failure: Exception) -> None:
    fields = {"action": "measure_unreadable", "environment_id": environment_id}
    _log.warning("Measure %s cannot be read: %s", name, failure, extra=fields)
