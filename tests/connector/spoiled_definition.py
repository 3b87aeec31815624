"""How can a definition break each rule of names, operations and answers? One change each, and what is said about it."""

import json
from copy import deepcopy
from typing import NamedTuple

from local.connector.findings import Rule
from local.connector.rules import answers, info, operations, sound, texts
from tests.connector.good import LOCATION, Change, Draft, text

QUERY = {"name": "top", "in": "query", **text("Top")}


class Spoiled(NamedTuple):
    """A change that breaks one rule, and a part of the finding."""

    rule: Rule
    says: str
    change: Change


def put(place: str, value: object, *keys: str) -> Change:
    """Set something of the document: `info`, keys on the way, then the last one."""

    def change(draft: Draft) -> None:
        part = draft.document[place] if keys else draft.document
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1] if keys else place] = value

    return change


def of(id_: str, **values: object) -> Change:
    """Set something of an operation; `x_ms_` stands for `x-ms-`."""
    return lambda draft: draft.operation(id_).update(named(values))


def of_parameter(id_: str, parameter: str, **values: object) -> Change:
    """Set something of a parameter."""
    return lambda draft: draft.parameter(id_, parameter).update(named(values))


def of_property(definition: str, property_: str, **values: object) -> Change:
    """Set something of a property."""
    return lambda draft: draft.definition(definition)[property_].update(named(values))


def named(values: dict[str, object]) -> dict[str, object]:
    """The values by the names that the document has for them."""
    return {name.replace("x_ms_", "x-ms-").replace("_", "-"): value for name, value in values.items()}


def metadata(name: str, value: str) -> Change:
    """Set an entry of the metadata."""

    def change(draft: Draft) -> None:
        entries = draft.document["x-ms-connector-metadata"]
        next(one for one in entries if one["propertyName"] == name)["propertyValue"] = value

    return change


def laid_out(old: str, new: str, times: int = -1) -> Change:
    """Change the text of the file."""

    def change(draft: Draft) -> None:
        draft.definition_text = json.dumps(draft.document, indent=4).replace(old, new, times)

    return change


def answers_with(id_: str, status: str, **answer: object) -> Change:
    """Add an answer."""
    return lambda draft: draft.operation(id_)["responses"].update({status: {"description": "So.", **answer}})


def answers_without(id_: str, status: str, *keys: str) -> Change:
    """Take an answer away, or a part of it."""

    def change(draft: Draft) -> None:
        part = draft.operation(id_)["responses"]
        way = (status, *keys)
        for key in way[:-1]:
            part = part[key]
        del part[way[-1]]

    return change


def other_link(draft: Draft) -> None:
    """Page by a property that is not in the answer, though a policy updates it."""
    draft.operation("ListThings")["x-ms-pageable"] = {"nextLinkName": "more"}
    (policy,) = draft.properties["properties"]["policyTemplateInstances"]
    policy["parameters"]["x-ms-apimTemplateParameter.nextLinkPropertyName"] = "more"


def many_operations(draft: Draft) -> None:
    """As many as nobody would look through."""
    for number in range(250):
        one = {**draft.operation("ListEnvironments"), "operationId": f"List{number}", "summary": f"List {number}"}
        draft.document["paths"][f"/api/{number}"] = {"get": one}


def third_revision(draft: Draft) -> None:
    """Three of one family, all live."""
    one = {**draft.operation("CreateThing_V2"), "operationId": "CreateThing_V3", "summary": "Create thing V3"}
    one["x-ms-api-annotation"] = {"family": "CreateThing", "revision": 3, "status": "Preview"}
    draft.document["paths"]["/api/v3/environments/{environmentId}/things"] = {"post": one}


def hidden(**more: object) -> Change:
    """Add a parameter that no maker sees."""
    return lambda draft: draft.operation("CreateThing_V2")["parameters"].append(
        {**QUERY, "x-ms-visibility": "internal", **more}
    )


def moved(old: str, new: str) -> Change:
    """Write the operations of a path below another one too, as others."""

    def change(draft: Draft) -> None:
        item = draft.document["paths"][new] = deepcopy(draft.document["paths"][old])
        for one in (item[method] for method in ("get", "delete") if method in item):
            one.update(operationId=f"{one['operationId']}Again", summary=f"{one['summary']} again")

    return change


