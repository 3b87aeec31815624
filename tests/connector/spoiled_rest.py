"""How can triggers, dynamic fields, the connection and the files beside break each rule? One change each."""

from typing import Any

from local.connector.deployment import NO_HOST, NO_ID
from local.connector.rules import beside, dynamic, properties, triggers
from tests.connector.good import BRAND, Change, Draft, Json, icon, named_list, text
from tests.connector.spoiled_definition import (
    Spoiled,
    answers_with,
    answers_without,
    of,
    of_parameter,
    of_property,
    put,
)

WEBHOOK, POLLING = "WhenThingCrosses", "WhenThingCrossesPolling"
NOTIFICATION = "x-ms-notification-content"
URL = "x-ms-notification-url"
LIST, VALUES = "x-ms-dynamic-list", "x-ms-dynamic-values"


def callback(draft: Draft) -> dict[str, Any]:
    """The trigger's property that the platform fills in."""
    callback: dict[str, Any] = draft.body["properties"]["callbackUrl"]
    return callback


def wrap_callback(**wrapping: object) -> Change:
    """Put the callback one level deeper."""

    def change(draft: Draft) -> None:
        marked = draft.body["properties"].pop("callbackUrl")
        inner = {"type": "object", "x-ms-summary": "Target", "description": "Where to.", "required": ["callbackUrl"],
                 "x-ms-visibility": "internal", "properties": {"callbackUrl": marked}}  # fmt: skip
        draft.body["properties"]["target"] = {**inner, **wrapping}
        draft.body["required"] = ["environmentId", "thingId", "target"]

    return change


def in_schema(value: str) -> Change:
    """Say of a dynamic schema another place."""

    def change(draft: Draft) -> None:
        schema = draft.parameter("CreateThing", "thing")["schema"]
        schema["x-ms-dynamic-schema"]["value-path"] = value
        schema["x-ms-dynamic-properties"]["itemValuePath"] = value

    return change


def of_thing(old: Json | None = None, new: Json | None = None) -> Change:
    """Change the two forms of the webhook's drop-down of things."""

    def change(draft: Draft) -> None:
        thing = draft.body["properties"]["thingId"]
        thing[VALUES].update(old or {})
        thing[LIST].update(new or {})

    return change


def not_a_choice(draft: Draft) -> None:
    """Ask for the things of an environment that none can be."""
    draft.document["parameters"]["EnvironmentId"]["enum"] = ["one", "two"]
    of_thing({"parameters": {"environmentId": "e"}}, {"parameters": {"environmentId": {"value": "e"}}})(draft)


def listed_callback(draft: Draft) -> None:
    """A callback in each item of a list."""
    marked = draft.body["properties"].pop("callbackUrl")
    draft.body["properties"]["targets"] = {
        "type": "array", "x-ms-summary": "Targets", "description": "Where to.", "x-ms-visibility": "internal",
        "items": {"type": "object", "required": ["callbackUrl"], "properties": {"callbackUrl": marked}},
        "default": [],
    }  # fmt: skip
    draft.body["required"] = ["environmentId", "thingId", "targets"]


def second_callback(draft: Draft) -> None:
    """Where should the platform put its address?"""
    draft.body["properties"]["second"] = callback(draft)
    draft.body["required"].append("second")


def posted_poll(draft: Draft) -> None:
    """The polling trigger as a POST."""
    paths = draft.document["paths"]
    paths["/api/other"] = {"post": paths["/api/triggers/thing/events"].pop("get")}


def nothing_created(draft: Draft) -> None:
    """A subscription that answers 204."""
    answers = draft.operation(WEBHOOK)["responses"]
    answers["204"] = answers.pop("201")


