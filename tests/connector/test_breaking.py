"""Which changes of a definition break flows, and which do not?"""

from typing import Any

import pytest

from local.connector.breaking import breaking
from local.connector.definition import Definition
from local.connector.walk import inputs, outputs
from tests.connector.good import Change, Draft, text
from tests.connector.spoiled_definition import answers_with, answers_without, of, of_parameter, of_property, put

WEBHOOK, POLLING = "WhenThingCrosses", "WhenThingCrossesPolling"
DYNAMIC = "x-ms-dynamic-schema"


def released() -> Draft:
    """The good connector with something of everything that can be tightened or taken away."""
    draft = Draft()
    fields = draft.body["properties"]
    fields["kind"] = text("Kind", default="a")
    fields["level"] |= {"minimum": 1, "maximum": 10}
    fields["thingId"]["pattern"] = "^a"
    fields["count"] = {"type": "integer", "format": "int32"}
    draft.document["definitions"]["Thing"]["required"] = ["id"]
    draft.definition("Thing")["name"]["format"] = "date-time"
    draft.definition("Thing")["data"][DYNAMIC] = {"operationId": "GetThingSchema", "parameters": {"use": "list"}}
    return draft


def found(change: Change) -> list[str]:
    """What a change of the good connector breaks."""
    draft = released()
    change(draft)
    return [str(one) for one in breaking(Definition(released().document), Definition(draft.document))]


def of_body(name: str, **values: Any) -> Change:
    """Change a property of the subscription."""
    return lambda draft: draft.body["properties"][name].update(values)


def other_callback(draft: Draft) -> None:
    """Let the platform put its address elsewhere, and keep the old place."""
    draft.body["properties"]["address"] = draft.body["properties"]["callbackUrl"].copy()
    draft.body["properties"]["callbackUrl"]["x-ms-notification-url"] = False


def moved(draft: Draft) -> None:
    """The list of things at another path."""
    paths = draft.document["paths"]
    paths["/api/all-things"] = {"get": paths["/api/environments/{environmentId}/things"].pop("get")}
    paths["/api/all-things"]["parameters"] = [{"$ref": "#/parameters/EnvironmentId"}]


