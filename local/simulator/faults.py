"""What can go wrong at the source on request, and which calls does it befall?"""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import msgspec

Kind = Literal[
    "throttle",
    "fail",
    "slow",
    "garbage",
    "refuse",
    "conflict",
    "missing",
    "reject",
    "redirect",
    "bulk",
    "drip",
    "none",
]
KINDS: tuple[str, ...] = get_args(Kind)
ANY = "*"


class FaultRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /control/faults; `none` ends the faults of the environment.

    `status` is for fail (500; 503 says when to come again) and refuse (403); `location` for redirect. The path is part
    of the call's path; `seconds` is the wait before a slow answer, or before each byte of a dripping one. A
    `retry_after` of 0 is left out; `claims`, in base64, are what a refusal with 401 wants of the user.
    """

    kind: Kind
    environment: str = ANY
    path: str = ""
    method: str = ANY
    times: int | None = None
    retry_after: float = 5
    seconds: float = 1
    status: int | None = None
    location: str = "http://elsewhere.invalid/"
    claims: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is on: for which calls, and how often it has been used."""

    request: FaultRequest
    used: int = 0

    def matches(self, environment_id: str | None, path: str, method: str) -> bool:
        """Whether it befalls a call for this environment and path."""
        wanted = self.request
        here = wanted.environment in (ANY, environment_id) and wanted.method in (ANY, method)
        spent = wanted.times is not None and self.used >= wanted.times
        return here and wanted.path in path and not spent


@dataclass(slots=True)
class Faults:
    """The faults that are on, the newest first."""

    _on: list[Fault] = field(default_factory=list)

    def set(self, request: FaultRequest) -> None:
        """Turn a fault on, or with `none` all those of the environment off."""
        if request.kind == "none":
            self._on = [fault for fault in self._on if request.environment not in (ANY, fault.request.environment)]
        else:
            self._on.insert(0, Fault(request))

    def next_for(self, environment_id: str | None, path: str, method: str) -> Fault | None:
        """The fault that befalls this call, if any; it is counted."""
        for place, fault in enumerate(self._on):
            if fault.matches(environment_id, path, method):
                self._on[place] = replace(fault, used=fault.used + 1)
                return fault
        return None


def garbage(body: bytes, turn: int) -> bytes:
    """An answer that cannot be understood: by turns broken JSON and JSON of wrong types."""
    return body[: max(1, len(body) // 2)] if turn % 2 == 0 else json.dumps(_scrambled(json.loads(body))).encode()


def _scrambled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _scrambled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_scrambled(inner) for inner in value] or "none"
    return 17 if isinstance(value, str) else "seventeen"
