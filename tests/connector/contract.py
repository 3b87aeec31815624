"""The definition as a contract: what a request and its answer break of it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from jsonschema import Draft4Validator, FormatChecker

from local.connector.definition import Json, Operation, read_definition

OPERATOR_ROUTES = frozenset(  # for administrators and for callers without a connector: docs/operate.md
    {
        "GET /api/health/live",
        "POST /api/operations/reencrypt",
        "POST /api/unsubscribe",
        "DELETE /api/unsubscribe",
        "POST /api/subscriptions/{id}/signing-secret",
    }
)
ONLY_HTTP = ("batch",)  # a field of subscribing that a designer could not handle: docs/subscribing.md
EXACT_NUMBERS = ("threshold", "rearmAt")  # also taken as texts, for numbers that no double holds: docs/subscribing.md
_SAID = {"type": "string", "minLength": 1}
ERROR: Json = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"code": _SAID, "message": _SAID, "field": {"type": "string"}},
            "required": ["code", "message"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
}
OUR_FAULT = 500  # no part of any contract
_FORMATS = FormatChecker(["date-time", "uuid"])
_TYPES = {"integer": int, "number": float}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call as it went over the wire, and the answer."""

    method: str
    url: str
    body: bytes | None
    status: int
    headers: Mapping[str, str]
    answer: bytes


def breaches(exchange: Exchange) -> list[str]:
    """What is not as the definition says. A request that was refused need not be as it says."""
    address = urlsplit(exchange.url)
    steps = tuple(address.path.split("/"))
    operation = operation_at(exchange.method, steps)
    if exchange.status == OUR_FAULT or (operation is None and _is_known(exchange.method, steps, exchange.status)):
        return []
    if operation is None:
        return [f"{exchange.method} {address.path} is not in the definition, and answered {exchange.status}"]
    asked = [] if exchange.status >= 400 else _of_request(operation, steps, address.query, exchange.body)
    return [f"{operation.id}: {problem}" for problem in (*asked, *_of_answer(operation, exchange))]


@cache
def operations() -> tuple[tuple[str, tuple[str, ...], Operation], ...]:
    """Method, steps of the path, operation: exact paths before those with parameters."""
    found = [(one.method.upper(), tuple(one.path.split("/")), one) for one in read_definition().operations]
    return tuple(sorted(found, key=lambda one: [step.startswith("{") for step in one[1]]))


def operation_at(method: str, steps: tuple[str, ...]) -> Operation | None:
    return next((one for verb, wanted, one in operations() if verb == method and _fits(wanted, steps)), None)


def _is_known(method: str, steps: tuple[str, ...], status: int) -> bool:
    """A route for operators, or one that does not exist."""
    routes = (route.split(" ") for route in OPERATOR_ROUTES)
    return status == 404 or any(verb == method and _fits(tuple(path.split("/")), steps) for verb, path in routes)


def _fits(wanted: tuple[str, ...], steps: tuple[str, ...]) -> bool:
    return len(wanted) == len(steps) and all(
        one.startswith("{") or one == other for one, other in zip(wanted, steps, strict=True)
    )


def _of_request(operation: Operation, steps: tuple[str, ...], query: str, body: bytes | None) -> Iterator[str]:
    parts = zip(operation.path.split("/"), steps, strict=True)
    in_path = {step[1:-1]: unquote(told) for step, told in parts if step.startswith("{")}
    given = {"path": in_path, "query": {name: texts[-1] for name, texts in parse_qs(query).items()}}
    known = {(one["in"], one["name"]) for one in operation.parameters}
    for place, values in given.items():
        yield from (f"{name} is no parameter" for name in values if (place, name) not in known)
    for one in operation.parameters:
        if one["in"] == "body":
            yield from _of_body(one, body)
        elif one["in"] in given:
            yield from _of_value(one, given[one["in"]].get(one["name"]))


def _of_value(parameter: Json, text: str | None) -> Iterator[str]:
    if text is None:
        if parameter.get("required"):
            yield f"{parameter['name']} is missing"
        return
    value: object = text.split(",") if parameter["type"] == "array" else text
    if parameter.get("format") == "date-time":
        value = text.replace(" ", "+")  # one that nobody encoded
    if parameter["type"] in _TYPES:
        with suppress(ValueError):  # else the schema says so
            value = _TYPES[parameter["type"]](text)
    schema = {name: part for name, part in parameter.items() if name != "required"}
    yield from problems(schema, value, parameter["name"])


def _of_body(parameter: Json, body: bytes | None) -> Iterator[str]:
    if not (body or b"").strip():
        if parameter.get("required"):
            yield "the body is missing"
        return
    value = {name: part for name, part in json.loads(body or b"").items() if name not in ONLY_HTTP}
    exact = {name: float(value[name]) for name in EXACT_NUMBERS if isinstance(value.get(name), str)}
    yield from problems(parameter["schema"], {**value, **exact}, "body")


def _of_answer(operation: Operation, exchange: Exchange) -> Iterator[str]:
    response = operation.responses.get(str(exchange.status))
    if response is None:
        yield f"{exchange.status} is not documented: {exchange.answer[:200]!r}"
        return
    told = {name.lower(): text for name, text in exchange.headers.items()}
    if exchange.status < 400:
        yield from (f"{name} is missing" for name in response.get("headers", {}) if name.lower() not in told)
        if exchange.answer and told["content-type"] != "application/json":
            yield f"the answer is {told['content-type']}"
    elif told.get("content-type") == "application/json":
        yield from problems(ERROR, json.loads(exchange.answer), f"{exchange.status}")
    if "schema" in response:
        yield from problems(strict(response["schema"]), json.loads(exchange.answer), f"{exchange.status}")


def problems(schema: Json, value: object, where: str) -> Iterator[str]:
    for error in Draft4Validator(_with_nulls(schema), format_checker=_FORMATS).iter_errors(value):
        path = "/".join(str(step) for step in (where, *error.absolute_path))
        yield f"{path}: {error.message[:300]}"


def _with_nulls(schema: Any) -> Any:
    """`x-nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_with_nulls(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    whole = {name: _with_nulls(part) for name, part in schema.items()}
    return {**whole, "type": [whole["type"], "null"]} if whole.get("x-nullable") is True else whole


def strict(schema: Any) -> Any:
    """The same, with nothing that it does not name: what a maker gets has a title."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    whole = {name: strict(part) for name, part in schema.items()}
    return {"additionalProperties": False, **whole} if "properties" in schema else whole
