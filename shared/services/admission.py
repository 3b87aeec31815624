"""May this be watched? What subscribing and polling check and do before they keep an order."""

import logging
from collections.abc import Collection
from contextlib import suppress

from shared.domain.callers import Caller
from shared.domain.subscriptions import Filters, Subscription, SubscriptionState, Trigger, just_unsubscribed
from shared.domain.watches import Series
from shared.errors import (
    CheckpointConflict,
    InsightsError,
    InsightsNotFound,
    InsightsRejected,
    NotFound,
    RequestInvalid,
)
from shared.ports import NamedKind, Ports

_log = logging.getLogger(__name__)
_UNKNOWN = {
    NamedKind.SEGMENT: "Customer Insights has no segment of that unique name; case counts",
    NamedKind.MEASURE: "Customer Insights has no measure of that unique name; case counts",
    NamedKind.DATA_SOURCE: "Customer Insights has no data source of that id; it is not the source's name",
}
_KINDS = {"segments": (NamedKind.SEGMENT, "segmentName"), "measures": (NamedKind.MEASURE, "measureName")}


def require_trigger(name: str) -> Trigger:
    """The trigger of that name. Raises NotFound."""
    if name not in list(Trigger):
        raise NotFound(f"There is no trigger of that name; there are {', '.join(Trigger)}.")
    return Trigger(name)


async def require_environment(ports: Ports, environment: str) -> None:
    """An environment that was never polled has to answer once. Raises NotFound and InsightsError."""
    stored = await ports.checkpoints.read(environment)
    if stored is not None and stored.state.checkpoint is not None:
        return
    try:
        await ports.insights.jobs(environment, top=1)
    except InsightsNotFound:
        raise NotFound("Customer Insights knows no environment of that id.") from None


async def require_names(ports: Ports, environment: str, filters: Filters) -> None:
    """What the filters name has to be there. Raises RequestInvalid.

    When Customer Insights cannot be asked, the name is taken: a flow that is switched on during an outage must not be
    left without its trigger.
    """
    for kind, field, name in _names(filters):
        try:
            known = await ports.insights.knows(environment, kind, name)
        except InsightsError as error:
            fields = {"action": "name_unchecked", "environment_id": environment, "reason": error.reason}
            _log.warning("The %s of a subscription could not be looked up: %s", kind, error, extra=fields)
            return
        if not known:
            raise RequestInvalid(field, _UNKNOWN[kind], reason="unknown_name")
    if filters.threshold is not None and filters.threshold.series.kind == "measures":
        await _require_alias(ports, environment, filters.threshold.series)


async def watch_environment(ports: Ports, environment: str, listed: Collection[str]) -> None:
    """Have an environment that nobody watched begin anew, so that what happened in between is not told.

    To be called before the first subscription is there: until then nobody polls the environment.
    """
    if environment in {*listed, *await ports.subscriptions.environments()}:
        return
    now = ports.clock()
    if any(just_unsubscribed(one, now) for one in await ports.subscriptions.of_environment(environment)):
        return  # it is watched on: a flow is being saved
    stored = await ports.checkpoints.read(environment)
    if stored is not None and stored.state.checkpoint is not None:
        with suppress(CheckpointConflict):  # somebody else subscribes at the same time
            await ports.checkpoints.write(environment, stored.state.forgotten(), stored.etag)


async def require_own(ports: Ports, subscription_id: str, caller: Caller) -> Subscription:
    """A subscription of the caller's, without its secrets. Raises NotFound; for a deleted or somebody else's too."""
    found = await ports.subscriptions.show(subscription_id)
    if found is None or not caller.may_touch(found) or found.state is SubscriptionState.UNSUBSCRIBED:
        raise NotFound("There is no subscription of that id.")
    return found


async def _require_alias(ports: Ports, environment: str, series: Series) -> None:
    """A measure tells its calculations once it was evaluated; one that never was is taken as it is."""
    try:
        if series.dimensions:
            told = set(await ports.insights.measure_row(environment, series.name, series.dimensions))
        else:
            measure = await ports.insights.measure(environment, series.name, history_days=1)
            told = {alias for output in (*measure.outputs, *measure.history) for alias in output.values}
    except (InsightsNotFound, InsightsRejected):
        if series.dimensions:
            raise RequestInvalid(
                "dimensions", "the measure is not broken down like that", reason="unknown_name"
            ) from None
        return
    except InsightsError:
        return
    if told and series.alias not in told:
        known = ", ".join(sorted(told)[:20])
        raise RequestInvalid("alias", f"the measure has no such calculation; it has {known}", reason="unknown_name")


def _names(filters: Filters) -> list[tuple[NamedKind, str, str]]:
    if filters.threshold is not None:
        kind, field = _KINDS[filters.threshold.series.kind]
        return [(kind, field, filters.threshold.series.name)]
    source = filters.freshness.data_source_id if filters.freshness else filters.data_source_id
    return [(NamedKind.DATA_SOURCE, "dataSourceId", source)] if source else []
