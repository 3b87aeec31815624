"""What does the Customer Insights API answer: every path under /v1 that the project calls."""

from typing import Any, Literal

import msgspec

from local.simulator import answers, data_calls, entity_calls, findings
from local.simulator.calls import Answer, Call, ProblemError, for_writers
from local.simulator.model import Measure
from local.simulator.principal import Principal
from local.simulator.simulation import Simulation
from local.simulator.timeline import JobRun

Paths = Literal["v1", "manage", "both"]
OPERATIONS = frozenset(
    """
    all activity aiBuilder analysis attributeMeasures contact dataPreparation derivedEntity enrichment
    entityMeasures export hierarchy ingestion insights intelligence map match measures merge modelManagement
    none preEnrichment profileStore realtimeM3Search relationship roleAssignment search segmentMembership
    segmentation semanticEntity transform
    """.split()  # noqa: SIM905 - a list of names reads best as words
)


class JobRequest(msgspec.Struct, frozen=True, rename="camel"):
    """OnDemandJobRequest, as far as it matters; the query says the same and wins."""

    operation_type: str | None = None
    identifiers: list[str] | None = None


def instances(simulation: Simulation, principal: Principal) -> Any:
    """GET the environments where the caller has a role."""
    return [answers.instance_info(one) for one in simulation.scenario.environments if principal.role]


def instance(call: Call) -> Any:
    """GET one environment."""
    return answers.instance_metadata(call.world)


def my_role(call: Call) -> Any:
    """GET what the caller may do."""
    return answers.role_assignment(call.environment, call.principal)


def jobs(call: Call) -> Any:
    """GET the jobs, newest first."""
    runs = call.world.jobs(call.now)[: call.number("top", 10)]
    return [answers.job(run, call.now, with_tasks=call.flag("includeTasks")) for run in runs]


def one_job(call: Call) -> Any:
    """GET one job."""
    return answers.job(_run(call), call.now, with_tasks=call.flag("includeTasks"))


def start_job(call: Call) -> Any:
    """POST a job."""
    body = _job_request(call.body)
    written = call.query.get("operationType") or body.operation_type or ""
    operation = next((name for name in OPERATIONS if name.lower() == written.lower()), None)
    if operation is None:
        raise ProblemError(400, f"operationType {written!r} is not known.")
    listed = call.query["identifiers"].split(",") if "identifiers" in call.query else body.identifiers or []
    identifiers = tuple(name for name in (one.strip().strip("'") for one in listed) if name)
    run = call.simulation.start_job(call.environment, operation, identifiers)
    return answers.job(run, call.simulation.now(), with_tasks=True)


def cancel_job(call: Call) -> Any:
    """POST the end of a job."""
    run = call.simulation.cancel_job(call.environment, _run(call))
    return answers.job(run, call.simulation.now(), with_tasks=True)


def status(call: Call) -> Any:
    """GET the nodes: the last work on each part."""
    nodes = (answers.node(call.world, part, call.now) for part in call.environment.parts(call.now))
    return [node for node in nodes if node is not None]


def history(call: Call) -> Any:
    """GET the tasks that ended, newest first."""
    ended = call.world.ended_tasks(call.now)[: call.number("top", 10)]
    return [answers.task(ran.job, ran.task, call.now) for ran in ended]


def data_sources(call: Call) -> Any:
    """GET the data sources."""
    return [
        findings.data_source(call.world, source, call.now)
        for source in call.world.there(call.environment.data_sources, call.now)
    ]


def one_data_source(call: Call) -> Any:
    """GET one data source."""
    wanted = call.route["data_source_id"].lower()
    sources = call.world.there(call.environment.data_sources, call.now)
    source = next((one for one in sources if one.id.lower() == wanted), None)
    if source is None:
        raise ProblemError(404, f"There is no data source {wanted!r}.")
    return findings.data_source(call.world, source, call.now, with_model=call.flag("includeModel", default=True))


def segments(call: Call) -> Any:
    """GET the segments."""
    days = call.history_days(10)
    listed = call.world.there(call.environment.segments, call.now)[: call.number("numberOfSegments", 100_000)]
    return [findings.segment(call.world, one, call.now, days) for one in listed]


