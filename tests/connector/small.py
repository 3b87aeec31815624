"""What is a small definition that has one of everything a designer knows?"""

from copy import deepcopy
from typing import Any

CIRCLE = '{"info": {"contact": {"$ref": "#/info"}}, "paths": {}}'  # it leads to itself
ENVIRONMENT = {
    "name": "environmentId",
    "in": "path",
    "type": "string",
    "required": True,
    "x-ms-summary": "Environment",
    "description": "The environment to look at.",
    "x-ms-url-encoding": "single",
    "x-ms-dynamic-list": {"operationId": "ListEnvironments", "itemsPath": "value", "itemValuePath": "id"},
}
EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "title": "Event id", "description": "The same for the same fact.", "example": "e-1"},
        "time": {"type": "string", "format": "date-time", "title": "Time", "description": "When it happened."},
        "data": {
            "type": "object",
            "properties": {
                "value": {"type": "number", "title": "Value", "description": "What it is | now.", "example": 1040},
                "watchId": {"type": "string", "title": "Watch", "description": "x", "x-ms-visibility": "advanced"},
                "raw": {"type": "string", "title": "Raw", "description": "x", "x-ms-visibility": "internal"},
            },
        },
    },
}
FILTERS: dict[str, dict[str, Any]] = {
    "threshold": {"type": "number", "x-ms-summary": "Threshold", "description": "The level that is watched."},
    "direction": {
        "type": "string",
        "x-ms-summary": "Direction",
        "description": "Which way it has to go.",
        "default": "above",
        "enum": ["above", "below"],
        "x-ms-enum-values": [{"value": "above", "displayName": "Above"}, {"value": "below", "displayName": "Below"}],
    },
    "again": {
        "type": "boolean",
        "x-ms-summary": "Again",
        "description": "Whether it fires again.",
        "default": True,
        "x-ms-visibility": "advanced",
    },
}
BODY = {
    "name": "body",
    "in": "body",
    "required": True,
    "schema": {
        "type": "object",
        "required": ["environmentId", "callbackUrl", "threshold"],
        "properties": {
            "environmentId": {"type": "string", "x-ms-summary": "Environment", "description": "Where."},
            "callbackUrl": {"type": "string", "x-ms-visibility": "internal", "x-ms-notification-url": True},
            **FILTERS,
        },
    },
}
WEBHOOK = {
    "operationId": "WhenItCrosses",
    "summary": "When it crosses (a threshold)",
    "description": "This operation triggers when it crosses.",
    "x-ms-trigger": "single",
    "x-ms-visibility": "important",
    "parameters": [BODY],
    "responses": {"201": {"description": "Subscribed."}, "400": {"$ref": "#/responses/Mistake"}},
}
POLLING = {
    "operationId": "WhenItCrossesPolling",
    "summary": "When it crosses (polling)",
    "description": "This operation triggers when it crosses, and asks.",
    "x-ms-trigger": "batch",
    "parameters": [
        {"name": "threshold", "in": "query", "required": True, **FILTERS["threshold"]},
        {"name": "triggerState", "in": "query", "type": "string", "x-ms-visibility": "internal"},
    ],
    "responses": {
        "200": {
            "description": "Events.",
            "schema": {
                "type": "object",
                "properties": {"value": {"type": "array", "title": "Events", "items": {"$ref": "#/definitions/Event"}}},
            },
        },
        "202": {"description": "None."},
    },
}
CREATE = {
    "operationId": "CreateItem",
    "summary": "Create item",
    "description": "Writes <b>one</b> item.",
    "parameters": [
        {"$ref": "#/parameters/EnvironmentId"},
        {
            "name": "item",
            "in": "body",
            "required": True,
            "schema": {
                "type": "object",
                "x-ms-summary": "Item",
                "description": "What is written.",
                "x-ms-dynamic-properties": {"operationId": "GetEntitySchema", "itemValuePath": "schema"},
            },
        },
    ],
    "responses": {"201": {"description": "Written.", "schema": {"$ref": "#/definitions/Written"}}},
}
LIST = {
    "operationId": "ListEnvironments",
    "summary": "List environments",
    "description": "All of them.",
    "x-ms-visibility": "important",
    "parameters": [],
    "responses": {"200": {"description": "They.", "schema": {"$ref": "#/definitions/Environments"}}},
}


def definition() -> dict[str, Any]:
    """The document, a new one each time."""
    schema = {**LIST, "operationId": "GetEntitySchema", "summary": "Get schema", "x-ms-visibility": "internal"}
    name = {"type": "string", "title": "Name", "description": "What it is called."}
    environments = {"type": "array", "title": "Environments", "items": {"$ref": "#/definitions/Environment"}}
    found = {
        "swagger": "2.0",
        "info": {"title": "Small Signals", "description": "One of everything.", "version": "1.0"},
        "host": "signals.example.com",
        "basePath": "/",
        "paths": {
            "/api/triggers/crosses": {
                "post": WEBHOOK,
                "x-ms-notification-content": {"description": "An event.", "schema": {"$ref": "#/definitions/Event"}},
            },
            "/api/triggers/crosses/events": {"get": POLLING},
            "/api/environments/{environmentId}/items": {"post": CREATE},
            "/api/environments": {"get": LIST},
            "/api/schema": {"get": schema},
        },
        "parameters": {"EnvironmentId": ENVIRONMENT, "Unused": {"name": "u", "in": "query", "type": "string"}},
        "responses": {"Mistake": {"description": "A mistake.", "schema": {"$ref": "#/definitions/Error"}}},
        "definitions": {
            "Event": EVENT,
            "Written": {"type": "object", "properties": {"ok": {"type": "boolean", "title": "Written"}}},
            "Environment": {"type": "object", "properties": {"name": name}},
            "Environments": {"type": "object", "properties": {"value": environments}},
            "Error": {"type": "object", "properties": {"code": {"type": "string", "title": "Code"}}},
            "Nobody": {"type": "object", "properties": {"alone": {"$ref": "#/definitions/Lonely"}}},
            "Lonely": {"type": "string"},
        },
    }
    return deepcopy(found)
