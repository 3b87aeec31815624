"""Would a flow that was made with the released definition still run with this one? What would break it, if anything."""

from collections.abc import Iterator, Mapping
from operator import gt, lt

from local.connector.definition import Definition, Json, Operation
from local.connector.findings import Finding
from local.connector.walk import Node, inputs, nested, outputs

ADVICE = "Leave it as it was; what is new goes into an operation of its own, with _V2 and revision 2 of its family"
DYNAMIC = ("x-ms-dynamic-schema", "x-ms-dynamic-properties")
SENT_AS = {"collectionFormat": "csv", "x-ms-url-encoding": "single"}
FORMS = ("pattern", "multipleOf", "exclusiveMaximum", "exclusiveMinimum", "uniqueItems")
UPPER, LOWER = ("maximum", "maxLength", "maxItems"), ("minimum", "minLength", "minItems")


def breaking(released: Definition, current: Definition) -> Iterator[Finding]:
    """Everything that flows may rely on and that is no longer so. What is added breaks nothing."""
    was, now = released.document, current.document
    if was.get("basePath", "/") != now.get("basePath", "/"):
        yield changed("basePath", was.get("basePath", "/"), now.get("basePath", "/"))
    if credentials(was) != credentials(now):
        yield changed("security", credentials(was), credentials(now))
    by_place = {(one.method, one.path): one for one in current.operations}
    for old in released.operations:
        new = current.by_id.get(old.id)
        if new is None:
            renamed = by_place.get((old.method, old.path))
            wrong = f"its operationId was {old.id} and is {renamed.id}" if renamed else "it was there and is removed"
            yield Finding(old.id, wrong, ADVICE)
        else:
            yield from changes_of_operation(old, new)
            yield from changes_of_answers(old, new)
            yield from changes_of_inputs(old, new)
            yield from changes_of_outputs(old, new)


def changes_of_operation(old: Operation, new: Operation) -> Iterator[Finding]:
    """What changed about how it is called and seen."""
    was, now = f"{old.method.upper()} {old.path}", f"{new.method.upper()} {new.path}"
    if was != now:
        yield changed(old.id, was, now)
    if old.trigger != new.trigger:
        yield changed(f"{old.id} trigger", old.trigger or "an action", new.trigger or "an action")
    if new.visibility == "internal" != old.visibility:
        yield changed(f"{old.id} visibility", old.visibility or "visible", "internal")
    if (before := callback_of(old)) != (after := callback_of(new)):
        yield changed(f"{old.id} callback", before or "none", after or "none")
    if old.details.get("security") != new.details.get("security"):
        yield changed(f"{old.id} security", old.details.get("security"), new.details.get("security"))
    if (pages := old.details.get("x-ms-pageable")) and pages != new.details.get("x-ms-pageable"):
        yield changed(f"{old.id} x-ms-pageable", pages, new.details.get("x-ms-pageable", "none"))


def changes_of_answers(old: Operation, new: Operation) -> Iterator[Finding]:
    """What changed about how a call ends well, and what its headers tell."""
    for status in (one for one in old.responses if one.startswith("2")):
        if status not in new.responses:
            yield Finding(f"{old.id} {status}", "it was answered and is no longer", ADVICE)
            continue
        for name in old.responses[status].get("headers", {}):
            if name not in new.responses[status].get("headers", {}):
                yield Finding(f"{old.id} {status} header {name}", "it was there and is removed", ADVICE)


def changes_of_inputs(old: Operation, new: Operation) -> Iterator[Finding]:
    """What changed about what is filled in."""
    before, after = fields_of(old), fields_of(new)
    for path, was in before.items():
        where = f"{old.id} {path}"
        if (now := after.get(path)) is None:
            yield Finding(where, "it was there and is removed", ADVICE)
            continue
        yield from changes_of_taken_type(where, was.schema, now.schema)
        yield from changes_of_limits(where, was.schema, now.schema)
        if was.schema.get("in") != now.schema.get("in"):
            yield changed(where, f"in {was.schema.get('in')}", f"in {now.schema.get('in')}")
        if is_needed(now) and not is_needed(was):
            yield changed(where, "optional", "required")
        if is_internal(now) and not is_internal(was):
            yield changed(where, "visible", "internal")
        if lost := lost_choices(was.schema, now.schema):
            yield Finding(where, f"it could be {', '.join(lost)} and can no longer be", ADVICE)
    for path in after.keys() - before.keys():
        if is_needed(after[path]) and not lies_in_something_new(path, before, after):
            yield Finding(f"{new.id} {path}", "it was not there and is required", ADVICE)


