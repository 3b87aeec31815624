"""What does a maker see in the designer? Of each field what it looks like, of each answer what a flow goes on with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.connector.definition import Field, Json, Operation

FEATURED, PUT_AWAY, INTERNAL = "important", "advanced", "internal"
FROM_LIST = ("x-ms-dynamic-list", "x-ms-dynamic-values")
FROM_SCHEMA = ("x-ms-dynamic-properties", "x-ms-dynamic-schema")
BY_TYPE = {"boolean": "yes or no", "integer": "whole number", "number": "number", "array": "list", "object": "object"}
BY_FORMAT = {"date-time": "date and time", "date": "date", "byte": "file", "binary": "file"}
SAMPLES: Mapping[str, Any] = {"boolean": True, "integer": 0, "number": 0}
SAMPLE_ROW = {"FirstColumn": "made up", "SecondColumn": 7}
SAMPLE_TIME = "2026-03-02T09:17:00Z"
POLLING = "Polling"


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a drop-down, and what stands in the flow for it."""

    title: str
    value: str


@dataclass(frozen=True, slots=True)
class Control:
    """How the designer shows a field: as what, filled by which operation, with which entries."""

    kind: str
    filled_by: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """One piece of dynamic content, by the name that the designer makes for it."""

    title: str
    path: str
    kind: str
    description: str
    is_advanced: bool
    filled_by: str = ""


def control_of(field: Field) -> Control:
    """What the designer makes of a field."""
    schema = field.value_schema
    if filler := filler_of(schema, FROM_LIST):
        return Control("drop-down", filler)
    if filler := filler_of(schema, FROM_SCHEMA):
        return Control("dynamic fields", filler)
    if choices := choices_of(schema):
        return Control("drop-down", choices=choices)
    if schema.get("type") == "array":
        items = schema.get("items", {})
        filler = filler_of(items, FROM_LIST)
        return Control("list of choices" if filler or choices_of(items) else "list", filler, choices_of(items))
    return Control(kind_of(schema, text="text"))


def filler_of(schema: Json, extensions: Sequence[str]) -> str:
    """The operation that fills a field, by one of these extensions."""
    return next((str(schema[name]["operationId"]) for name in extensions if name in schema), "")


def choices_of(schema: Json) -> tuple[Choice, ...]:
    """The fixed entries of a drop-down."""
    if named := schema.get("x-ms-enum-values"):
        return tuple(Choice(str(one.get("displayName", one["value"])), str(one["value"])) for one in named)
    return tuple(Choice(str(one), str(one)) for one in schema.get("enum", ()))


def kind_of(schema: Json, text: str = "text") -> str:
    """What a value is, in a word that a maker knows."""
    kind = schema.get("type", "object" if "properties" in schema else "")
    return BY_TYPE.get(kind, "") or (BY_FORMAT.get(schema.get("format", ""), text) if kind == "string" else "any value")


def default_of(field: Field) -> str:
    """What counts when nothing is filled in, as the designer shows it."""
    if "default" not in field.value_schema:
        return ""
    value = field.value_schema["default"]
    named = {choice.value: choice.title for choice in choices_of(field.value_schema)}
    return {"True": "Yes", "False": "No"}.get(str(value)) or named.get(str(value), str(value))


def fields_of(operation: Operation, *, shown: bool) -> tuple[Field, ...]:
    """The fields that a maker sees at once, or else those behind "Show advanced"; required ones first."""
    found = [one for one in operation.fields if one.visibility != INTERNAL and one.is_shown is shown]
    return tuple(sorted(found, key=lambda one: not one.required))


def outputs_of(operation: Operation) -> tuple[Output, ...]:
    """What a flow can go on with, in the order of the definition.

    A name is a summary after those of the objects and lists that it is in, as in `_getTitle` of Azure/LogicAppsUX.
    """
    return tuple(_outputs(operation.output, "", ()))