def within(name: str, *, required: bool) -> Change:
    """Add an object with a required property."""

    def change(draft: Draft) -> None:
        inner = {"type": "object", "required": ["low"], "properties": {"low": text("Low")}}
        draft.body["properties"][name] = inner
        draft.body["required"] += [name] if required else []

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.document["paths"].pop("/api/kinds"), "ListKinds: it was there and is removed"),
        (of("ListThings", operationId="ListAll"), "operationId was ListThings and is ListAll"),
        (moved, "was GET /api/environments/{environmentId}/things and is GET /api/all-things"),
        (put("basePath", "/api"), "basePath: it was / and is /api"),
        (of(WEBHOOK, x_ms_trigger="batch"), "WhenThingCrosses trigger: it was single and is batch"),
        (of("ListThings", x_ms_trigger="batch"), "ListThings trigger: it was an action and is batch"),
        (of("ListThings", x_ms_visibility="internal"), "ListThings visibility: it was visible and is internal"),
        (other_callback, "callback: it was body/callbackUrl and is body/address"),
        (lambda d: d.body["properties"].pop("level"), "WhenThingCrosses body/level: it was there and is removed"),
        (of_parameter(POLLING, "level", name="limit"), "WhenThingCrossesPolling level: it was there and is removed"),
        (of_parameter(POLLING, "level", **{"in": "header"}), "level: it was in query and is in header"),
        (of_body("level", type="string"), "body/level type: it was number and is string"),
        (of_body("level", format="int32"), "body/level format: it was double and is int32"),
        (lambda d: d.body["required"].append("way"), "body/way: it was optional and is required"),
        (of_body("way", enum=["above"]), "body/way: it could be below and can no longer be"),
        (of_parameter(POLLING, "level", enum=[1.0]), "level: it could be anything and can no longer be"),
        (of_body("way", **{"x-ms-visibility": "internal"}), "body/way: it was visible and is internal"),
        (of("ListEnvironments", parameters=[{"name": "n", "in": "query", "required": True, **text("N")}]),
         "ListEnvironments n: it was not there and is required"),
        (within("range", required=True), "body/range/low: it was not there and is required"),
        (of_body("kind", default="b"), "body/kind default: it was a and is b"),
        (lambda d: d.body["properties"]["kind"].pop("default"), "body/kind default: it was a and is none"),
        (of_parameter(POLLING, "level", collectionFormat="multi"), "level collectionFormat: it was csv and is multi"),
        (put("parameters", "double", "EnvironmentId", "x-ms-url-encoding"), "x-ms-url-encoding: it was single"),
        (of_body("level", maximum=9), "body/level maximum: it was 10 and is 9"),
        (of_body("level", minimum=2), "body/level minimum: it was 1 and is 2"),
        (of_body("level", multipleOf=5), "body/level multipleOf: it was none and is 5"),
        (of_body("level", exclusiveMaximum=True), "body/level exclusiveMaximum: it was none and is True"),
        (of_body("thingId", maxLength=9), "body/thingId maxLength: it was none and is 9"),
        (of_body("thingId", pattern="^b"), "body/thingId pattern: it was ^a and is ^b"),
        (of_body("thingId", format="uuid"), "body/thingId format: it was none and is uuid"),
        (of_parameter(POLLING, "level", type="integer"), "level type: it was number and is integer"),
        (of("ListThings", x_ms_pageable=None), "ListThings x-ms-pageable: it was {'nextLinkName': 'nextLink'}"),
        (of("ListThings", x_ms_pageable={"nextLinkName": "more"}), "ListThings x-ms-pageable"),
        (answers_without(POLLING, "202"), "WhenThingCrossesPolling 202: it was answered and is no longer"),
        (answers_without(POLLING, "202", "headers", "Retry-After"), "202 header Retry-After: it was there"),
        (put("security", []), "security: it was {'security': [{'signIn': []}]"),
        (put("securityDefinitions", "apiKey", "signIn", "type"), "security: it was"),
        (of("ListThings", security=[]), "ListThings security: it was None and is []"),
        (put("definitions", [], "Thing", "required"), "value[]/id: it was always there and is sometimes left out"),
        (of_property("Thing", "name", x_ms_visibility="internal"), "value[]/name: it was visible and is internal"),
        (of_property("Thing", "name", format="date"), "value[]/name format: it was date-time and is date"),
        (lambda d: d.definition("Thing")["data"].pop(DYNAMIC), f"value[]/data {DYNAMIC}: it was"),
        (lambda d: d.definition("Thing")["data"][DYNAMIC]["parameters"].clear(), f"value[]/data {DYNAMIC}: it was"),
        (lambda d: d.definition("Event").pop("id"), "WhenThingCrosses gives id: it was there and is removed"),
        (of_property("Thing", "name", type="integer"), "value[]/name type: it was string and is integer"),
    ],
)  # fmt: skip
def test_what_breaks_flows_is_said_with_what_was_and_what_is(change: Change, says: str) -> None:
    """And what to do instead."""
    messages = found(change)
    assert any(says in message for message in messages), messages
    assert all("_V2" in message for message in messages)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: None,
        of("ListThings", summary="List all things", description="Lists them.", x_ms_visibility="important"),
        of("ListEnvironments", parameters=[{"name": "n", "in": "query", **text("N")}]),
        of("ListEnvironments", parameters=[{"name": "n", "in": "query", "required": True, **text("N", default="n")}]),
        within("range", required=False),
        of_body("way", enum=["above", "below", "both"]),
        lambda d: d.definition("Thing").update(more=text("More")),
        lambda d: d.body["required"].remove("thingId"),
        answers_with("ListThings", "409"),
        of("Unsubscribe", deprecated=True),
        of_property("Thing", "id", format="uuid"),
        of_property("Thing", "id", maxLength=9),
        put("definitions", ["id", "name"], "Thing", "required"),
        of_body("count", type="number", format="double"),
        of_body("count", type="number"),
        of_body("level", maximum=11, minimum=0),
        lambda d: d.body["properties"]["thingId"].pop("pattern"),
        of_body("level", exclusiveMaximum=False),
        answers_with("Unsubscribe", "200"),
        put("securityDefinitions", "https://example.com", "signIn", "authorizationUrl"),
        of("ListEnvironments", x_ms_pageable={"nextLinkName": "nextLink"}),
        put("parameters", "csv", "EnvironmentId", "collectionFormat"),
    ],
)
def test_what_is_added_or_eased_breaks_nothing(change: Change) -> None:
    """New things, optional things, more choices, other words."""
    assert found(change) == []


def test_whatever_is_taken_away_is_found() -> None:
    """Each operation, each field and each output, one at a time."""
    whole = Definition(Draft().document)
    for one in whole.operations:
        paths = {path: dict(item) for path, item in Draft().document["paths"].items()}
        del paths[one.path][one.method]
        left = Definition({**Draft().document, "paths": paths})
        assert [finding.where for finding in breaking(whole, left)] == [one.id]
    for name, schema in Draft().document["definitions"].items():
        for property_ in schema["properties"]:
            draft = Draft()
            del draft.definition(name)[property_]
            assert list(breaking(whole, Definition(draft.document)))


def test_the_walk_reaches_what_is_deep() -> None:
    """Lists, objects in objects and shared schemas."""
    by_id = Definition(Draft().document).by_id
    assert {"value", "value[]", "value[]/data/size", "nextLink"} <= {one.where for one in outputs(by_id["ListThings"])}
    assert {"body", "body/way", "body/callbackUrl"} <= {one.where for one in inputs(by_id[WEBHOOK])}
