"""Are there the operations that flows call? Ours by the connector's definition, others by what is known of them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from local.connector.definition import Definition, Operation
from local.flows.package import CALL, WEBHOOK, Solution, Step


class Known(NamedTuple):
    """The fields of somebody else's action, as flows of Microsoft's fill them in."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()


_CHANNEL = frozenset(("body/recipient/groupId", "body/recipient/channelId", "body/messageBody"))
_MAIL = ("Cc", "Bcc", "From", "ReplyTo", "Importance", "Attachments")
# Teams has other fields for chats; an action without its fields' names is not to be guessed at.
OTHERS: Mapping[tuple[str, str], Known] = {
    ("shared_teams", "PostMessageToConversation"): Known(_CHANNEL | {"poster", "location"}),
    ("shared_teams", "PostCardToConversation"): Known(_CHANNEL | {"poster", "location"}),
    ("shared_office365", "SendEmailV2"): Known(
        frozenset(("emailMessage/To", "emailMessage/Subject", "emailMessage/Body")),
        frozenset(f"emailMessage/{name}" for name in _MAIL),
    ),
    ("shared_commondataserviceforapps", "PerformUnboundAction"): Known(
        frozenset(("actionName",)), frozenset(("item/EnvironmentVariableName",))
    ),
}


def operation_problems(solution: Solution, definition: Definition) -> Iterator[str]:
    """What is wrong with the calls of flows: no such operation, no such field, a required one not given."""
    for flow in solution.flows:
        apis = {name: one["api"] for name, one in flow.references.items()}
        for step in flow.steps:
            if not step.host:
                continue
            api = apis.get(step.host["connectionName"])
            if api is None:
                problems: Iterator[str] = iter((f"calls by {step.host['connectionName']}, which is not declared",))
            elif "logicalName" in api:
                problems = _of_ours(step, definition.by_id.get(step.host["operationId"]))
            else:
                problems = _of_others(step, OTHERS.get((api["name"], step.host["operationId"])))
            yield from (f"{flow.part}: {step.name} ({step.host['operationId']}) {one}" for one in problems)


def _of_ours(step: Step, operation: Operation | None) -> Iterator[str]:
    if operation is None:
        yield "is not in the definition"
        return
    wanted = {"single": WEBHOOK, "batch": CALL, "": CALL}[operation.trigger]
    if step.type != wanted or step.is_trigger is not bool(operation.trigger):
        yield f"should be {wanted} as {'a trigger' if operation.trigger else 'an action'}"
    known = {field.path: field for field in operation.fields if field.visibility != "internal"}
    required = {name for name, one in known.items() if one.required and "default" not in one.value_schema}
    dynamic = tuple(f"{name}/" for name, one in known.items() if "x-ms-dynamic-properties" in one.value_schema)
    given = {_whole(name, dynamic) for name in step.inputs.get("parameters", {})}
    yield from _of_fields(given, frozenset(required), frozenset(known))


def _whole(name: str, dynamic: tuple[str, ...]) -> str:
    """A field, or the one whose columns only Customer Insights knows and that it is a column of."""
    return next((one.removesuffix("/") for one in dynamic if name.startswith(one)), name)


def _of_others(step: Step, known: Known | None) -> Iterator[str]:
    if known is None:
        yield "is not known here: enter its fields in local/flows/operations.py"
        return
    if step.type != CALL or step.is_trigger:
        yield f"should be {CALL} as an action"
    yield from _of_fields(set(step.inputs.get("parameters", {})), known.required, known.required | known.optional)


def _of_fields(given: set[str], required: frozenset[str], known: frozenset[str]) -> Iterator[str]:
    yield from (f"has no field {name}" for name in sorted(given - known))
    yield from (f"lacks {name}" for name in sorted(required - given))