def _outputs(schema: Json, path: str, above: tuple[str, ...]) -> Iterator[Output]:
    """What is in a schema; `above` are the names around it, without its own."""
    names = (*above, *_name_of(schema))
    if filler_of(schema, FROM_SCHEMA):
        yield _columns(schema, path, names)
        return
    if "items" in schema:
        # A list stands aside for items that have a name of their own.
        yield from _outputs(schema["items"], f"{path}[]", above if _name_of(schema["items"]) else names)
    for name, part in schema.get("properties", {}).items():
        if part.get("x-ms-visibility") == INTERNAL:
            continue
        inner = f"{path}.{name}".lstrip(".")
        if not (_is_only_a_way(schema, name) or filler_of(part, FROM_SCHEMA)):
            title = " ".join((*names, *(_name_of(part) or (name,))))
            away = part.get("x-ms-visibility") == PUT_AWAY
            yield Output(title, inner, kind_of(part), str(part.get("description", "")), is_advanced=away)
        yield from _outputs(part, inner, names)


def _columns(schema: Json, path: str, names: tuple[str, ...]) -> Output:
    """What only the entity tells: the columns of one row, or of each in the list that an answer holds."""
    filler, entity = filler_of(schema, FROM_SCHEMA), literal_of(schema, "entityName")
    says = f"The columns of the entity{entity and ' '}{entity}."
    if is_list_of_rows(schema):
        title, inner = " ".join((*names, "Items")), f"{path}.value[]".lstrip(".")
        return Output(title, inner, "list", says, is_advanced=False, filled_by=filler)
    return Output(" ".join(names) or "Columns", path, "dynamic fields", says, is_advanced=False, filled_by=filler)


def is_list_of_rows(schema: Json) -> bool:
    """Whether an answer whose schema has to be asked for holds many rows, below `value`."""
    return literal_of(schema, "use") == "list"


def literal_of(schema: Json, parameter: str) -> str:
    """What is always given when the schema is asked for; nothing where it comes from a field."""
    given = schema.get("x-ms-dynamic-schema", {}).get("parameters", {}).get(parameter)
    return given if isinstance(given, str) else ""


def _name_of(schema: Json) -> tuple[str, ...]:
    """The summary of a part as words in a name: none when it has none."""
    name = schema.get("title") or schema.get("x-ms-summary")
    return (str(name),) if name else ()


def _is_only_a_way(schema: Json, name: str) -> bool:
    """Whether a part is an object of which nobody says more than what is in it, as of the data of an event."""
    part = schema["properties"][name]
    is_data = name == "data" and "specversion" in schema["properties"]
    return "properties" in part and (is_data or not part.get("description"))


def sample_of(schema: Json) -> Any:
    """An answer as it may look: the schema's own example, or one made of its parts."""
    for name in ("example", "x-ms-test-value", "default"):
        if name in schema:
            return schema[name]
    if filler_of(schema, FROM_SCHEMA):
        return {"value": [SAMPLE_ROW]} if is_list_of_rows(schema) else SAMPLE_ROW
    if "properties" in schema:
        parts = schema["properties"].items()
        return {name: sample_of(part) for name, part in parts if not _is_list_without_example(part)}
    if "items" in schema:
        return [sample_of(schema["items"])]
    if choices := schema.get("enum"):
        return choices[0]
    if schema.get("format") == "date-time":
        return SAMPLE_TIME
    kind = schema.get("type", "object")
    if kind == "string":
        return str(schema.get("title") or schema.get("x-ms-summary") or "...")
    return SAMPLES.get(kind, {})


def _is_list_without_example(schema: Json) -> bool:
    """A list that is there only now and then, such as the errors of a refresh that succeeded."""
    items = schema.get("items", {})
    return items.get("type") == "string" and "example" not in items


def twin_of(trigger: Operation, triggers: Sequence[Operation]) -> Operation | None:
    """The trigger that polls for what this one is called with."""
    return next((one for one in triggers if one.id == trigger.id + POLLING), None)


def in_order(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """As the designer lists them: important ones first, those that are put away last."""
    ranks = {FEATURED: 0, PUT_AWAY: 2}
    return tuple(sorted(operations, key=lambda one: ranks.get(one.visibility, 1)))
