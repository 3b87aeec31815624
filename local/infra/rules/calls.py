"""Is every function one of Bicep's or of the file, called as it may be, where it may be?"""

from collections.abc import Iterator
from dataclasses import dataclass

from local.infra.evaluate import value_of
from local.infra.expressions import Call, Expression, Lambda, Loop, Name, ObjectOf, children_of
from local.infra.findings import Finding
from local.infra.known_functions import (
    ANY,
    DEFAULT_ONLY,
    FUNCTIONS,
    IN_PARAMETER_FILES,
    LOADING,
    NAMESPACES,
    SIGNATURES,
    Signature,
)
from local.infra.model import BicepFile, Declaration, Function, Module, Output, Parameter, Resource, Variable
from local.infra.project import Project
from local.infra.rules.names import near
from local.infra.scope import scope_of
from local.infra.walk import all_of, expressions_of

PARAMETERS = ".bicepparam"


def signature_of(call: Call, file: BicepFile) -> Signature | None:
    """How a function is to be called; None when it is none that is known here."""
    if isinstance(call.of, Name) and call.of.id in NAMESPACES:
        return SIGNATURES[call.of.id].get(call.name)
    if call.of is not None:
        return None
    if call.name in file.functions:
        return _of_own(file.functions[call.name])
    # list*() of a resource id
    functions = IN_PARAMETER_FILES if file.path.suffix == PARAMETERS else FUNCTIONS
    return FUNCTIONS["list"] if call.name.startswith("list") else functions.get(call.name)


def _of_own(function: Function) -> Signature:
    number = len(function.parameters)
    return Signature(function.name, (ANY,) * number, number, endless=False, gives="any")


def calls_in(file: BicepFile) -> Iterator[Call]:
    """Every call in a file, but for decorators."""
    for declaration in file.declarations:
        yield from (one for one, _ in all_of(declaration) if isinstance(one, Call))


def unknown_functions(project: Project) -> Iterator[Finding]:
    """Functions that are not there, and those that a resource does not have."""
    for file in project.files:
        for call in calls_in(file):
            if call.name in file.imports or signature_of(call, file):
                continue
            if call.of is None or (isinstance(call.of, Name) and call.of.id in {*NAMESPACES, *file.imports}):
                wrong = f"there is no function '{call.name}'"
                yield Finding(file.path, call.line, wrong, near(call.name, [*FUNCTIONS, *file.functions]), "BCP057")
            elif not call.name.startswith("list") and call.name != "getSecret":
                wrong = f"a resource has no function '{call.name}'"
                yield Finding(file.path, call.line, wrong, "It has getSecret() and list...() only", "BCP052")


def numbers_of_arguments(project: Project) -> Iterator[Finding]:
    """Functions with too few or too many arguments."""
    for file in project.files:
        for call in calls_in(file):
            signature = signature_of(call, file)
            if signature and not signature.takes_so_many(len(call.arguments)):
                most = "or more" if signature.endless else f"to {len(signature.takes)}"
                wrong = f"{call.name}() is given {len(call.arguments)} arguments and takes {signature.least} {most}"
                yield Finding(file.path, call.line, wrong, "Give it what it takes", "BCP071")


def only_as_default(project: Project) -> Iterator[Finding]:
    """utcNow() and newGuid() give something else each time: they may only be a parameter's default."""
    for file in project.files:
        for declaration in file.declarations:
            if isinstance(declaration, Parameter):
                continue
            for one, _ in all_of(declaration):
                if isinstance(one, Call) and one.name in DEFAULT_ONLY:
                    wrong = f"{one.name}() stands outside of the default of a parameter"
                    yield Finding(file.path, one.line, wrong, "Make a parameter with this default", "BCP065")


def files_that_are_loaded(project: Project) -> Iterator[Finding]:
    """What is loaded must be named by a text that is written out, and be there."""
    for file in project.files:
        for call in calls_in(file):
            if call.name in LOADING and call.arguments:
                path = value_of(call.arguments[0], scope_of(file, defaults=False))
                if not isinstance(path, str):
                    wrong = f"the path in {call.name}() is computed"
                    yield Finding(file.path, call.line, wrong, "Write the path out", "BCP032")
                elif not (file.path.parent / path).is_file():
                    wrong = f"there is no file '{path}' beside it"
                    yield Finding(file.path, call.line, wrong, "Correct the path", "BCP091")


def lambdas(project: Project) -> Iterator[Finding]:
    """A lambda may only be given to a function that takes one."""
    for file in project.files:
        for declaration in file.declarations:
            allowed: set[int] = set()
            for one, _ in all_of(declaration):
                if isinstance(one, Call):
                    signature = signature_of(one, file)
                    kinds = (signature.kinds_at(place) for place in range(len(one.arguments))) if signature else ()
                    pairs = zip(kinds, one.arguments, strict=False)
                    allowed |= {id(argument) for kind, argument in pairs if "lambda" in kind}
                if isinstance(one, Lambda) and id(one) not in allowed:
                    wrong = "a lambda stands where none is taken"
                    yield Finding(file.path, one.line, wrong, "Give it to map(), filter() and the like", "BCP247")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a loop may stand, and how deep in other loops of properties it is."""

    allowed: bool
    in_resource: bool
    depth: int = 0


def loops(project: Project) -> Iterator[Finding]:
    """Loops stand at the value of a declaration or of a property of a resource or module, not in one another."""
    for file in project.files:
        for declaration in file.declarations:
            for one in _with_nested(declaration):
                may = isinstance(one, Resource | Module | Variable | Output)
                for expression in expressions_of(one):
                    yield from _loops_in(file, expression, Place(may, isinstance(one, Resource | Module)))


def _with_nested(declaration: Declaration) -> Iterator[Declaration]:
    yield declaration
    for nested in getattr(declaration, "nested", ()):
        yield from _with_nested(nested)


def _loops_in(file: BicepFile, expression: Expression, place: Place) -> Iterator[Finding]:
    if isinstance(expression, Loop):
        if not place.allowed:
            wrong = "a loop stands where none is taken"
            yield Finding(file.path, expression.line, wrong, "Use map(), or a variable of its own", "BCP138")
        if place.depth > 1:
            wrong = "a loop of properties stands in another"
            yield Finding(file.path, expression.line, wrong, "Use map() for the inner one", "BCP142")
        if expression.condition and not place.in_resource:
            wrong = "`if` stands in a loop that makes no resource or module"
            yield Finding(file.path, expression.line, wrong, "Use filter()", "BCP138")
    yield from _loops_below(file, expression, place)


def _loops_below(file: BicepFile, expression: Expression, place: Place) -> Iterator[Finding]:
    if isinstance(expression, ObjectOf):
        for entry in expression.entries:
            deeper = place.depth + isinstance(entry.value, Loop)
            yield from _loops_in(file, entry.value, Place(place.in_resource, place.in_resource, deeper))
        return
    for child in children_of(expression):
        yield from _loops_in(file, child, Place(False, place.in_resource, place.depth))
