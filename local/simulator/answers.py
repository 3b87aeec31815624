"""How does the vendor write jobs, tasks, nodes and environments: the JSON, with absent what has no value. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.simulator.model import Environment
from local.simulator.parts import Part
from local.simulator.principal import Principal
from local.simulator.timeline import JobRun, TaskRun
from local.simulator.world import Ran, World

Json = dict[str, Any]
INFO_KINDS = {"segmentation": "segmentation", "measures": "measures", "merge": "merge", "export": "export"}
AUTHOR = "admin@contoso.example"
ERROR_CODES = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 503: "ServiceUnavailable"}


def present(fields: Mapping[str, Any]) -> Json:
    """The fields that have a value: the vendor leaves out the others."""
    return {name: value for name, value in fields.items() if value is not None}


def job(run: JobRun, now: datetime, *, with_tasks: bool) -> Json:
    """GraphJobInfo."""
    return present(
        {
            "jobId": run.id,
            "jobType": "full",
            "jobSubmissionKind": run.job.submission,
            "jobStatus": run.status_at(now),
            "operationType": run.job.shown_operation(run.job.operation),
            "subType": "noSubType",
            "submittedTimestamp": run.job.submitted_at,
            "endTimestamp": run.ends_at if run.ends_at <= now else None,
            "shouldForceRunRequestedNodes": run.job.submission == "onDemand",
            "idList": [one.part.identifier for one in run.tasks] if run.job.only else [],
            "tasks": [task(run, one, now) for one in run.tasks] if with_tasks else None,
        }
    )


def task(run: JobRun, one: TaskRun, now: datetime) -> Json:
    """GraphTaskInfo: a friendly name, but no identifier and no start."""
    return present(
        {
            "taskId": one.id,
            "submittedTimestamp": run.job.submitted_at,
            "waitingTaskIds": _waits_for(run, one, now) if one.starts_at > now else [],
            **_work(run, one, now),
        }
    )


def _waits_for(run: JobRun, one: TaskRun, now: datetime) -> list[str]:
    return [other.id for other in run.tasks if one.starts_at >= other.ends_at > now]


def node(world: World, part: Part, now: datetime) -> Json | None:
    """GraphNodeInfo, with the name that the part has now, or nothing if it has never been worked on."""
    latest, success = world.latest(part, now), world.last_success(part, now)
    if latest is None:
        return None
    return present(
        {
            "identifier": part.identifier,
            **_work(latest.job, latest.task, now),
            "friendlyName": part.friendly_name,
            "lastSuccessJobIds": [success.job.id] if success else [],
            "lastSuccessfulTimestamp": success.task.ends_at if success else None,
            "selectionReason": _selection_reason(latest),
        }
    )


def _work(run: JobRun, one: TaskRun, now: datetime) -> Json:
    """What tasks and nodes have in common."""
    ended = one.ends_at <= now
    error = ci_result(one.outcome.error) if ended and one.outcome.error else None
    kind = INFO_KINDS.get(one.part.operation)
    return {
        "taskStatus": one.shown_at(now),
        "operationType": run.job.shown_operation(one.part.operation),
        "subType": "noSubType",
        "jobIds": [run.id],
        "friendlyName": one.part.friendly_name,
        "endTimestamp": one.ends_at if ended else None,
        "ciError": error,
        "ciErrors": [error] if error else [],
        "additionalInfo": {"kind": kind} if kind else None,
    }


def _selection_reason(latest: Ran) -> Json:
    by_hand = latest.job.job.submission == "onDemand"
    return {"code": "requested" if by_hand else "modifiedInputs", "details": ""}


def ci_result(message: str, *, code: str = "ProcessFailed", culprit: str = "user") -> Json:
    """CIResult: how the vendor words an error."""
    return {
        "exceptionCulprit": culprit,
        "errorCode": code,
        "resultSeverity": "error",
        "message": message,
        "name": code,
        "params": {},
        "ciResults": [],
    }


def api_error(status: int, message: str) -> Json:
    """ApiErrorResult."""
    culprit = "user" if status < 500 else "system"
    return {**ci_result(message, code=_error_code(status), culprit=culprit), "httpStatusCode": str(status)}


def odata_error(status: int, message: str) -> Json:
    """ODataError."""
    return {"errorCode": _error_code(status), "message": message, "details": []}


def _error_code(status: int) -> str:
    return ERROR_CODES.get(status, "InternalError" if status >= 500 else "InvalidRequest")


def instance_info(environment: Environment) -> Json:
    """InstanceInfo."""
    return {
        "instanceId": environment.id,
        "name": environment.name,
        "instanceType": "sandbox",
        "maxTrialExtensionsAllowed": 0,
        "scaleUnitId": "local",
        "azureRegion": "local",
    }


def instance_metadata(world: World) -> Json:
    """InstanceMetadata."""
    return {
        "name": world.environment.name,
        "isB2B": False,
        "isB2C": True,
        "provisioningState": "active",
        "instanceType": "sandbox",
        "region": "local",
        "azureRegion": "local",
        "isRefreshCredentialRequired": False,
        **audit(world),
    }


def role_assignment(environment: Environment, principal: Principal) -> Json:
    """RoleAssignment: what the caller may do."""
    return {
        "principalId": principal.id,
        "principalType": principal.kind,
        "roles": [principal.role] if principal.role else [],
        "instanceId": environment.id,
    }


def audit(world: World, part: Part | None = None, now: datetime | None = None) -> Json:
    """Who made a thing and when, and who last changed it: the environment, or one part of it."""
    made_at = edited_at = world.created_at
    if part and now:
        stands = world.standing(part, now)
        made_at = stands.made_at or made_at
        edited_at = stands.edited_at or made_at
    made = {"createdBy": AUTHOR, "createdUtc": made_at, "updatedBy": AUTHOR, "updatedUtc": edited_at}
    return {"version": 1, **made, "instanceId": world.environment.id}