TRIGGERS = (
    Spoiled(triggers.triggers_are_called_when, "Begin it with \"When a\"", of(WEBHOOK, summary="On a thing")),
    Spoiled(triggers.triggers_are_called_when, "Begin it with \"This", of(POLLING, description="It triggers now.")),
    Spoiled(triggers.triggers_are_of_a_known_kind, "batch by POST", posted_poll),
    Spoiled(triggers.triggers_have_their_twins, f"there is no webhook '{WEBHOOK}s'", of(
        POLLING, operationId="WhenThingCrossessPolling")),
    Spoiled(triggers.triggers_have_their_twins, f"{POLLING}: there is no webhook", of(
        WEBHOOK, operationId="WhenThingCrossed")),
    Spoiled(triggers.triggers_have_their_twins, f"no trigger '{WEBHOOK}Polling' polls", lambda d: d.document[
        "paths"].pop("/api/triggers/thing/events")),
    Spoiled(triggers.notifications_are_described, "nothing says", lambda d: d.document["paths"][
        "/api/triggers/thing"].pop(NOTIFICATION)),
    Spoiled(triggers.notifications_are_described, "is in the operation", of(WEBHOOK, x_ms_notification_content={})),
    Spoiled(triggers.notifications_are_described, "is no webhook", put("paths", {
        "description": "It.", "schema": {"$ref": "#/definitions/Event"}}, "/api/kinds", NOTIFICATION)),
    Spoiled(triggers.callbacks_are_one_text_in_the_body, "0 callbacks", lambda d: callback(d).update({
        URL: False, "default": "https://x"})),
    Spoiled(triggers.callbacks_are_one_text_in_the_body, "2 callbacks", second_callback),
    Spoiled(triggers.callbacks_are_one_text_in_the_body, "no string", lambda d: callback(d).update(type="boolean")),
    Spoiled(triggers.callbacks_are_required, "body/callbackUrl", lambda d: d.body["required"].remove("callbackUrl")),
    Spoiled(triggers.callbacks_are_required, "can be left out", of_parameter(WEBHOOK, "body", required=False)),
    Spoiled(triggers.callbacks_are_required, "body/target/callbackUrl", wrap_callback(required=[])),
    Spoiled(triggers.callbacks_are_required, "body/targets[]/callbackUrl: it can be left out", listed_callback),
    Spoiled(triggers.callbacks_are_internal, "a maker sees it", lambda d: callback(d).pop("x-ms-visibility")),
    Spoiled(triggers.callbacks_are_nowhere_else, "ListEnvironments url", of(
        "ListEnvironments", parameters=[{"name": "url", "in": "query", URL: True, **text("Address")}])),
    Spoiled(triggers.callbacks_are_nowhere_else, "value[]/id", of_property("Event", "id", **{URL: True})),
    Spoiled(triggers.subscribing_answers_201_with_location, "no 201", nothing_created),
    Spoiled(triggers.subscribing_answers_201_with_location, "no 201", answers_without(WEBHOOK, "201", "headers")),
    Spoiled(triggers.subscribing_answers_201_with_location, "has a schema", answers_with(
        WEBHOOK, "201", headers={"Location": text("Location")}, schema={"$ref": "#/definitions/Event"})),
    Spoiled(triggers.there_is_a_way_to_unsubscribe, "nothing ends", lambda d: d.document["paths"].pop(
        "/api/subscriptions/{id}")),
    Spoiled(triggers.there_is_a_way_to_unsubscribe, "nothing ends", of("Unsubscribe", x_ms_visibility="advanced")),
    Spoiled(triggers.webhooks_have_a_hint, "no hint", of(WEBHOOK, x_ms_trigger_hint="")),
    Spoiled(triggers.polling_answers_events_or_nothing, "no list", answers_with(
        POLLING, "200", headers={"Location": text("Location")}, schema={"$ref": "#/definitions/Event"})),
    Spoiled(triggers.polling_answers_events_or_nothing, "202", answers_without(POLLING, "202")),
    Spoiled(triggers.polling_says_where_and_when_to_go_on, "202: it has no header Retry-After", answers_without(
        POLLING, "202", "headers", "Retry-After")),
    Spoiled(triggers.polling_says_where_and_when_to_go_on, "200: it has no header Location", answers_without(
        POLLING, "200", "headers")),
    Spoiled(triggers.polling_keeps_its_place_to_itself, "triggerState", of_parameter(
        POLLING, "triggerState", x_ms_visibility="advanced")),
    Spoiled(triggers.polling_keeps_its_place_to_itself, "triggerState", of_parameter(
        POLLING, "triggerState", name="at")),
)  # fmt: skip
DYNAMIC = (
    Spoiled(dynamic.dynamic_forms_come_in_pairs, "no x-ms-dynamic-list", lambda d: d.document["parameters"][
        "EnvironmentId"].pop(LIST)),
    Spoiled(dynamic.dynamic_forms_come_in_pairs, "no x-ms-dynamic-schema", lambda d: d.parameter(
        "CreateThing", "thing")["schema"].pop("x-ms-dynamic-schema")),
    Spoiled(dynamic.dynamic_forms_say_the_same, "operationId ListThings", of_thing(
        new={"operationId": "ListEnvironments", "parameters": {}})),
    Spoiled(dynamic.dynamic_forms_say_the_same, "title name", of_thing(new={"itemTitlePath": "id"})),
    Spoiled(dynamic.dynamic_forms_say_the_same, "the parameter environmentId", of_thing(
        new={"parameters": {"environmentId": {"parameterReference": "body/thingId"}}})),
    Spoiled(dynamic.dynamic_operations_are_there, "'ListNothing'", of_thing(
        {"operationId": "ListNothing"}, {"operationId": "ListNothing"})),
    Spoiled(dynamic.dynamic_answers_hold_what_is_asked, "no list 'items'", of_thing(
        {"value-collection": "items"}, {"itemsPath": "items"})),
    Spoiled(dynamic.dynamic_answers_hold_what_is_asked, "no 'label'", of_thing(
        {"value-title": "label"}, {"itemTitlePath": "label"})),
    Spoiled(dynamic.dynamic_answers_hold_what_is_asked, "no 'columns'", in_schema("columns")),
    Spoiled(dynamic.dynamic_parameters_are_taken, "takes no 'colour'", of_thing(
        {"parameters": {"environmentId": "e", "colour": "red"}},
        {"parameters": {"environmentId": {"value": "e"}, "colour": {"value": "red"}}})),
    Spoiled(dynamic.dynamic_parameters_are_taken, "needs 'environmentId'", of_thing(
        {"parameters": {}}, {"parameters": {}})),
    Spoiled(dynamic.dynamic_references_lead_to_fields, "'environmentId', which", of_thing(
        new={"parameters": {"environmentId": {"parameterReference": "environmentId"}}})),
    Spoiled(dynamic.dynamic_references_lead_to_fields, "'place', which", of_thing(
        {"parameters": {"environmentId": {"parameter": "place"}}},
        {"parameters": {"environmentId": {"parameterReference": "place"}}})),
    Spoiled(dynamic.dynamic_references_lead_to_what_is_known, "from 'body/way', which may be empty", of_thing(
        {"parameters": {"environmentId": {"parameter": "way"}}},
        {"parameters": {"environmentId": {"parameterReference": "body/way"}}})),
    Spoiled(dynamic.dynamic_references_lead_to_what_is_known, "from 'environmentId', which may be empty",
            lambda d: d.body["properties"]["environmentId"].update({"x-ms-visibility": "internal", "default": "e"})),
    Spoiled(dynamic.dynamic_literals_fit, "does not take 7 as 'environmentId'", of_thing(
        {"parameters": {"environmentId": 7}}, {"parameters": {"environmentId": {"value": 7}}})),
    Spoiled(dynamic.dynamic_literals_fit, "does not take 'e' as 'environmentId'", not_a_choice),
    Spoiled(dynamic.dynamic_forms_are_in_the_schema, "x-ms-dynamic-values", lambda d: d.parameter(
        "CreateThing", "thing").update(named_list("ListEnvironments"))),
)  # fmt: skip


