"""Which settings of a step does the runner honour? Those that are here; any other is a mistake, not passed over."""

import re
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
ONCE = {"type": "none"}
BY_DEFAULT = 5
DISABLED = "DisableAsyncPattern"
TRIGGERS = ("OpenApiConnectionWebhook", "HttpWebhook", "Recurrence")
TRIGGER_SETTINGS = {"type", "metadata", "inputs", "recurrence"}
RECURRENCE = {"frequency", "interval", "startTime", "timeZone", "schedule"}
SCHEDULE = {"hours", "minutes"}
SETTINGS = {"type", "metadata", "inputs", "runAfter", "runtimeConfiguration", "limit", "operationOptions"}
NESTED = {"expression", "actions", "else"}
_DURATION = re.compile(r"PT\d+[HM]")


def check_trigger(trigger: Json) -> None:
    """Raises NotImplementedError."""
    _only({trigger["type"]}, set(TRIGGERS))
    _only(trigger, TRIGGER_SETTINGS)
    _only(trigger.get("recurrence", {}), RECURRENCE)
    _only(trigger.get("recurrence", {}).get("schedule", {}), SCHEDULE)


def check_action(action: Json) -> None:
    """Raises NotImplementedError."""
    _only(action, SETTINGS | NESTED if action["type"] == "If" else SETTINGS)
    _only(action.get("runtimeConfiguration", {}), {"secureData"})
    _only({action.get("operationOptions", DISABLED)}, {DISABLED})
    limit = action.get("limit", {})
    _only(limit, {"timeout"})
    if "timeout" in limit and not _DURATION.fullmatch(limit["timeout"]):
        raise NotImplementedError(f"the duration {limit['timeout']} is not known here")


def tries_of(action: Json) -> int:
    """How often a call is made at most. Raises NotImplementedError."""
    policy = action["inputs"].get("retryPolicy")
    if policy not in (None, ONCE):
        raise NotImplementedError(f"the retry policy {policy} is not known here")
    return BY_DEFAULT if policy is None else 1


def waits(action: Json) -> bool:
    """Whether an answer of 202 is followed to its end."""
    return action.get("operationOptions") != DISABLED


def _only(given: Any, known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise NotImplementedError(f"{', '.join(unknown)} is not known here")
