"""Can the designer fill its drop-downs and learn its dynamic schemas from what the definition says?"""

from collections.abc import Iterator
from types import UnionType
from typing import NamedTuple

from local.connector.definition import Json, Operation
from local.connector.findings import Finding, Rule
from local.connector.package import Package
from local.connector.walk import Node, inputs, nested, written_parameters

VALUES, LIST = "x-ms-dynamic-values", "x-ms-dynamic-list"
SCHEMA, PROPERTIES = "x-ms-dynamic-schema", "x-ms-dynamic-properties"
PAIRS = ((VALUES, LIST), (SCHEMA, PROPERTIES))
# What the two forms call the same thing.
NAMES = {
    VALUES: {"value-collection": "collection", "value-path": "value", "value-title": "title"},
    LIST: {"itemsPath": "collection", "itemValuePath": "value", "itemTitlePath": "title"},
    SCHEMA: {"value-path": "value"},
    PROPERTIES: {"itemValuePath": "value"},
}
TYPES: dict[str, type | UnionType] = {
    "string": str, "boolean": bool, "integer": int, "number": int | float, "array": list, "object": dict,
}  # fmt: skip


class Asked(NamedTuple):
    """What the designer asks an operation for, whichever form says it."""

    where: str
    form: str
    operation: Operation
    target: str
    names: dict[str, str]
    given: dict[str, tuple[str, object]]


def dynamic_forms_come_in_pairs(package: Package) -> Iterator[Finding]:
    """Old and new designers each read a form of their own: what has one has the other."""
    for one, node in dynamic_nodes(package):
        for pair in PAIRS:
            missing = [form for form in pair if form not in node.schema]
            if len(missing) == 1:
                yield Finding(f"{one.id} {node.where}", f"it has no {missing[0]}", "Give both forms")


def dynamic_forms_say_the_same(package: Package) -> Iterator[Finding]:
    """Both forms ask the same operation for the same things with the same parameters."""
    for one, node in dynamic_nodes(package):
        for pair in PAIRS:
            if all(form in node.schema for form in pair):
                old, new = (asked(one, node, form) for form in pair)
                for what, (is_so, other) in differences(old, new).items():
                    wrong = f"{pair[0]} says {what} {is_so}, {pair[1]} {other}"
                    yield Finding(f"{one.id} {node.where}", wrong, "Let both forms say the same")


def dynamic_operations_are_there(package: Package) -> Iterator[Finding]:
    """What the designer asks is an operation of this definition."""
    for one in everything_asked(package):
        if one.target not in package.definition.by_id:
            yield Finding(one.where, f"there is no operation '{one.target}'", "Name one that is there")


def dynamic_answers_hold_what_is_asked(package: Package) -> Iterator[Finding]:
    """The answer has a list at the path with a value and a title in its items, or a schema at its path."""
    for one in everything_asked(package):
        if target := package.definition.by_id.get(one.target):
            yield from (Finding(one.where, f"{target.id} {wrong}", advice) for wrong, advice in not_held(one, target))


def dynamic_parameters_are_taken(package: Package) -> Iterator[Finding]:
    """What the designer gives is a parameter of the operation that it asks, and all that is required is given."""
    for one in everything_asked(package):
        if one.target in package.definition.by_id:
            taken = taken_by(package, one)
            names = {last(path) for path in taken} | set(taken)
            for name in sorted(set(one.given) - names):
                yield Finding(one.where, f"{one.target} takes no '{name}'", "Give what it takes")
            for path, node in taken.items():
                is_needed = node.kind == "parameter" and node.required and "default" not in node.schema
                if is_needed and not {path, last(path)} & set(one.given):
                    yield Finding(one.where, f"{one.target} needs '{path}'", "Give it among the parameters")


def dynamic_references_lead_to_fields(package: Package) -> Iterator[Finding]:
    """What the designer takes from another field is a field of the same operation."""
    for one in everything_asked(package):
        known = fields_named(one)
        for name, (kind, value) in one.given.items():
            if kind == "reference" and value not in known:
                yield Finding(one.where, f"{one.form} takes {name} from '{value}', which is no field", "Name a field")


def dynamic_references_lead_to_what_is_known(package: Package) -> Iterator[Finding]:
    """What has to be given comes from a field that a maker sees and has to fill in: else the list stays empty."""
    for one in everything_asked(package):
        taken = taken_by(package, one).items()
        must = [path for path, node in taken if node.required and "default" not in node.schema]
        needed = {name for path in must for name in (path, last(path))}
        fields = fields_named(one)
        for name, (kind, value) in one.given.items():
            field = fields.get(str(value)) if kind == "reference" and name in needed else None
            filled = field is None or field.required or "default" in field.schema
            if field and not (filled and field.schema.get("x-ms-visibility") != "internal"):
                wrong = f"{one.form} takes {name}, which has to be given, from '{value}', which may be empty"
                yield Finding(one.where, wrong, "Take it from a field that is required and seen")


def dynamic_literals_fit(package: Package) -> Iterator[Finding]:
    """What the designer always gives is of the type, and among the choices, of the parameter that takes it."""
    for one in everything_asked(package):
        taken = taken_by(package, one)
        by_name = {last(path): node.schema for path, node in taken.items()} | {p: n.schema for p, n in taken.items()}
        for name, (kind, value) in one.given.items():
            if kind == "value" and name in by_name and not fits(value, by_name[name]):
                yield Finding(one.where, f"{one.target} does not take {value!r} as '{name}'", "Give a value of it")


