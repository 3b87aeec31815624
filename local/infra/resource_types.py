"""Are resources written as their types ask for, and is what is read of them there?"""

from collections.abc import Iterator
from pathlib import Path

from local.infra.evaluate import possibilities
from local.infra.expressions import At, Expression, Member, ObjectOf
from local.infra.findings import Finding, NotDone
from local.infra.model import BicepFile, Resource
from local.infra.project import Project
from local.infra.rules.kinds import Kinds
from local.infra.rules.resources import resource_of
from local.infra.rules.start import GRAPH
from local.infra.scope import scope_of
from local.infra.shapes import Shapes, did_you_mean
from local.infra.type_data import ResourceType, Shape, TypeData
from local.infra.walk import all_of

ADVICE = "Write it as the type asks for"
# Texts that a type does not name and takes all the same, by type and path, with the reason why they are right.
OPEN: dict[tuple[str, str, str], str] = {}


def graph_types(project: Project) -> Iterator[Finding]:
    """Resources of Microsoft Graph against our own facts."""
    yield from _of_types(project, TypeData(Path()), graph=True)


def azure_types(folder: Path, project: Project) -> Iterator[Finding]:
    """Resources of Azure against its own type data in a folder."""
    if not folder.is_dir():
        reason = f"no type data in {folder}: get github.com/Azure/bicep-types-az and give its generated/ as --types"
        raise NotDone(reason)
    yield from _of_types(project, TypeData(folder), graph=False)


def _of_types(project: Project, types: TypeData, *, graph: bool) -> Iterator[Finding]:
    for file in project.files:
        kinds = Kinds(project, file)
        for one in file.all_resources:
            if one.kind.startswith(GRAPH) is graph:
                found = types.find(one.kind, one.version)
                yield from _body(one, found, kinds) if found else _unknown(file, one, types)
        yield from _reads(file, types, graph=graph)


def _unknown(file: BicepFile, one: Resource, types: TypeData) -> Iterator[Finding]:
    held = ", ".join(types.versions(one.kind)[:5])
    advice = f"Take one of {held}" if held else "Correct it, or give newer type data with --types"
    yield Finding(file.path, one.line, f"no type '{one.full_kind}' is known", advice, "BCP081")


def _body(one: Resource, found: ResourceType, kinds: Kinds) -> Iterator[Finding]:
    if one.existing:
        return
    shapes = Shapes(found, lambda unknown: kinds.of(unknown.expression))
    # A scope that takes no default: what a parameter may be is not what it is.
    scope = scope_of(kinds.file, defaults=False).sampling()
    for value in possibilities(one.loop or one.body, scope):
        for body in value if isinstance(value, list) else [value]:
            for path, wrong in shapes.wrong_with(body, found.body):
                if (one.kind, path, wrong.split("'")[1] if "'" in wrong else "") not in OPEN:
                    what = f"{one.name}: {path}: {wrong}" if path else f"{one.name}: {wrong}"
                    yield Finding(kinds.file.path, line_of(path, one), what, ADVICE, "BCP037")


def line_of(path: str, one: Resource) -> int:
    """The line of a property in a body, or of the last part of the way to it that is written there."""
    line, here = one.line, one.body
    for key in path.replace("[", ".[").split("."):
        entry = next((entry for entry in here.entries if entry.key == key), None)
        if entry is None:
            break
        line = entry.line
        if not isinstance(entry.value, ObjectOf):
            break
        here = entry.value
    return line


def _reads(file: BicepFile, types: TypeData, *, graph: bool) -> Iterator[Finding]:
    """What is read of resources and not there."""
    for declaration in file.declarations:
        for one, own in all_of(declaration):
            if isinstance(one, Member):
                root, steps = _chain(one)
                resource = resource_of(root, file)
                if resource is None or getattr(root, "id", "") in own or resource.kind.startswith(GRAPH) is not graph:
                    continue
                found = types.find(resource.kind, resource.version)
                wrong = _not_there(steps, found) if found else ""
                if wrong:
                    yield Finding(file.path, one.line, f"{resource.name}{wrong}", "Correct the name", "BCP053")


def _chain(expression: Expression) -> tuple[Expression, list[str]]:
    """What properties and items are taken of, and which; an item is `[]`."""
    steps: list[str] = []
    while isinstance(expression, Member | At):
        if isinstance(expression, At) and not isinstance(expression.of, Member):
            break
        steps.append(expression.name if isinstance(expression, Member) else "[]")
        expression = expression.of
    return expression, steps[::-1]


def _not_there(steps: list[str], found: ResourceType) -> str:
    shape: Shape = found.body
    for place, step in enumerate(steps):
        if shape["$type"] == "ArrayType" and step == "[]":
            shape = found.of(shape["itemType"])
            continue
        if shape["$type"] not in ("ObjectType", "DiscriminatedObjectType") or step == "[]":
            return ""
        properties = dict(shape.get("properties", shape.get("baseProperties", {})))
        for variant in shape.get("elements", {}).values():
            properties |= found.of(variant)["properties"]
        if step not in properties:
            if shape.get("additionalProperties"):
                return ""
            # Only the last step is said: the ones before it are said at their own place.
            return f" has no '{'.'.join(steps)}'{did_you_mean(step, properties)}" if place == len(steps) - 1 else ""
        shape = found.of(properties[step]["type"])
    return ""
