"""What is a small connector that keeps every rule? A new one each time, to be spoiled in one place."""

import io
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from local.connector.definition import METHODS
from local.connector.package import DEFINITION, ICON, PROPERTIES, README, SETTINGS, Package
from local.connector.rules.beside import SECTIONS

Json = dict[str, Any]
BRAND = "#123456"
MISTAKE = {"$ref": "#/responses/Mistake"}
LOCATION = {"type": "string", "description": "Where to go on."}
RETRY_AFTER = {"type": "integer", "format": "int32", "description": "How many seconds to wait."}


def text(summary: str, **more: Any) -> Json:
    """A parameter or property that is a text."""
    return {"type": "string", "x-ms-summary": summary, "description": f"The {summary.lower()} in question.", **more}


def in_path(name: str, summary: str, **more: Any) -> Json:
    """A parameter in the path."""
    return {"name": name, "in": "path", "required": True, "x-ms-url-encoding": "single", **text(summary, **more)}


def asks(target: str, old: Json, new: Json, kind: str = "list", parameters: Json | None = None) -> Json:
    """A dynamic part in both forms; parameters are fields by the name that the target knows them by."""
    forms = ("x-ms-dynamic-values", "x-ms-dynamic-list") if kind == "list" else (
        "x-ms-dynamic-schema",
        "x-ms-dynamic-properties",
    )  # fmt: skip
    given = parameters or {}
    by_name = {name: {"parameter": path.rpartition("/")[2]} for name, path in given.items()}
    by_path = {name: {"parameterReference": path} for name, path in given.items()}
    return {
        forms[0]: {"operationId": target, **old, **({"parameters": by_name} if given else {})},
        forms[1]: {"operationId": target, **new, **({"parameters": by_path} if given else {})},
    }


def named_list(target: str, parameters: Json | None = None) -> Json:
    """A drop-down that shows names."""
    old = {"value-collection": "value", "value-path": "id", "value-title": "name"}
    new = {"itemsPath": "value", "itemValuePath": "id", "itemTitlePath": "name"}
    return asks(target, old, new, "list", parameters)


def thing_schema() -> Json:
    """The schema of a thing, asked for by environment."""
    given = {"environmentId": "environmentId"}
    return asks("GetThingSchema", {"value-path": "schema"}, {"itemValuePath": "schema"}, "schema", given)


def page(summary: str, items: str) -> Json:
    """A list with a link to its next page."""
    value = {"type": "array", "x-ms-summary": summary, "description": "All of them.", "items": {"$ref": items}}
    return {"type": "object", "properties": {"value": value, "nextLink": text("Next link")}}


def operation(id_: str, summary: str, description: str, ok: Json, *parameters: Json, **more: Any) -> Json:
    """An operation that answers so."""
    answers = {**ok, "400": MISTAKE}
    return {"operationId": id_, "summary": summary, "description": description, **more,
            "parameters": list(parameters), "responses": answers}  # fmt: skip


def paths() -> Json:
    """One of everything."""
    of_environment: Json = {"$ref": "#/parameters/EnvironmentId"}
    listed = {"200": {"description": "The list.", "schema": {"$ref": "#/definitions/Page"}}}
    written = {"201": {"description": "What was written.", "schema": {"$ref": "#/definitions/Thing"}}}
    schema = {"type": "object", "x-ms-summary": "Schema", "description": "The columns.", "additionalProperties": True}
    learned = {"200": {"description": "It.", "schema": {"type": "object", "properties": {"schema": schema}}}}
    thing = {"name": "thing", "in": "body", "required": True, "x-ms-summary": "Thing", "description": "What to write.",
             "schema": {"type": "object", **thing_schema()}}  # fmt: skip
    first, second = ({"x-ms-api-annotation": {"family": "CreateThing", "revision": number, "status": status}}
                     for number, status in ((1, "Production"), (2, "Preview")))  # fmt: skip
    hidden = {"x-ms-visibility": "internal"}
    return {
        "/api/environments": {"get": operation("ListEnvironments", "List environments", "Lists them all.", listed)},
        "/api/environments/{environmentId}/things": {
            "parameters": [of_environment],
            "get": operation("ListThings", "List things", "Lists the things of an environment.", deepcopy(listed),
                             **{"x-ms-pageable": {"nextLinkName": "nextLink"}}),
            "post": operation("CreateThing", "Create thing", "Makes a thing.", written, thing, **first),
        },
        "/api/v2/environments/{environmentId}/things": {
            "post": operation("CreateThing_V2", "Create thing V2", "Makes a thing well.", deepcopy(written),
                              of_environment, deepcopy(thing), **second),
        },
        "/api/environments/{environmentId}/schema": {
            "get": operation("GetThingSchema", "Get thing schema", "Gets the columns.", learned,
                             of_environment, **hidden)
        },
        "/api/kinds": {"get": operation("ListKinds", "List kinds", "Lists the kinds.", deepcopy(listed), **hidden)},
        "/api/triggers/thing": webhook(),
        "/api/triggers/thing/events": {"get": polling()},
        "/api/subscriptions/{id}": {
            "delete": operation("Unsubscribe", "Unsubscribe", "Ends a subscription.", {"204": {"description": "Gone."}},
                                in_path("id", "Id"), **hidden)
        },
    }  # fmt: skip


