"""Are decorators Bicep's, on what they are for, and given what they take?"""

from collections import Counter
from collections.abc import Iterator

from local.infra.expressions import ArrayOf, Call, Literal, ObjectOf
from local.infra.findings import Finding
from local.infra.known_functions import DECORATORS
from local.infra.model import BicepFile, Declaration, Function, Module, Output, Parameter, Resource, TypeOf, Variable
from local.infra.project import Project
from local.infra.rules.kinds import ANY, kind_of_type
from local.infra.rules.names import near

WORDS: dict[type[Declaration], str] = {
    Parameter: "param",
    Variable: "var",
    Resource: "resource",
    Module: "module",
    Output: "output",
    Function: "func",
    TypeOf: "type",
}
FOR_KINDS = {
    **dict.fromkeys(("minLength", "maxLength"), frozenset({"string", "array"})),
    **dict.fromkeys(("minValue", "maxValue"), frozenset({"int"})),
    "secure": frozenset({"string", "object"}),
}
ARGUMENTS = {
    "description": str,
    "discriminator": str,
    **dict.fromkeys(("batchSize", "minLength", "maxLength", "minValue", "maxValue"), int),
}
WITHOUT = frozenset({"secure", "export", "sealed", "nullIfNotFound", "onlyIfNotExists"})


def all_decorators(project: Project) -> Iterator[Finding]:
    """Decorators that are not there, that stand elsewhere, twice, or with the wrong argument."""
    for file in project.files:
        for declaration in file.declarations:
            times = Counter(call.name for call in declaration.decorators.calls)
            for call in declaration.decorators.calls:
                for wrong, advice in _wrong_with(call, declaration, file):
                    yield Finding(file.path, call.line, wrong, advice, "BCP125")
                if times[call.name] > 1:
                    yield Finding(file.path, call.line, f"@{call.name}() is there twice", "Leave one out", "BCP166")


def _wrong_with(call: Call, declaration: Declaration, file: BicepFile) -> Iterator[tuple[str, str]]:
    word = WORDS[type(declaration)]
    if call.name not in DECORATORS:
        yield f"there is no decorator @{call.name}()", near(call.name, DECORATORS)
    elif word not in DECORATORS[call.name]:
        yield f"@{call.name}() cannot stand at a {word}", "Take it out"
    elif not _argument_fits(call):
        yield f"@{call.name}() is not given what it takes", "Correct its argument"
    else:
        kind = kind_of_type(getattr(declaration, "type", None), file)
        if kind not in (ANY, *FOR_KINDS.get(call.name, (kind,))):
            yield f"@{call.name}() cannot stand at {kind}", "Take it out, or correct the type"
        if call.name == "batchSize" and not getattr(declaration, "loop", None):
            yield "@batchSize() stands at what is no loop", "Take it out"


def _argument_fits(call: Call) -> bool:
    if call.name in WITHOUT:
        return not call.arguments
    if len(call.arguments) != 1:
        return call.name in ("retryOn", "waitUntil")
    only = call.arguments[0]
    if call.name in ARGUMENTS:
        return isinstance(only, Literal) and type(only.value) is ARGUMENTS[call.name] and _not_negative(call.name, only)
    if call.name == "allowed":
        return isinstance(only, ArrayOf) and bool(only.items)
    return call.name != "metadata" or isinstance(only, ObjectOf)


def _not_negative(name: str, given: Literal) -> bool:
    least = {"batchSize": 1, "minLength": 0, "maxLength": 0}.get(name)
    return least is None or (isinstance(given.value, int) and given.value >= least)
