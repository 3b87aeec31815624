"""Does a value fit a parameter: its kind, its allowed values, its bounds?"""

from collections.abc import Iterator

from local.infra.evaluate import possibilities
from local.infra.expressions import Expression, Name
from local.infra.findings import Finding
from local.infra.model import BicepFile, Parameter, Type
from local.infra.project import Project
from local.infra.rules.kinds import ANY, NULL, OF_VALUES, Kinds, fits, kind_of_type
from local.infra.scope import Scope, Unknown, scope_of

OF_JSON: dict[type, str] = {**OF_VALUES, dict: "object", list: "array"}


def misfits(value: Expression, taken: Parameter, of: BicepFile, kinds: Kinds) -> Iterator[str]:
    """Why a value of a file does not fit a parameter of another."""
    wanted, kind = kind_of_type(taken.type, of), kinds.of(value)
    if not fits(kind, wanted) and not (kind == NULL and not taken.required):
        yield f"'{taken.name}' is {wanted} and is given {kind}"
        return
    if _open_text(value, kinds.file) and _only_some(taken.type, of) is not None:
        yield f"'{taken.name}' takes only some values and is given any text"
    for one in possibilities(value, scope_of(kinds.file, defaults=False)):
        yield from misfits_of_value(one, taken, of)


def misfits_of_value(value: object, taken: Parameter, of: BicepFile) -> Iterator[str]:
    """Why a value that is known does not fit a parameter."""
    if isinstance(value, Unknown) or (value is None and not taken.required):
        return
    wanted = kind_of_type(taken.type, of)
    if not fits(OF_JSON.get(type(value), ANY), wanted):
        yield f"'{taken.name}' is {wanted} and is given {OF_JSON.get(type(value), ANY)}"
        return
    allowed = taken.allowed or _only_some(taken.type, of) or ()
    if allowed and not isinstance(value, list) and not any(_same(value, one) for one in allowed):
        yield f"'{taken.name}' may not be {value!r}, but {', '.join(map(repr, allowed))}"
    elif isinstance(value, list) and taken.allowed:
        strange = [one for one in value if one not in allowed and not isinstance(one, Unknown)]
        if strange and value not in allowed:
            yield f"'{taken.name}' may not hold {strange[0]!r}"
    yield from _out_of_bounds(value, taken)


def _same(value: object, other: object) -> bool:
    return type(value) is type(other) and value == other


def _out_of_bounds(value: object, taken: Parameter) -> Iterator[str]:
    size, unit = (len(value), "Length") if isinstance(value, str | list) else (value, "Value")
    if isinstance(size, bool) or not isinstance(size, int):
        return
    least, most = taken.decorators.number(f"min{unit}"), taken.decorators.number(f"max{unit}")
    if (least is not None and size < least) or (most is not None and size > most):
        said = "length" if unit == "Length" else "value"
        yield f"the {said} {size} of '{taken.name}' is {outside(least, most)}"


def outside(least: int | None, most: int | None) -> str:
    """What a number is that is not within these limits, of which one may be missing."""
    if least is None or most is None:
        return f"less than {least}" if most is None else f"more than {most}"
    return f"not from {least} to {most}"


def _only_some(kind: Type | None, file: BicepFile, depth: int = 0) -> tuple[object, ...] | None:
    """The values of a type that is a literal or made of literals."""
    if kind is None or depth > len(file.types):
        return None
    if kind.form == "literal":
        return (kind.value, None) if kind.nullable else (kind.value,)
    if kind.form == "name" and kind.name in file.types:
        return _only_some(file.types[kind.name].type, file, depth + 1)
    if kind.form != "union":
        return None
    found = [_only_some(one, file, depth) for one in kind.parts]
    return tuple(value for one in found for value in one or ()) if all(one is not None for one in found) else None


def _open_text(value: Expression, file: BicepFile) -> bool:
    """Is it a parameter of which any text may be the value?"""
    given = file.parameters.get(value.id) if isinstance(value, Name) else None
    return given is not None and not given.allowed and given.type is not None and given.type.name == "string"


def defaults(project: Project) -> Iterator[Finding]:
    """Defaults that the parameter itself does not allow."""
    for file in project.files:
        for one in file.parameters.values():
            for value in possibilities(one.default, Scope()) if one.default else ():
                for wrong in misfits_of_value(value, one, file):
                    yield Finding(file.path, one.line, wrong, "Correct the default", "BCP036")
