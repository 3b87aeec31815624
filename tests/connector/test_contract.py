"""The definition and the app: the same paths and methods, both ways; and the check that holds every answer to it."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import azure.functions as func
import pytest

from local.connector.definition import read_definition
from shared.domain.subscribing import check_fields, fields_of_query
from shared.domain.subscriptions import Trigger
from shared.errors import RequestInvalid
from tests.connector.contract import ONLY_HTTP, OPERATOR_ROUTES, Exchange, breaches
from tests.functions.conftest import functions
from tests.functions.support import trigger_of

__all__ = ["functions"]
DEFINITION = read_definition()
JSON = {"Content-Type": "application/json"}
HERE = "/api/environments/e-1"


def routes(functions: Sequence[func.Function]) -> Iterator[str]:
    """Method and path of every HTTP function; the one of the triggers once for each of them."""
    for function in functions:
        trigger: Any = trigger_of(function)
        if trigger.type != "httpTrigger":
            continue
        for method in trigger.methods:
            for name in Trigger if "{trigger}" in trigger.route else [""]:
                yield f"{method} /api/{trigger.route.replace('{trigger}', name)}"


def test_the_definition_has_the_routes_of_the_app_and_no_other(functions: Sequence[func.Function]) -> None:
    """But for those that only operators and callers without a connector use, which are named."""
    defined = {f"{one.method.upper()} {one.path}" for one in DEFINITION.operations}
    assert not defined & OPERATOR_ROUTES
    assert sorted(defined | OPERATOR_ROUTES) == sorted(routes(functions))


def test_no_two_functions_take_the_same_call(functions: Sequence[func.Function]) -> None:
    """Azure's host takes the first function that fits, in the order in which it found them, not the more specific."""
    found = sorted(set(routes(functions)))
    for one, other in itertools.combinations(found, 2):
        pairs = list(zip(one.split("/"), other.split("/"), strict=False))
        fits = all(a == b or "{" in a + b for a, b in pairs) and one.count("/") == other.count("/")
        assert not fits, (one, other)


@pytest.mark.parametrize("trigger", list(Trigger))
def test_a_trigger_takes_the_fields_that_the_definition_has(trigger: Trigger) -> None:
    """In its body, and in the query of its polling twin."""
    item = DEFINITION.document["paths"][f"/api/triggers/{trigger}"]
    webhook = DEFINITION.by_id[item["post"]["operationId"]]
    twin = DEFINITION.by_id[f"{webhook.id}Polling"]
    with pytest.raises(RequestInvalid) as refused:
        check_fields(trigger, {"nonsense": 1})
    assert {*ONLY_HTTP, *(one.name for one in webhook.fields)} == taken(refused.value)
    with pytest.raises(RequestInvalid) as refused:
        fields_of_query(trigger, {"nonsense": "1"})
    assert {one.name for one in twin.fields} == taken(refused.value)


def taken(refused: RequestInvalid) -> set[str]:
    return set(refused.problem.rpartition("it takes ")[2].split(", "))


ERROR = b'{"error": {"code": "request_invalid", "message": "segmentName: must be a name", "field": "segmentName"}}'
SEGMENT = b'{"name": "HighValue", "displayName": "High value"}'
SUBSCRIBED = {**JSON, "Location": "https://app/api/subscriptions/e-1.x"}
ORDER = b'{"environmentId": "e-1", "segmentName": "A", "threshold": 1, "callbackUrl": "https://a.logic.azure.com/x"}'
TRIGGER = "/api/triggers/segment-threshold-crossed"


@pytest.mark.parametrize(
    ("exchange", "problem"),
    [
        (Exchange("GET", f"{HERE}/segments/A", None, 200, JSON, SEGMENT), ""),
        (
            Exchange("GET", f"{HERE}/segments/A", None, 200, JSON, b'{"name": "A"}'),
            "'displayName' is a required property",
        ),
        (Exchange("GET", f"{HERE}/segments/A", None, 200, JSON, SEGMENT[:-1] + b', "new": 1}'), "'new' was unexpected"),
        (Exchange("GET", f"{HERE}/segments/A", None, 200, {"Content-Type": "text/html"}, SEGMENT), "text/html"),
        (Exchange("GET", f"{HERE}/segments/A", None, 418, JSON, b"{}"), "418 is not documented"),
        (Exchange("GET", f"{HERE}/segments/A", None, 500, {}, b""), ""),
        (Exchange("GET", f"{HERE}/segments/A?x=1", None, 200, JSON, SEGMENT), "x is no parameter"),
        (Exchange("GET", f"{HERE}/segments/A%20B", None, 200, JSON, SEGMENT), "segmentName: 'A B' does not match"),
        (Exchange("GET", f"{HERE}/segments/A%20B", None, 400, JSON, ERROR), ""),
        (Exchange("GET", f"{HERE}/segments/A%20B", None, 400, JSON, b"{}"), "'error' is a required property"),
        (Exchange("GET", f"{HERE}/jobs?top=many", None, 200, JSON, b'{"value": []}'), "'many' is not of type"),
        (Exchange("GET", f"{HERE}/nowhere", None, 200, JSON, b"{}"), "is not in the definition"),
        (Exchange("GET", f"{HERE}/nowhere", None, 404, {}, b""), ""),
        (Exchange("POST", "/api/operations/reencrypt", None, 200, JSON, b"{}"), ""),
        (Exchange("POST", TRIGGER, ORDER, 201, SUBSCRIBED, b"{}"), ""),
        (Exchange("POST", TRIGGER, ORDER, 201, JSON, b"{}"), "Location is missing"),
        (Exchange("POST", TRIGGER, b"{}", 201, SUBSCRIBED, b"{}"), "'environmentId' is a required property"),
        (Exchange("POST", TRIGGER, ORDER[:-1] + b', "x": 1}', 201, SUBSCRIBED, b"{}"), "'x' was unexpected"),
        (Exchange("POST", TRIGGER, None, 201, SUBSCRIBED, b"{}"), "the body is missing"),
    ],
    ids=lambda part: f"{part.method} {part.url} {part.status}" if isinstance(part, Exchange) else part or "good",
)
def test_what_breaks_the_contract_is_told(exchange: Exchange, problem: str) -> None:
    told = "; ".join(breaches(exchange))
    assert (problem in told) if problem else told == ""
