"""How does the vendor write what a refresh finds: data sources, segments and measures as JSON. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from local.simulator.answers import Json, audit, present
from local.simulator.model import DataSource, Measure, Part, Segment
from local.simulator.world import SUCCESS, Evaluation, Value, World

REFRESH_STATES = {
    "queued": "updating",
    "running": "updating",
    "successful": "updated",
    "failed": "updateFailed",
    "timedOut": "updateFailed",
    "aborted": "updateCancelled",
}
SEGMENT_STATUSES = {"successful": "CompletedSuccess", "aborted": "Cancelled"}


def data_source(world: World, source: DataSource, now: datetime, *, with_model: bool = True) -> Json:
    """DataSourceInfo."""
    latest, success = world.latest(source.part, now), world.last_success(source.part, now)
    entity = source.name.replace(" ", "")
    metadata = {
        "dataSourceId": source.id,
        "name": entity,
        "friendlyName": source.name,
        "kind": "powerQuery",
        "isActive": True,
        "entityNames": [entity],
        "entitiesCount": 1,
        "provisioningState": "active",
        "lastRefresh": success.task.ends_at if success else None,
        "refreshState": REFRESH_STATES.get(latest.task.status_at(now), "notUpdated") if latest else "notUpdated",
        **audit(world),
    }
    model = {"name": entity, "description": "", "version": "1.0", "culture": "en-US", "modifiedTime": world.created_at}
    return present({"dataSourceMetadata": present(metadata), "model": model if with_model else None})


def segment(world: World, one: Segment, now: datetime, history_days: int | None) -> Json:
    """SegmentMetadata, with the history of the last days if asked for."""
    evaluations = world.segment_evaluations(one, now)
    status = _segment_stats(evaluations[-1])
    if _is_under_way(world, one.part, now):
        status["jobStatus"] = "Running"
    successes = [evaluation.job_id for evaluation in evaluations if evaluation.status == SUCCESS]
    return present(
        {
            "name": one.name,
            "friendlyName": one.display_name,
            "kind": "default",
            "state": "active",
            "evaluationStatus": present({**status, "lastSuccessfulRunId": successes[-1]}),
            "evaluationStatusHistory": [_segment_stats(e) for e in reversed(_recent(evaluations, now, history_days))]
            if history_days is not None
            else None,
            **audit(world),
        }
    )


def _segment_stats(evaluation: Evaluation[int]) -> Json:
    """A failed evaluation counts no one: 0 members, which must not be read as a fall."""
    key = "segmentEvaluationOrchestrationFailed"
    return present(
        {
            "jobStatus": SEGMENT_STATUSES.get(evaluation.status, "CompletedFailure"),
            "evaluationDate": evaluation.ended_at,
            "entityCount": evaluation.value if evaluation.status == SUCCESS else 0,
            "error": {"key": key, "value": evaluation.error, "args": []} if evaluation.error else None,
        }
    )


def measure(world: World, one: Measure, now: datetime) -> Json:
    """MeasureMetadata as the list has it: without the values."""
    evaluations = world.measure_evaluations(one, now)
    latest = {"state": "running"} if _is_under_way(world, one.part, now) else _evaluation(evaluations[-1])
    good = [place for place, evaluation in enumerate(evaluations) if evaluation.status == SUCCESS]
    failures = len(evaluations) - 1 - good[-1]
    aggregates = [{"operation": "sum", "alias": alias, "displayName": alias} for alias in one.values]
    scalar = {"kind": "entity", "isScalar": True, "isProfile": False, "type": "structured"}
    return {
        "name": one.name,
        "displayName": one.display_name,
        "definition": {**scalar, "aggregates": aggregates, "dimensions": []},
        "latestEvaluation": present({**latest, "lastSuccessfulRunId": evaluations[good[-1]].job_id}),
        "evaluationStats": {
            "lastSuccessful": evaluations[good[-1]].ended_at,
            "consecutiveFailureCount": failures,
        },
        "isTemplate": False,
        "isCreatedFromTemplate": False,
        **audit(world),
    }


def measure_with_values(world: World, one: Measure, now: datetime, history_days: int | None) -> Json:
    """MeasureMetadata as the call for one measure has it: with the values, and their history if asked for."""
    evaluations = world.measure_evaluations(one, now)
    outputs = [evaluation for evaluation in evaluations if evaluation.status == SUCCESS]
    answer = {**measure(world, one, now), "output": _output(one, outputs[-1])}
    if history_days is None:
        return answer
    return {
        **answer,
        "evaluationHistory": [_evaluation(e) for e in reversed(_recent(evaluations, now, history_days))],
        "outputHistory": [_output(one, e) for e in reversed(_recent(outputs, now, history_days))],
    }


def _output(one: Measure, evaluation: Evaluation[Mapping[str, str]]) -> Json:
    """ScalarOutput; its time is the start of the evaluation, as the vendor documents it."""
    return {"measureName": one.name, "evaluationTime": evaluation.started_at, "values": dict(evaluation.value)}


def _evaluation(evaluation: Evaluation[Mapping[str, str]]) -> Json:
    state = "completed" if evaluation.status == SUCCESS else "failed"
    return present({"state": state, "endTime": evaluation.ended_at, "error": evaluation.error or None})


def _recent(evaluations: list[Evaluation[Value]], now: datetime, days: int) -> list[Evaluation[Value]]:
    return [evaluation for evaluation in evaluations if evaluation.ended_at >= now - timedelta(days=days)]


def _is_under_way(world: World, part: Part, now: datetime) -> bool:
    latest = world.latest(part, now)
    return latest is not None and latest.task.status_at(now) == "running"