INFO = (
    Spoiled(info.title_is_short_and_our_own, "31 characters", put("info", "T" * 31, "title")),
    Spoiled(info.title_is_short_and_our_own, "0 characters", put("info", "", "title")),
    Spoiled(info.title_is_short_and_our_own, "ends in '!'", put("info", "Thing Signals!", "title")),
    Spoiled(info.title_is_short_and_our_own, "'API'", put("info", "Thing api", "title")),
    Spoiled(info.title_is_short_and_our_own, "'Connector'", put("info", "Thing Connector", "title")),
    Spoiled(info.title_is_short_and_our_own, "'Power Automate'", put("info", "Power Automate Things", "title")),
    Spoiled(info.description_has_the_right_length, "29 characters", put("info", "D" * 28 + ".", "description")),
    Spoiled(info.description_has_the_right_length, "501 characters", put("info", "D" * 500 + ".", "description")),
    Spoiled(info.contact_is_complete, "contact name", put("info", "", "contact", "name")),
    Spoiled(info.contact_is_complete, "contact url", put("info", "http://example.com", "contact", "url")),
    Spoiled(info.contact_is_complete, "contact email", put("info", "nobody", "contact", "email")),
    Spoiled(info.metadata_is_complete, "no Website", metadata("Website", "")),
    Spoiled(info.metadata_is_complete, "'example.com'", metadata("Privacy policy", "example.com")),
    Spoiled(info.metadata_is_complete, "no Categories", put("x-ms-connector-metadata", [])),
    Spoiled(info.metadata_is_complete, "there are 3", metadata("Categories", "Data;AI;Sales and CRM")),
    Spoiled(info.metadata_is_complete, "there is no 'Things'", metadata("Categories", "Things")),
    Spoiled(info.host_is_a_name_and_only_https, "https://example.com", put("host", "https://example.com")),
    Spoiled(info.host_is_a_name_and_only_https, "example.com/api", put("host", "example.com/api")),
    Spoiled(info.host_is_a_name_and_only_https, "basePath: it is '/api'", put("basePath", "/api")),
    Spoiled(info.host_is_a_name_and_only_https, "schemes", put("schemes", ["https", "http"])),
    Spoiled(info.file_is_small, "it has 1,", put("x-note", "n" * 1_000_000)),
    Spoiled(info.file_is_indented_by_four, "line 2", laid_out("    ", "  ")),
    Spoiled(info.file_is_indented_by_four, "line 2", laid_out("    ", "\t")),
    Spoiled(info.no_key_is_written_twice, "'host' twice", laid_out("{", '{\n    "host": "x",', 1)),
)
TEXTS = (
    Spoiled(texts.everything_has_a_summary, "GetThingSchema", of("GetThingSchema", summary="")),
    Spoiled(
        texts.everything_has_a_summary, "level", of_parameter("WhenThingCrossesPolling", "level", x_ms_summary="")
    ),
    Spoiled(texts.everything_has_a_summary, "body", of_parameter("WhenThingCrosses", "body", x_ms_summary="")),
    Spoiled(texts.everything_has_a_summary, "body/way", lambda d: d.body["properties"]["way"].pop("x-ms-summary")),
    Spoiled(texts.everything_has_a_summary, "parameter EnvironmentId",
            put("parameters", "", "EnvironmentId", "x-ms-summary")),
    Spoiled(texts.everything_has_a_summary, "Event/data/size",
            lambda d: d.definition("Event")["data"]["properties"]["size"].pop("x-ms-summary")),
    Spoiled(texts.everything_has_a_description, "ListThings", of("ListThings", description="")),
    Spoiled(texts.everything_has_a_description, "body", of_parameter("WhenThingCrosses", "body", description="")),
    Spoiled(texts.everything_has_a_description, "Thing/id", of_property("Thing", "id", description="")),
    Spoiled(texts.everything_has_a_description, "response Mistake", put("responses", "", "Mistake", "description")),
    Spoiled(texts.everything_has_a_description, "Unsubscribe 204",
            lambda d: d.operation("Unsubscribe")["responses"]["204"].update(description="")),
    Spoiled(texts.everything_has_a_description, "header Location",
            answers_without("WhenThingCrosses", "201", "headers", "Location", "description")),
    Spoiled(texts.everything_has_a_description, "notification of /api/triggers/thing",
            put("paths", "", "/api/triggers/thing", "x-ms-notification-content", "description")),
    Spoiled(texts.summaries_are_short_and_plain, "has /", of("ListThings", summary="List things/stuff")),
    Spoiled(texts.summaries_are_short_and_plain, "has .", of_property("Thing", "id", x_ms_summary="Id.")),
    Spoiled(texts.summaries_are_short_and_plain, "has -", of_property("Thing", "id", title="E-mail")),
    Spoiled(texts.summaries_are_short_and_plain, "81 characters", of("ListThings", summary="L" * 81)),
    Spoiled(texts.summaries_are_short_and_plain, "in a space", of_property("Thing", "id", x_ms_summary="Id ")),
    Spoiled(texts.names_of_outputs_say_no_word_twice, "value[].id: a designer calls it 'Things things id'",
            of_property("Thing", "id", x_ms_summary="things id")),
    Spoiled(texts.names_of_outputs_say_no_word_twice, "data.size: a designer calls it 'Size Size'",
            of_property("Event", "data", x_ms_summary="Size")),
    Spoiled(texts.names_of_outputs_say_no_word_twice, "id: a designer calls it 'Event Event id'",
            put("definitions", "Event", "Event", "x-ms-summary")),
    Spoiled(texts.descriptions_are_sentences, "is no sentence", of("ListThings", description="Lists the things")),
    Spoiled(texts.descriptions_are_sentences, "is no sentence", of("ListThings", description="lists the things.")),
    Spoiled(texts.descriptions_are_sentences, "Thing/id", of_property("Thing", "id", description="The id")),
    Spoiled(texts.descriptions_are_sentences, "Mistake", put("responses", "Bad request", "Mistake", "description")),
    Spoiled(texts.descriptions_are_not_the_summary, "List things", of("ListThings", description="List things.")),
    Spoiled(texts.formats_are_known, "'datetime'", of_property("Thing", "id", format="datetime")),
    Spoiled(texts.formats_are_known, "'phone'", of_parameter("Unsubscribe", "id", format="phone")),
    Spoiled(texts.visibilities_are_known, "'hidden'", of("ListThings", x_ms_visibility="hidden")),
    Spoiled(texts.visibilities_are_known, "'none'", of_property("Thing", "id", x_ms_visibility="none")),
    Spoiled(texts.choices_have_the_values_of_their_list, "body/way",
            lambda d: d.body["properties"]["way"]["enum"].append("both")),
    Spoiled(texts.choices_have_the_values_of_their_list, "body/way", lambda d: d.body["properties"]["way"].pop("enum")),
    Spoiled(texts.schemas_are_not_empty, "definition Event", put("definitions", {"type": "object"}, "Event")),
    Spoiled(texts.schemas_are_not_empty, "Event/all", lambda d: d.definition("Event").update(
        all=text("All", type="array"))),
    Spoiled(texts.schemas_are_not_empty, "Event/all[]", lambda d: d.definition("Event").update(
        all=text("All", type="array", items={}))),
)  # fmt: skip
OPERATIONS = (
    Spoiled(operations.ids_are_in_pascal_case, "unsubscribe", of("Unsubscribe", operationId="unsubscribe")),
    Spoiled(operations.ids_are_in_pascal_case, "End-It", of("Unsubscribe", operationId="End-It")),
    Spoiled(operations.ids_are_in_pascal_case, "End_It", of("Unsubscribe", operationId="End_It")),
    Spoiled(operations.ids_are_in_pascal_case, "Unsubscribe_V1", of("Unsubscribe", operationId="Unsubscribe_V1")),
    Spoiled(operations.ids_are_in_pascal_case, "Unsubscribe_V02", of("Unsubscribe", operationId="Unsubscribe_V02")),
    Spoiled(operations.ids_are_unique, "'LISTEnvironments'", of("Unsubscribe", operationId="LISTEnvironments")),
    Spoiled(operations.summaries_are_unique, "'list things'", of("ListEnvironments", summary="list things")),
    Spoiled(operations.there_are_not_too_many, "there are 259", many_operations),
    Spoiled(operations.revisions_name_their_family, "revision 1", of("CreateThing_V2", x_ms_api_annotation={
        "family": "CreateThing", "revision": 1, "status": "Preview"})),
    Spoiled(operations.revisions_name_their_family, "family is Things", of("ListThings", x_ms_api_annotation={
        "family": "Things", "revision": 1})),
    Spoiled(operations.old_forms_say_so, "deprecated is True", of("CreateThing", deprecated=True)),
    Spoiled(operations.old_forms_say_so, "deprecated is False", of("CreateThing", summary="Create thing (deprecated)")),
    Spoiled(operations.one_of_a_family_is_in_production, "3 of its revisions are live", third_revision),
    Spoiled(operations.one_of_a_family_is_in_production, "2 of its revisions are in production", of(
        "CreateThing_V2", x_ms_api_annotation={"family": "CreateThing", "revision": 2, "status": "Production"})),
    Spoiled(operations.one_of_a_family_is_in_production, "2 of its revisions are in production", of(
        "CreateThing_V2", x_ms_api_annotation={"family": "CreateThing", "revision": 2})),
    Spoiled(operations.parameters_in_a_path_are_encoded, "not required",
            put("parameters", False, "EnvironmentId", "required")),
    Spoiled(operations.parameters_in_a_path_are_encoded, "no encoding",
            put("parameters", None, "EnvironmentId", "x-ms-url-encoding")),
    Spoiled(operations.parameters_in_a_path_are_encoded, "it is in no path",
            of_parameter("WhenThingCrossesPolling", "level", x_ms_url_encoding="single")),
    Spoiled(operations.parameters_in_a_path_are_encoded, "body/way: it is in no path", lambda d: d.body["properties"][
        "way"].update({"x-ms-url-encoding": "single"})),
    Spoiled(operations.no_parameter_is_named_connection_id, "connectionID", of("ListEnvironments", parameters=[
        {**QUERY, "name": "connectionID"}])),
    Spoiled(operations.no_parameter_is_named_connection_id, "body/connectionId", lambda d: d.body["properties"].update(
        connectionId=text("Connection"))),
    Spoiled(operations.what_is_hidden_and_needed_has_a_default, "CreateThing_V2 top", hidden(required=True)),
    Spoiled(operations.what_is_hidden_and_needed_has_a_default, "body/thingId", lambda d: d.body["properties"][
        "thingId"].update({"x-ms-visibility": "internal"})),
    Spoiled(operations.what_is_hidden_and_has_a_default_is_needed, "CreateThing_V2 top", hidden(default="5")),
    Spoiled(operations.what_is_hidden_and_has_a_default_is_needed, "body/way", lambda d: d.body["properties"][
        "way"].update({"x-ms-visibility": "internal", "default": "above"})),
    Spoiled(operations.the_test_of_a_connection_is_a_quiet_get, "''", put("x-ms-capabilities", {})),
    Spoiled(operations.the_test_of_a_connection_is_a_quiet_get, "Make it an internal GET",
            put("x-ms-capabilities", "ListEnvironments", "testConnection", "operationId")),
    Spoiled(operations.the_test_of_a_connection_is_a_quiet_get, "does not give it",
            put("x-ms-capabilities", "GetThingSchema", "testConnection", "operationId")),
    Spoiled(operations.pages_lead_on, "answer has no 'more'", other_link),
    Spoiled(operations.pages_lead_on, "no policy updates", lambda d: d.properties["properties"].pop(
        "policyTemplateInstances")),
)  # fmt: skip
SOUND = (
    Spoiled(sound.reading_takes_no_body, "ListEnvironments", of("ListEnvironments", parameters=[
        {"name": "body", "in": "body", "x-ms-summary": "Body", "description": "It.",
         "schema": {"$ref": "#/definitions/Thing"}}])),
    Spoiled(sound.paths_are_told_apart, "/api/Environments: it is the same", moved(
        "/api/environments", "/api/Environments")),
    Spoiled(sound.paths_are_told_apart, "/api/subscriptions/{ID}: it is the same", moved(
        "/api/subscriptions/{id}", "/api/subscriptions/{ID}")),
    Spoiled(sound.what_is_required_is_there, "Thing: it requires 'size'", put(
        "definitions", ["size"], "Thing", "required")),
    Spoiled(sound.what_is_required_is_there, "body: it requires 'size'", lambda d: d.body["required"].append("size")),
    Spoiled(sound.what_is_required_is_there, "Thing/data: it requires 'name'", of_property(
        "Thing", "data", required=["name"])),
    Spoiled(sound.security_is_defined, "names 'key'", put("security", [{"key": []}])),
    Spoiled(sound.security_is_defined, "ListThings: its security", of("ListThings", security=[{"key": []}])),
)  # fmt: skip
THING = {"$ref": "#/definitions/Thing"}
ANSWERS = (
    Spoiled(answers.success_is_explicit, "CreateThing", answers_without("CreateThing", "201")),
    Spoiled(answers.success_says_what_it_holds, "200", answers_with("CreateThing", "200")),
    Spoiled(answers.default_holds_nothing, "default", answers_with("ListThings", "default", schema=THING)),
    Spoiled(answers.one_answer_at_most_has_a_schema, "201, 202", answers_with("CreateThing", "202", schema=THING)),
    Spoiled(answers.one_answer_at_most_has_a_schema, "Unsubscribe 409", answers_with(
        "Unsubscribe", "409", schema=THING)),
    Spoiled(answers.one_answer_at_most_has_a_schema, "Unsubscribe 202: no designer", answers_with(
        "Unsubscribe", "202", schema=THING)),
    Spoiled(answers.waiting_says_where_and_when_to_ask_again, "no Location and no Retry-After", of(
        "Unsubscribe", operationId="UnsubscribeAndWait")),
    Spoiled(answers.waiting_says_where_and_when_to_ask_again, "CreateThingAndWait_V2 202", lambda d: d.operation(
        "CreateThing_V2").update({"operationId": "CreateThingAndWait_V2", "x-ms-api-annotation": {}})),
    Spoiled(answers.waiting_says_where_and_when_to_ask_again, "ListEnvironments 202: it has no Retry-After",
            answers_with("ListEnvironments", "202", headers={"Location": LOCATION})),
    Spoiled(answers.refusals_are_explicit, "Unsubscribe", answers_without("Unsubscribe", "400")),
)  # fmt: skip
SPOILED = (*INFO, *TEXTS, *OPERATIONS, *SOUND, *ANSWERS)