def filters() -> Json:
    """What a trigger watches."""
    level = {"type": "number", "format": "double", "x-ms-summary": "Level", "description": "What it has to cross."}
    choices = [{"value": one, "displayName": one.title()} for one in ("above", "below")]
    return {"level": level, "way": text("Way", enum=["above", "below"], **{"x-ms-enum-values": choices})}


def webhook() -> Json:
    """A path to subscribe at."""
    callback = text("Callback", format="uri", **{"x-ms-notification-url": True, "x-ms-visibility": "internal"})
    properties = {
        "environmentId": text("Environment", **named_list("ListEnvironments")),
        "thingId": text("Thing", **named_list("ListThings", {"environmentId": "body/environmentId"})),
        **filters(),
        "callbackUrl": callback,
    }
    body = {"name": "body", "in": "body", "required": True, "x-ms-summary": "Subscription", "description": "It all.",
            "schema": {"type": "object", "required": ["environmentId", "thingId", "callbackUrl"],
                       "properties": properties}}  # fmt: skip
    subscribed = {"201": {"description": "Subscribed.", "headers": {"Location": LOCATION}}}
    more = {"x-ms-trigger": "single", "x-ms-trigger-hint": "Let a thing cross a level."}
    description = "This operation triggers when a thing crosses a level."
    return {
        "x-ms-notification-content": {"description": "What happened.", "schema": {"$ref": "#/definitions/Event"}},
        "post": operation("WhenThingCrosses", "When a thing crosses a level", description, subscribed, body, **more),
    }


def polling() -> Json:
    """The same, asked for."""
    value = {"type": "array", "x-ms-summary": "Events", "description": "All.", "items": {"$ref": "#/definitions/Event"}}
    events = {"type": "object", "properties": {"value": value}}
    ok = {
        "200": {"description": "Events.", "schema": events, "headers": {"Location": LOCATION}},
        "202": {"description": "Nothing yet.", "headers": {"Location": LOCATION, "Retry-After": RETRY_AFTER}},
    }
    level = {"name": "level", "in": "query", **filters()["level"]}
    state = {"name": "triggerState", "in": "query", "x-ms-visibility": "internal", **text("Trigger state")}
    summary, description = "When a thing crosses a level (polling)", "This operation triggers when a thing crosses."
    more = {"x-ms-trigger": "batch"}
    return operation("WhenThingCrossesPolling", summary, description, ok, level, state, **more)


def document() -> Json:
    """The definition."""
    metadata = {"Website": "https://example.com", "Privacy policy": "https://example.com/p", "Categories": "Data;AI"}
    environment = in_path("environmentId", "Environment", **named_list("ListEnvironments"))
    more = {
        "type": "object",
        "x-ms-summary": "Data",
        "description": "More of it.",
        "properties": {"size": text("Size")},
    }
    about = "Tells you when one of your things crosses a level, and makes new ones."
    contact = {"name": "Help", "url": "https://example.com", "email": "help@example.com"}
    found = {
        "swagger": "2.0",
        "info": {"title": "Thing Signals", "description": about, "version": "1.0", "contact": contact},
        "host": "things.example.com",
        "basePath": "/",
        "schemes": ["https"],
        "paths": paths(),
        "parameters": {"EnvironmentId": environment},
        "responses": {"Mistake": {"description": "The request has a mistake."}},
        "definitions": {
            "Thing": {"type": "object", "properties": {"id": text("Id"), "name": text("Name"), "data": more}},
            "Page": page("Things", "#/definitions/Thing"),
            "Event": {"type": "object", "properties": {"id": text("Event id"), "data": deepcopy(more)}},
        },
        "securityDefinitions": {"signIn": {"type": "basic"}},
        "security": [{"signIn": []}],
        "x-ms-capabilities": {"testConnection": {"operationId": "ListKinds"}},
        "x-ms-connector-metadata": [{"propertyName": name, "propertyValue": one} for name, one in metadata.items()],
    }
    return deepcopy(found)  # so that no two places are one object


