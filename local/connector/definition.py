"""What does the connector's definition say? Its operations with every reference followed, as a designer reads them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from local.children import ROOT
from local.connector.files import json_of
from local.connector.references import follow, references, wrong_with
from local.errors import LocalError

Json = Mapping[str, Any]
SOURCE = ROOT / "connector" / "apiDefinition.swagger.json"
METHODS = ("get", "put", "post", "patch", "delete")
SEEN = ("200", "201")  # by designers: they read the schema of no other answer


@dataclass(frozen=True, slots=True)
class Field:
    """What a maker fills in, or the platform by itself. `path` is the key that a flow file gives it, `body/threshold`.

    `value_schema` is its type, limits and extensions; of a parameter that is the parameter itself.
    """

    path: str
    place: str
    required: bool
    value_schema: Json

    @property
    def name(self) -> str:
        """The name without the way to it."""
        return self.path.rpartition("/")[2]

    @property
    def summary(self) -> str:
        """What the designer writes above it."""
        return str(self.value_schema.get("x-ms-summary") or self.value_schema.get("title") or self.name)

    @property
    def visibility(self) -> str:
        """`important`, `advanced`, `internal` or nothing."""
        return str(self.value_schema.get("x-ms-visibility", ""))

    @property
    def is_shown(self) -> bool:
        """Whether a maker sees it without asking for more: required ones always, others unless they are put away."""
        return self.visibility != "internal" and (self.required or self.visibility != "advanced")


@dataclass(frozen=True)
class Operation:
    """A trigger, an action, or what only the platform calls."""

    id: str
    method: str
    path: str
    details: Json
    path_item: Json

    @property
    def summary(self) -> str:
        """Its name in the designer."""
        return str(self.details.get("summary", ""))

    @property
    def description(self) -> str:
        """The sentence below it."""
        return str(self.details.get("description", ""))

    @property
    def visibility(self) -> str:
        """`important`, `advanced`, `internal` or nothing."""
        return str(self.details.get("x-ms-visibility", ""))

    @property
    def trigger(self) -> str:
        """`single` for a webhook, `batch` for one that polls, nothing for an action."""
        return str(self.details.get("x-ms-trigger", ""))

    @property
    def parameters(self) -> tuple[Json, ...]:
        """The parameters of the operation and of its path."""
        return (*self.path_item.get("parameters", ()), *self.details.get("parameters", ()))

    @property
    def body(self) -> Json | None:
        """The schema of the body that it takes."""
        return next((one["schema"] for one in self.parameters if one["in"] == "body"), None)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Everything that can be filled in, the body's properties one by one."""
        return tuple(self._fields())

    @property
    def responses(self) -> Mapping[str, Json]:
        """Its answers by status."""
        found: Mapping[str, Json] = self.details["responses"]
        return found

    @property
    def answer(self) -> Json:
        """The schema of what it gives back; an empty one when it gives nothing that a designer sees."""
        seen = (self.responses.get(status, {}) for status in SEEN)
        return next((one["schema"] for one in seen if "schema" in one), {})

    @property
    def output(self) -> Json:
        """The schema of what a flow goes on with: of a webhook that is what it is called with."""
        notification: Json = self.path_item.get("x-ms-notification-content", {})
        found: Json = notification.get("schema", {}) if self.trigger == "single" else self.answer
        return found

    def _fields(self) -> Iterator[Field]:
        for parameter in self.parameters:
            if parameter["in"] != "body":
                yield Field(parameter["name"], parameter["in"], bool(parameter.get("required")), parameter)
            elif properties := parameter["schema"].get("properties"):
                needed = parameter["schema"].get("required", ())
                for name, schema in properties.items():
                    yield Field(f"{parameter['name']}/{name}", "body", name in needed, schema)
            else:
                said = {name: parameter[name] for name in ("x-ms-summary", "description") if name in parameter}
                yield Field(parameter["name"], "body", bool(parameter.get("required")), {**said, **parameter["schema"]})


@dataclass(frozen=True)
class Definition:
    """A definition as it was written, and its operations with every reference followed."""

    document: Json

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in the order of the document."""
        found = []
        for path, item in self.document["paths"].items():
            whole = follow(self.document, item)
            found += [Operation(whole[m]["operationId"], m, path, whole[m], whole) for m in METHODS if m in whole]
        return tuple(found)

    @cached_property
    def by_id(self) -> Mapping[str, Operation]:
        """The operations by their ids."""
        return {one.id: one for one in self.operations}

    @property
    def triggers(self) -> tuple[Operation, ...]:
        """What starts a flow."""
        return tuple(one for one in self.operations if one.trigger)

    @property
    def actions(self) -> tuple[Operation, ...]:
        """What a flow does."""
        return tuple(one for one in self.operations if not one.trigger and one.visibility != "internal")


def read_definition(file: Path = SOURCE) -> Definition:
    """The definition in a file. Raises LocalError."""
    document = json_of(file)
    if wrong := next(misshapen(document), None):
        raise LocalError(f"{file} is no definition: {' '.join(wrong)}")
    for reference in dict.fromkeys(references(document)):
        if problem := wrong_with(document, reference):
            raise LocalError(f"{file} has the reference {reference}: {problem}")
    return Definition(document)


def misshapen(document: Json) -> Iterator[tuple[str, str]]:
    """Where it is not of the form that everything here reads, and how."""
    if not isinstance(document.get("info"), Mapping):
        yield "info", "is no object"
    if not isinstance(document.get("paths"), Mapping):
        yield "paths", "is no object"
        return
    for path, item in document["paths"].items():
        if not isinstance(item, Mapping):
            yield path, "is no object"
            continue
        if not are_objects(item.get("parameters", [])):
            yield path, "has parameters that are no objects"
        for method in (one for one in METHODS if one in item):
            if wrong := misshapen_operation(item[method]):
                yield f"{method.upper()} {path}", wrong


def misshapen_operation(operation: Any) -> str:
    """What keeps it from being read as an operation, if anything does."""
    if not isinstance(operation, Mapping):
        return "is no object"
    if not isinstance(operation.get("operationId"), str) or not operation["operationId"]:
        return "has no operationId"
    answers = operation.get("responses")
    if not isinstance(answers, Mapping) or not are_objects(list(answers.values())):
        return "has no responses, or some that are no objects"
    return "" if are_objects(operation.get("parameters", [])) else "has parameters that are no objects"


def are_objects(parts: Any) -> bool:
    """Whether it is a list of objects."""
    return isinstance(parts, list) and all(isinstance(one, Mapping) for one in parts)