def dynamic_forms_are_in_the_schema(package: Package) -> Iterator[Finding]:
    """Of a body, the schema is dynamic and not the parameter."""
    for where, parameter in written_parameters(package.document):
        misplaced = [form for form in NAMES if form in parameter and parameter["in"] == "body"]
        if misplaced:
            yield Finding(where, f"the body parameter has {misplaced[0]}", "Put it into the schema of the body")


def dynamic_nodes(package: Package) -> Iterator[tuple[Operation, Node]]:
    """Everything dynamic, each with the operation that it is in."""
    for one in package.definition.operations:
        answers = [("answer", answer["schema"]) for answer in one.responses.values() if "schema" in answer]
        notification = one.path_item.get("x-ms-notification-content", {}).get("schema", {})
        places = list(inputs(one))
        for where, schema in [*answers, ("notification", notification)]:
            places += [Node(where, schema, "answer"), *nested(schema, where, {})]
        yield from ((one, node) for node in places if any(form in node.schema for form in NAMES))


def everything_asked(package: Package) -> Iterator[Asked]:
    """All that the designer asks for."""
    for one, node in dynamic_nodes(package):
        yield from (asked(one, node, form) for form in NAMES if form in node.schema)


def asked(operation: Operation, node: Node, form: str) -> Asked:
    """What one form at one place asks for."""
    said: Json = node.schema[form]
    names = {plain: said[name] for name, plain in NAMES[form].items() if name in said}
    given = {name: given_value(value) for name, value in said.get("parameters", {}).items()}
    return Asked(f"{operation.id} {node.where}", form, operation, said.get("operationId", ""), names, given)


def taken_by(package: Package, one: Asked) -> dict[str, Node]:
    """What the operation that is asked takes, by name; nothing when it is not there."""
    target = package.definition.by_id.get(one.target)
    return {node.where: node for node in inputs(target)} if target else {}


def fields_named(one: Asked) -> dict[str, Node]:
    """The fields that can be referred to, by the names that they have there: the old forms leave out the way."""
    fields = {node.where: node for node in inputs(one.operation)}
    short = {last(path): node for path, node in fields.items()} if one.form in (VALUES, SCHEMA) else {}
    return {**short, **fields}


def fits(value: object, schema: Json) -> bool:
    """Whether a value can be what the schema says."""
    kind = TYPES.get(schema.get("type", ""), object)
    is_of_kind = isinstance(value, kind) and (kind in (bool, object) or not isinstance(value, bool))
    return is_of_kind and value in schema.get("enum", (value,))


def given_value(value: object) -> tuple[str, object]:
    """A parameter of either form: a value that is written there, or the field that it is taken from."""
    if isinstance(value, dict):
        for name in ("parameter", "parameterReference"):
            if name in value:
                return "reference", value[name]
        return "value", value.get("value")
    return "value", value


def differences(old: Asked, new: Asked) -> dict[str, tuple[object, object]]:
    """What the two forms do not say alike. The old one may name a field without the way to it."""
    pairs: dict[str, tuple[object, object]] = {"operationId": (old.target, new.target)}
    for name in old.names.keys() | new.names.keys():
        pairs[name] = (old.names.get(name), new.names.get(name))
    for name in old.given.keys() | new.given.keys():
        pairs[f"the parameter {last(name)}"] = (alike(old.given.get(name)), alike(new.given.get(name)))
    return {name: pair for name, pair in sorted(pairs.items()) if pair[0] != pair[1]}


def alike(given: tuple[str, object] | None) -> tuple[str, object] | None:
    """What is given, without the way to the field."""
    return (given[0], last(str(given[1]))) if given and given[0] == "reference" else given


def not_held(one: Asked, target: Operation) -> Iterator[tuple[str, str]]:
    """What the answer does not have."""
    if one.form in (SCHEMA, PROPERTIES):
        if inside(target.answer, one.names.get("value", "")) is None:
            yield f"answers no '{one.names['value']}'", "Name the property that has the schema"
        return
    found = inside(target.answer, one.names.get("collection", ""))
    if found is None or found.get("type") != "array":
        yield f"answers no list '{one.names.get('collection', '')}'", "Name the property that has the list"
        return
    for name in ("value", "title"):
        if not one.names.get(name) or inside(found.get("items", {}), one.names[name]) is None:
            yield f"has no '{one.names.get(name, '')}' in its items", f"Name the property with the {name}"


def inside(schema: Json, path: str) -> Json | None:
    """The schema at a path of names; the schema itself at no path."""
    found: Json | None = schema
    for step in path.split("/") if path else ():
        found = found.get("properties", {}).get(step) if found is not None else None
    return found


def last(path: str) -> str:
    """The name without the way to it."""
    return path.rpartition("/")[2]


RULES: tuple[Rule, ...] = (
    dynamic_forms_come_in_pairs,
    dynamic_forms_say_the_same,
    dynamic_operations_are_there,
    dynamic_answers_hold_what_is_asked,
    dynamic_parameters_are_taken,
    dynamic_references_lead_to_fields,
    dynamic_references_lead_to_what_is_known,
    dynamic_literals_fit,
    dynamic_forms_are_in_the_schema,
)