def properties() -> Json:
    """What connects."""
    custom = {
        "resourceUri": "api://x",
        "loginUri": "https://login",
        "tenantId": "common",
        "enableOnbehalfOfLogin": "true",
    }
    oauth = {
        "identityProvider": "aad",
        "clientId": "x",
        "redirectMode": "GlobalPerConnector",
        "properties": {
            "IsFirstParty": "False",
            "IsOnbehalfofLoginSupported": True,
            "AzureActiveDirectoryResourceId": "api://x",
        },
        "customParameters": {name: {"value": value} for name, value in custom.items()},
    }
    constraints = {"required": "false", "hidden": "true"}
    tenant = {"type": "string", "metadata": {"sourceType": "AzureActiveDirectoryTenant"},
              "uiDefinition": {"constraints": constraints}}  # fmt: skip
    link = {"x-ms-apimTemplate-operationName": ["ListThings"],
            "x-ms-apimTemplateParameter.nextLinkPropertyName": "nextLink"}  # fmt: skip
    parameters = {"token": {"type": "oauthSetting", "oAuthSettings": oauth}, "token:TenantId": tenant}
    policies = [{"templateId": "updatenextlink", "parameters": link}]
    found = {"iconBrandColor": BRAND, "publisher": "We", "connectionParameters": parameters}
    return {"properties": {**found, "policyTemplateInstances": policies}}


def icon(size: tuple[int, int] = (160, 160), ground: str = BRAND, logo: float = 0.5, form: str = "PNG") -> bytes:
    """A white square on the brand colour."""
    image = Image.new("RGBA", size, ground)
    if logo:
        width, height = (round(side * logo) for side in size)
        left, top = (size[0] - width) // 2, (size[1] - height) // 2
        ImageDraw.Draw(image).rectangle((left, top, left + width - 1, top + height - 1), fill="white")
    file = io.BytesIO()
    image.convert("RGBA" if form == "PNG" else "RGB").save(file, form)
    return file.getvalue()


@dataclass
class Draft:
    """A connector that can still be changed; its text and readme follow from it unless they are given."""

    document: Json = field(default_factory=document)
    properties: Json = field(default_factory=properties)
    settings: Json = field(default_factory=lambda: {"icon": "icon.png"})
    icon: bytes = field(default_factory=icon)
    definition_text: str = ""
    readme: str = ""

    def operation(self, id_: str) -> Json:
        """An operation as it is written."""
        items = self.document["paths"].values()
        found = (item[method] for item in items for method in METHODS if method in item)
        return next(one for one in found if one["operationId"] == id_)

    def parameter(self, id_: str, name: str) -> Json:
        """A parameter that is written in an operation."""
        return next(one for one in self.operation(id_)["parameters"] if one.get("name") == name)

    @property
    def body(self) -> Json:
        """The schema that the webhook takes."""
        schema: Json = self.parameter("WhenThingCrosses", "body")["schema"]
        return schema

    def definition(self, name: str) -> Json:
        """The properties of a shared schema."""
        found: Json = self.document["definitions"][name]["properties"]
        return found

    def package(self) -> Package:
        """What the rules read."""
        return Package(
            self.definition_text or json.dumps(self.document, indent=4),
            self.document,
            self.properties,
            self.settings,
            self.icon,
            self.readme or self._readme(),
        )

    def write(self, folder: Path) -> Path:
        """The folder with all files."""
        package = self.package()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DEFINITION).write_text(package.definition_text, encoding="utf-8")
        (folder / PROPERTIES).write_text(json.dumps(self.properties), encoding="utf-8")
        (folder / SETTINGS).write_text(json.dumps(self.settings), encoding="utf-8")
        (folder / README).write_text(package.readme, encoding="utf-8")
        (folder / ICON).write_bytes(self.icon)
        return folder

    def _readme(self) -> str:
        operations = [one for item in self.document["paths"].values() for name, one in item.items() if name in METHODS]
        lines = [f"- {one.get('summary', '')}" for one in operations]
        return "\n".join([f"# {self.document['info'].get('title', '')}", *(f"## {one}" for one in SECTIONS), *lines])


Change = Callable[[Draft], object]
