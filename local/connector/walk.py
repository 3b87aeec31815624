"""Where in a definition is there something that a maker or a flow meets? Every such place, with a name for it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from local.connector.definition import METHODS, Json, Operation
from local.connector.references import at


class Node(NamedTuple):
    """A schema, parameter or header and how it is called; `required` by what it is in."""

    where: str
    schema: Json
    kind: str
    required: bool = False


class Text(NamedTuple):
    """What people are told about something. `summaries` is None where none is wanted."""

    where: str
    summaries: tuple[str, ...] | None
    description: str


def nested(schema: Json, where: str, document: Json) -> Iterator[Node]:
    """What is inside a schema, at any depth. A reference is looked up but not entered: what it leads to is walked too.

    Of a schema whose references were followed, that is everything.
    """
    needed = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        yield from node(part, f"{where}/{name}" if where else name, "property", document, required=name in needed)
    if isinstance(items := schema.get("items"), Mapping):
        yield from node(items, f"{where}[]", "items", document)
    if isinstance(others := schema.get("additionalProperties"), Mapping):
        yield from node(others, f"{where}/*", "items", document)
    for part in schema.get("allOf", ()):
        yield from nested(part, where, document)


def node(part: Json, where: str, kind: str, document: Json, *, required: bool = False) -> Iterator[Node]:
    """A schema and what is inside it."""
    yield Node(where, looked_up(part, document), kind, required)
    if "$ref" not in part:
        yield from nested(part, where, document)


def looked_up(part: Json, document: Json) -> Json:
    """The part itself, or what it refers to."""
    if "$ref" not in part:
        return part
    return {**looked_up(at(document, part["$ref"]), document), **{k: v for k, v in part.items() if k != "$ref"}}


def nodes(document: Json) -> Iterator[Node]:
    """Every schema, parameter and header that is written in the document, once."""
    for name, schema in document.get("definitions", {}).items():
        yield from node(schema, f"definition {name}", "definition", document)
    for where, parameter in written_parameters(document):
        yield from parameter_nodes(where, parameter, document)
    for where, answer in written_answers(document):
        yield from answer_nodes(where, answer, document)
    for path, item in document["paths"].items():
        if content := item.get("x-ms-notification-content"):
            yield from node(content.get("schema", {}), f"notification of {path}", "notification", document)


def parameter_nodes(where: str, parameter: Json, document: Json) -> Iterator[Node]:
    """A parameter and, of a body, what is inside."""
    required = bool(parameter.get("required"))
    if parameter["in"] == "body":
        yield from node(parameter["schema"], where, "body", document, required=required)
    else:
        yield Node(where, parameter, "parameter", required)
        yield from nested(parameter, where, document)


def answer_nodes(where: str, answer: Json, document: Json) -> Iterator[Node]:
    """What an answer holds, and its headers."""
    if "schema" in answer:
        yield from node(answer["schema"], where, "answer", document)
    for name, header in answer.get("headers", {}).items():
        yield Node(f"{where} header {name}", header, "header")


def written_operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Every operation as it is written, with its id."""
    for item in document["paths"].values():
        yield from ((item[method]["operationId"], item[method]) for method in METHODS if method in item)


def written_parameters(document: Json) -> Iterator[tuple[str, Json]]:
    """Every parameter that is written out, in the place where it is."""
    for name, parameter in document.get("parameters", {}).items():
        yield f"parameter {name}", parameter
    for path, item in document["paths"].items():
        yield from ((f"{path} {one['name']}", one) for one in item.get("parameters", ()) if "$ref" not in one)
    for id_, operation in written_operations(document):
        yield from ((f"{id_} {one['name']}", one) for one in operation.get("parameters", ()) if "$ref" not in one)


def written_answers(document: Json) -> Iterator[tuple[str, Json]]:
    """Every answer that is written out, in the place where it is."""
    for name, answer in document.get("responses", {}).items():
        yield f"response {name}", answer
    for id_, operation in written_operations(document):
        yield from ((f"{id_} {status}", one) for status, one in operation["responses"].items() if "$ref" not in one)


def texts(document: Json) -> Iterator[Text]:
    """Everything that has a name or a description for people, once."""
    for id_, operation in written_operations(document):
        yield Text(id_, given(operation, "summary"), operation.get("description", ""))
    for where, parameter in written_parameters(document):
        if parameter["in"] == "body":  # a designer shows what is inside it instead
            schema = looked_up(parameter["schema"], document)
            names = given(parameter, "x-ms-summary") or given(schema, "title")
            yield Text(where, names, parameter.get("description") or schema.get("description", ""))
    for where, answer in written_answers(document):
        yield Text(where, None, answer.get("description", ""))
    for path, item in document["paths"].items():
        if content := item.get("x-ms-notification-content"):
            yield Text(f"notification of {path}", None, content.get("description", ""))
    for one in nodes(document):
        if one.kind in ("parameter", "property"):
            summaries = given(one.schema, "x-ms-summary", *(("title",) if one.kind == "property" else ()))
            yield Text(one.where, summaries, one.schema.get("description", ""))
        elif one.kind == "header":
            yield Text(one.where, None, one.schema.get("description", ""))


def given(part: Json, *names: str) -> tuple[str, ...]:
    """The texts that it has under these names."""
    return tuple(part[name] for name in names if part.get(name))


def inputs(operation: Operation) -> Iterator[Node]:
    """What can be filled in, at any depth, by the names that flows give it: `environmentId`, `body/threshold`."""
    for parameter in operation.parameters:
        yield from parameter_nodes(parameter["name"], parameter, {})


def outputs(operation: Operation) -> Iterator[Node]:
    """What a flow can go on with, at any depth: `value[]/name`."""
    yield Node("", operation.output, "answer")
    yield from nested(operation.output, "", {})