def changes_of_outputs(old: Operation, new: Operation) -> Iterator[Finding]:
    """What changed about what a flow goes on with."""
    after = {one.where: one for one in outputs(new)}
    for was in outputs(old):
        where = f"{old.id} gives {was.where or 'its answer'}"
        if was.where not in after:
            yield Finding(where, "it was there and is removed", ADVICE)
            continue
        now = after[was.where]
        for name in ("type", "format", *DYNAMIC):
            if name in was.schema and was.schema[name] != now.schema.get(name):
                yield changed(f"{where} {name}", was.schema[name], now.schema.get(name, "none"))
        if was.required and not now.required:  # a designer writes ['x'] for what is required, and ?['x'] for the rest
            yield changed(where, "always there", "sometimes left out")
        if is_internal(now) and not is_internal(was):
            yield changed(where, "visible", "internal")


def changes_of_taken_type(where: str, old: Json, new: Json) -> Iterator[Finding]:
    """What changed about the kind of value that is taken. Whoever takes numbers still takes whole ones."""
    if (old.get("type"), new.get("type")) == ("integer", "number"):
        return
    for name in ("type", "format"):
        if old.get(name) != new.get(name):
            yield changed(f"{where} {name}", old.get(name, "none"), new.get(name, "none"))


def changes_of_limits(where: str, old: Json, new: Json) -> Iterator[Finding]:
    """What a value may no longer be, what stands for one that nobody gave, and how it is sent."""
    if "default" in old and old["default"] != new.get("default"):
        yield changed(f"{where} default", old["default"], new.get("default", "none"))
    for name, usual in SENT_AS.items():
        if old.get(name, usual) != new.get(name, usual):
            yield changed(f"{where} {name}", old.get(name, usual), new.get(name, usual))
    for name in FORMS:
        if new.get(name) and old.get(name) != new[name]:
            yield changed(f"{where} {name}", old.get(name, "none"), new[name])
    for names, is_tighter in ((UPPER, lt), (LOWER, gt)):
        for name in names:
            if name in new and (name not in old or is_tighter(new[name], old[name])):
                yield changed(f"{where} {name}", old.get(name, "none"), new[name])


def credentials(document: Json) -> Json:
    """What has to be shown to be let in. Not where it is got: a build fills that in."""
    schemes = document.get("securityDefinitions", {})
    told = ("type", "flow", "name", "in", "scopes")
    known = {name: {key: one[key] for key in told if key in one} for name, one in schemes.items()}
    return {"security": document.get("security", []), "of": known}


def fields_of(operation: Operation) -> Mapping[str, Node]:
    """What can be filled in, by name."""
    return {one.where: one for one in inputs(operation)}


def is_needed(node: Node) -> bool:
    """Whether a flow that does not give it fails."""
    return node.required and "default" not in node.schema


def is_internal(node: Node) -> bool:
    """Whether a maker does not see it."""
    return node.schema.get("x-ms-visibility") == "internal"


def lost_choices(old: Json, new: Json) -> list[str]:
    """The values that could be given. A list where there was none leaves none of the old freedom."""
    if "enum" not in new:
        return []
    if "enum" not in old:
        return ["anything"]
    return [str(value) for value in old["enum"] if value not in new["enum"]]


def lies_in_something_new(path: str, before: Mapping[str, Node], after: Mapping[str, Node]) -> bool:
    """Whether what it is in is new too and can be left out: then nobody has to give it."""
    above, _, _ = path.rpartition("/")
    while above:
        if above not in before and above in after and not is_needed(after[above]):
            return True
        above, _, _ = above.rpartition("/")
    return False


def callback_of(operation: Operation) -> str:
    """Where the platform puts its address."""
    body = operation.body or {}
    return ", ".join(one.where for one in nested(body, "body", {}) if one.schema.get("x-ms-notification-url"))


def changed(where: str, was: object, now: object) -> Finding:
    """What was and what is."""
    return Finding(where, f"it was {was} and is {now}", ADVICE)
