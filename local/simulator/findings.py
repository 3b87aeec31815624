"""How does the vendor write what a refresh finds: data sources, segments and measures as JSON. Pure."""

from datetime import datetime, timedelta

from local.simulator.answers import Json, audit, present
from local.simulator.model import DataSource, Measure, Segment, Table
from local.simulator.parts import Part
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
    stands, entity = world.standing(source.part, now), entity_name(world, source)
    metadata = {
        "dataSourceId": source.id,
        "name": entity,
        "friendlyName": stands.friendly_name,
        "kind": "powerQuery",
        "isActive": stands.active,
        "entityNames": [entity],
        "entitiesCount": 1,
        "provisioningState": "active",
        "lastRefresh": success.task.ends_at if success else None,
        "refreshState": REFRESH_STATES.get(latest.task.status_at(now), "notUpdated") if latest else "notUpdated",
        **audit(world, source.part, now),
    }
    model = {"name": entity, "description": "", "version": "1.0", "culture": "en-US", "modifiedTime": world.created_at}
    return present({"dataSourceMetadata": present(metadata), "model": model if with_model else None})


def entity_name(world: World, source: DataSource) -> str:
    """Its name among the tables: from its friendly name, and where another source has the same, from its id too."""
    plain = source.name.replace(" ", "")
    alone = sum(one.name == source.name for one in world.environment.data_sources) == 1
    return plain if alone else f"{plain}_{source.id}"


def segment(world: World, one: Segment, now: datetime, history_days: int | None) -> Json:
    """SegmentMetadata, with the history of the last days if asked for."""
    evaluations, stands = world.segment_evaluations(one, now), world.standing(one.part, now)
    return present(
        {
            "name": one.name,
            "friendlyName": stands.friendly_name,
            "kind": "default",
            "state": "active" if stands.active else "inactive",
            "evaluationStatus": _segment_status(evaluations, under_way=_is_under_way(world, one.part, now)),
            "evaluationStatusHistory": [_segment_stats(e) for e in reversed(_recent(evaluations, now, history_days))]
            if history_days is not None
            else None,
            **audit(world, one.part, now),
        }
    )


def _segment_status(evaluations: list[Evaluation[int]], *, under_way: bool) -> Json | None:
    """SegmentationPublishStats; nothing for a segment that has not been evaluated since it was made."""
    status = _segment_stats(evaluations[-1]) if evaluations else {}
    if under_way:
        status["jobStatus"] = "Running"
    successes = [evaluation.job_id for evaluation in evaluations if evaluation.status == SUCCESS]
    return present({**status, "lastSuccessfulRunId": successes[-1] if successes else None}) or None


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
    latest = _evaluation(evaluations[-1]) if evaluations else {"state": "none"}
    if _is_under_way(world, one.part, now):
        latest = {"state": "running"}
    success = next((evaluation for evaluation in reversed(evaluations) if evaluation.status == SUCCESS), None)
    failures = len(evaluations) - (evaluations.index(success) + 1 if success else 0)
    last_successful = success.ended_at if success else None
    return {
        "name": one.name,
        "displayName": world.standing(one.part, now).friendly_name,
        "definition": _definition(one),
        "latestEvaluation": present({**latest, "lastSuccessfulRunId": success.job_id if success else None}),
        "evaluationStats": present({"lastSuccessful": last_successful, "consecutiveFailureCount": failures}),
        "isTemplate": False,
        "isCreatedFromTemplate": False,
        **audit(world, one.part, now),
    }


def _definition(one: Measure) -> Json:
    """MeasureDefinition."""
    return {
        "kind": "entity",
        "isScalar": not one.dimensions,
        "isProfile": False,
        "type": "structured",
        "aggregates": [{"operation": "sum", "alias": alias, "displayName": alias} for alias in one.aliases],
        "dimensions": [{"field": name, "alias": name, "displayName": name} for name in one.dimensions],
    }


def measure_with_values(world: World, one: Measure, now: datetime, history_days: int | None) -> Json:
    """MeasureMetadata as the call for one measure has it: with the values, and their history if asked for."""
    evaluations = world.measure_evaluations(one, now)
    outputs = [] if one.dimensions else [evaluation for evaluation in evaluations if evaluation.status == SUCCESS]
    answer = {**measure(world, one, now), **({"output": _output(one, outputs[-1])} if outputs else {})}
    if history_days is None:
        return answer
    history = [_output(one, e) for e in reversed(_recent(outputs, now, history_days))]
    return {
        **answer,
        "evaluationHistory": [_evaluation(e) for e in reversed(_recent(evaluations, now, history_days))],
        **({} if one.dimensions else {"outputHistory": history}),
    }


def _output(one: Measure, evaluation: Evaluation[Table]) -> Json:
    """ScalarOutput; its time is the start of the evaluation, as the vendor documents it."""
    return {"measureName": one.name, "evaluationTime": evaluation.started_at, "values": dict(evaluation.value[()])}


def _evaluation(evaluation: Evaluation[Table]) -> Json:
    state = "completed" if evaluation.status == SUCCESS else "failed"
    return present({"state": state, "endTime": evaluation.ended_at, "error": evaluation.error or None})


def _recent(evaluations: list[Evaluation[Value]], now: datetime, days: int) -> list[Evaluation[Value]]:
    return [evaluation for evaluation in evaluations if evaluation.ended_at >= now - timedelta(days=days)]


def _is_under_way(world: World, part: Part, now: datetime) -> bool:
    latest = world.latest(part, now)
    return latest is not None and latest.task.status_at(now) == "running"