def activate(call: Call) -> Any:
    """PUT a segment on."""
    return _switched(call, "activate")


def deactivate(call: Call) -> Any:
    """PUT a segment off."""
    return _switched(call, "deactivate")


def _switched(call: Call, what: str) -> bool:
    name = call.route["segment_name"]
    listed = call.world.there(call.environment.segments, call.now)
    segment = next((one for one in listed if one.name == name), None)
    if segment is None:
        raise ProblemError(404, f"There is no segment {name!r}.")
    call.simulation.edit(call.environment, segment.part, what)
    return True


def measures(call: Call) -> Any:
    """GET the measures, without their values."""
    return [
        findings.measure(call.world, one, call.now) for one in call.world.there(call.environment.measures, call.now)
    ]


def one_measure(call: Call) -> Any:
    """GET one measure, with its values."""
    measure = _measure(call)
    if measure is None:
        raise ProblemError(404, f"There is no measure {call.route['measure_name']!r}.")
    return findings.measure_with_values(call.world, measure, call.now, call.history_days(30))


def _measure(call: Call) -> Measure | None:
    measures = call.world.there(call.environment.measures, call.now)
    return next((one for one in measures if one.name == call.route["measure_name"]), None)


def _run(call: Call) -> JobRun:
    wanted = call.route["job_id"].lower()
    run = next((one for one in call.world.jobs(call.now) if one.id == wanted), None)
    if run is None:
        raise ProblemError(404, f"There is no job {wanted!r}.")
    return run


def _job_request(body: bytes) -> JobRequest:
    try:
        return msgspec.json.decode(body, type=JobRequest) if body else JobRequest()
    except msgspec.MsgspecError as error:
        raise ProblemError(400, f"The body is not an OnDemandJobRequest: {error}") from error


def _workflow_routes(prefix: str) -> list[tuple[str, str, Answer]]:
    return [
        ("GET jobs", f"{prefix}/jobs", jobs),
        ("GET job", f"{prefix}/jobs/{{job_id}}", one_job),
        ("GET status", f"{prefix}/status", status),
        ("GET history", f"{prefix}/history", history),
    ]


def _writes(*, old: bool, new: bool) -> list[tuple[str, str, Answer]]:
    prefixes = [*(["/workflows/main"] if old else []), *(["/manage/workflows/main"] if new else [])]
    found: list[tuple[str, str, Answer]] = [
        *(("POST jobs", f"{prefix}/jobs", start_job) for prefix in prefixes),
        *(("POST cancel", f"{prefix}/jobs/{{job_id}}/cancel", cancel_job) for prefix in prefixes),
        ("PUT activate", "/manage/segments/{segment_name}/activate", activate),
        ("PUT deactivate", "/manage/segments/{segment_name}/deactivate", deactivate),
        ("POST data", "/data/{entity_name}", data_calls.create),
        ("PATCH data", "/data/{entity_name}/{entity_id}", data_calls.update),
    ]
    return [(name, path, for_writers(answer)) for name, path, answer in found]


def routes(paths: Paths) -> list[tuple[str, str, Answer]]:
    """Every call (its verb and name, its path, what answers it) of the wanted variant of the API."""
    old, new = paths in ("v1", "both"), paths in ("manage", "both")
    return [
        ("GET instance", "", instance),
        ("GET myrole", "/rbac/myrole", my_role),
        *(_workflow_routes("/workflows/main") if old else []),
        *(_workflow_routes("/manage/workflows/main") if new else []),
        *([("GET datasources", "/manage/datasources/v2", data_sources)] if new else []),
        *([("GET datasources", "/manage/datasources", data_sources)] if old else []),
        ("GET datasource", "/manage/datasources/{data_source_id}", one_data_source),
        ("GET segments", "/manage/segments", segments),
        ("GET measures", "/manage/measures", measures),
        ("GET measure", "/manage/measures/{measure_name}", one_measure),
        ("GET entities", "/manage/entities", entity_calls.entities),
        ("GET entity", "/manage/entities/{entity_name}", entity_calls.entity),
        ("GET entitysize", "/manage/entities/{entity_name}/entitysize", entity_calls.entity_size),
        ("GET data", "/data/{entity_name}", data_calls.read),
        *_writes(old=old, new=new),
    ]
