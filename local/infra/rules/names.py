"""Is every name declared once, and is everything that is declared used?"""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator

from local.infra.expressions import SPREAD, ObjectOf
from local.infra.findings import Finding
from local.infra.known_functions import NAMESPACES, TYPES
from local.infra.model import BicepFile, Declaration, Function, Output, Parameter, Resource, Type, TypeOf, Variable
from local.infra.project import Project
from local.infra.walk import all_of, uses


def declared_names(file: BicepFile) -> frozenset[str]:
    """What a name may stand for as a value."""
    own = (file.parameters, file.variables, file.resources, file.modules)
    return frozenset(name for names in own for name in names) | {*file.imports, *file.extensions} | NAMESPACES


def near(name: str, names: Iterable[str]) -> str:
    """What to do about a name that is not there."""
    found = difflib.get_close_matches(name, sorted(names), 1)
    return f"Did you mean '{found[0]}'?" if found else "Declare it, or correct the name"


def undeclared(project: Project) -> Iterator[Finding]:
    """Names that stand for nothing."""
    for file in project.files:
        names = declared_names(file)
        for declaration in file.declarations:
            for name in uses(declaration):
                if name.id not in names:
                    wrong = f"the name '{name.id}' is not declared"
                    yield Finding(file.path, name.line, wrong, near(name.id, names), "BCP057")


def declared_twice(project: Project) -> Iterator[Finding]:
    """Names that stand for two things, and properties that are there twice."""
    for file in project.files:
        for outputs in (False, True):
            own = [one for one in file.declarations if isinstance(one, Output) is outputs]
            times = Counter(one.name for one in own)
            for one in own:
                if times[one.name] > 1:
                    wrong = f"the name '{one.name}' is declared {times[one.name]} times"
                    yield Finding(file.path, one.line, wrong, "Give each a name of its own", "BCP028")
        for declaration in file.declarations:
            for found, _ in all_of(declaration):
                if isinstance(found, ObjectOf):
                    yield from _keys_twice(file, found)


def _keys_twice(file: BicepFile, found: ObjectOf) -> Iterator[Finding]:
    seen: set[object] = {SPREAD}
    for entry in found.entries:
        if isinstance(entry.key, str) and entry.key in seen and entry.key != SPREAD:
            wrong = f"the property '{entry.key}' is there twice"
            yield Finding(file.path, entry.line, wrong, "Leave one of them out", "BCP025")
        if isinstance(entry.key, str):
            seen.add(entry.key)


def unused(project: Project) -> Iterator[Finding]:
    """Parameters, variables and existing resources that nothing uses."""
    for file in project.files:
        used = {name.id for declaration in file.declarations for name in uses(declaration)}
        for one in file.declarations:
            rule = _rule_when_unused(one)
            if rule and one.name not in used:
                yield Finding(file.path, one.line, f"nothing uses '{one.name}'", "Take it out, or use it", rule)


def _rule_when_unused(declaration: Declaration) -> str:
    match declaration:
        case Parameter():
            return "no-unused-params"
        case Variable() if not declaration.decorators.has("export"):
            return "no-unused-vars"
        case Resource(existing=True, nested=()):
            return "no-unused-existing-resources"
    return ""


def unknown_types(project: Project) -> Iterator[Finding]:
    """Types that are not declared."""
    for file in project.files:
        names = TYPES | frozenset(file.types) | frozenset(file.imports)
        for declaration in file.declarations:
            for kind in _types_of(declaration):
                for one in _named_in(kind):
                    if one.name not in names:
                        wrong = f"there is no type '{one.name}'"
                        yield Finding(file.path, one.line, wrong, near(one.name, names), "BCP302")


def _types_of(declaration: Declaration) -> Iterator[Type]:
    match declaration:
        case Parameter() | Output() if declaration.type:
            yield declaration.type
        case TypeOf():
            yield declaration.type
        case Function():
            yield declaration.returns
            yield from (kind for _, kind in declaration.parameters)


def _named_in(kind: Type) -> Iterator[Type]:
    if kind.form == "name":
        yield kind
    for inner in (*kind.parts, *(one for _, one in kind.properties)):
        yield from _named_in(inner)


def circles(project: Project) -> Iterator[Finding]:
    """Declarations that need themselves."""
    for file in project.files:
        needs = {one.name: _needs(one) for one in file.declarations if not isinstance(one, Output)}
        for declaration in file.declarations:
            if not isinstance(declaration, Output) and _reaches(declaration.name, declaration.name, needs):
                wrong = f"'{declaration.name}' needs itself, directly or by way of others"
                yield Finding(file.path, declaration.line, wrong, "Break the circle", "BCP080")


def _needs(declaration: Declaration) -> frozenset[str]:
    # What is nested in a resource may speak of it.
    inside = (name.id for one in getattr(declaration, "nested", ()) for name in uses(one))
    own = declaration if not isinstance(declaration, Resource) else _without_nested(declaration)
    return frozenset(name.id for name in uses(own)) | (frozenset(inside) - {declaration.name})


def _without_nested(one: Resource) -> Resource:
    return Resource(
        one.name, one.kind, one.version, one.existing, one.condition, one.loop, one.body, one.decorators, one.line
    )


def _reaches(start: str, wanted: str, needs: dict[str, frozenset[str]]) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in needs.get(waiting.pop(), frozenset()) - seen:
            if name == wanted:
                return True
            seen.add(name)
            waiting.append(name)
    return False