def connection(draft: Draft) -> dict[str, Any]:
    """How people sign in."""
    found: dict[str, Any] = draft.properties["properties"]["connectionParameters"]["token"]["oAuthSettings"]
    return found


def whole(draft: Draft) -> dict[str, Any]:
    """The properties."""
    found: dict[str, Any] = draft.properties["properties"]
    return found


def tenant(parameter: Json) -> Change:
    """Set the hidden parameter of the tenant."""
    return lambda d: whole(d)["connectionParameters"].update({"token:TenantId": parameter})


def brand(colour: str) -> Change:
    """Set the colour, of the icon too."""

    def change(draft: Draft) -> None:
        whole(draft)["iconBrandColor"] = colour
        draft.icon = icon(ground=colour)

    return change


def drawn(**how: Any) -> Change:
    """Another icon."""
    return lambda draft: setattr(draft, "icon", icon(**how))


def readme(old: str, new: str) -> Change:
    """Change the readme."""
    return lambda draft: setattr(draft, "readme", draft.package().readme.replace(old, new))


def custom(name: str, value: object) -> Change:
    """Set a custom parameter."""
    return lambda d: connection(d)["customParameters"][name].update(value=value)


PROPERTIES = (
    Spoiled(properties.brand_colour_is_our_own, "'red'", brand("red")),
    Spoiled(properties.brand_colour_is_our_own, "not ours", brand("#007EE5")),
    Spoiled(properties.publisher_is_named, "publisher", lambda d: whole(d).pop("publisher")),
    Spoiled(properties.people_sign_in_with_entra_id, "aad", lambda d: connection(d).update(identityProvider="oauth2")),
    Spoiled(properties.people_sign_in_with_entra_id, "redirectMode", lambda d: connection(d).update(
        redirectMode="Global")),
    Spoiled(properties.people_sign_in_with_entra_id, "resourceUri", custom("resourceUri", "")),
    Spoiled(properties.people_sign_in_with_entra_id, "clientId", lambda d: connection(d).pop("clientId")),
    Spoiled(properties.signing_in_ends_at_the_platform, "https://example.com/redirect", lambda d: connection(d).update(
        redirectUrl="https://example.com/redirect")),
    Spoiled(properties.signing_in_ends_at_the_platform, "azure-apim.net.example.com", lambda d: connection(d).update(
        redirectUrl="https://global.consent.azure-apim.net.example.com/redirect")),
    Spoiled(properties.the_api_is_named_once, "resourceUri is api://y", custom("resourceUri", "api://y")),
    Spoiled(properties.the_api_is_named_once, "ResourceId None", lambda d: connection(d)["properties"].pop(
        "AzureActiveDirectoryResourceId")),
    Spoiled(properties.the_tenant_is_asked_for, "TenantId", tenant({})),
    Spoiled(properties.the_tenant_is_asked_for, "TenantId", tenant({"type": "string", "metadata": {}})),
    Spoiled(properties.both_settings_of_on_behalf_of_agree, "'false'", custom("enableOnbehalfOfLogin", "false")),
    Spoiled(properties.both_settings_of_on_behalf_of_agree, "is None", lambda d: connection(d)["properties"].pop(
        "IsOnbehalfofLoginSupported")),
    Spoiled(properties.booleans_of_the_form_are_texts, "IsFirstParty", lambda d: connection(d)["properties"].update(
        IsFirstParty=False)),
    Spoiled(properties.booleans_of_the_form_are_texts, "hidden", tenant({
        "type": "string", "metadata": properties.TENANT, "uiDefinition": {"constraints": {"hidden": True}}})),
    Spoiled(properties.booleans_of_the_form_are_texts, "tenantId", custom("tenantId", True)),
    Spoiled(properties.policies_name_operations_that_exist, "'ListNothing'", lambda d: whole(d)[
        "policyTemplateInstances"].append({"parameters": {"x-ms-apimTemplate-operationName": ["ListNothing"]}})),
    Spoiled(properties.no_file_has_a_secret, "clientSecret", lambda d: connection(d).update(clientSecret="s3cret")),
    Spoiled(properties.no_file_has_a_secret, "settings/password", lambda d: d.settings.update(password="s3cret")),
    Spoiled(properties.what_is_built_has_no_placeholders, "host: it is the placeholder", put("host", NO_HOST)),
    Spoiled(properties.what_is_built_has_no_placeholders, "oAuthSettings/clientId", lambda d: connection(d).update(
        clientId=NO_ID)),
    Spoiled(properties.what_is_built_has_no_placeholders, "customParameters/tenantId/value", custom("tenantId", NO_ID)),
)  # fmt: skip
BESIDE = (
    Spoiled(beside.icon_is_a_small_square_png, "no PNG", lambda d: setattr(d, "icon", b"")),
    Spoiled(beside.icon_is_a_small_square_png, "no PNG", drawn(form="BMP")),
    Spoiled(beside.icon_is_a_small_square_png, "160 x 120", drawn(size=(160, 120))),
    Spoiled(beside.icon_is_a_small_square_png, "96 x 96", drawn(size=(96, 96))),
    Spoiled(beside.icon_is_a_small_square_png, "bytes", lambda d: setattr(d, "icon", icon() + b"x" * 1_000_000)),
    Spoiled(beside.icon_lies_on_the_brand_colour, "edge", drawn(ground="#654321")),
    Spoiled(beside.icon_lies_on_the_brand_colour, "edge", drawn(ground=f"{BRAND}80")),
    Spoiled(beside.icon_leaves_room_around_the_logo, "112 x 112", drawn(logo=0.7)),
    Spoiled(beside.icon_leaves_room_around_the_logo, "no logo", drawn(logo=0)),
    Spoiled(beside.readme_has_its_sections, "no title", readme("# Thing Signals", "# Things")),
    Spoiled(beside.readme_has_its_sections, "'Prerequisites'", readme("## Prerequisites", "Prerequisites")),
    Spoiled(
        beside.readme_names_every_operation, "'Create thing'. Run ./dev connector docs", readme("- Create thing\n", "")
    ),
    Spoiled(beside.readme_names_every_operation, "level'", readme("- When a thing crosses a level\n", "")),
    Spoiled(beside.settings_are_there, "settings.json", lambda d: d.settings.clear()),
)
SPOILED = (*TRIGGERS, *DYNAMIC, *PROPERTIES, *BESIDE)
