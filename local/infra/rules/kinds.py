"""Is a value of the kind that is wanted where it stands?"""

from collections.abc import Iterator

from local.infra.expressions import (
    ArrayOf,
    At,
    Call,
    Conditional,
    Expression,
    Lambda,
    Literal,
    Loop,
    Member,
    Name,
    ObjectOf,
    Operation,
    Text,
)
from local.infra.findings import Finding
from local.infra.model import BicepFile, Declaration, Output, Parameter, Type
from local.infra.project import Project
from local.infra.rules.calls import signature_of
from local.infra.walk import all_of

ANY = "any"
NULL = "null"
OF_VALUES: dict[type, str] = {str: "string", bool: "bool", int: "int", type(None): NULL}
GIVES = {
    **dict.fromkeys(("+", "-", "*", "/", "%"), "int"),
    **dict.fromkeys(("==", "!=", "=~", "!~", "<", "<=", ">", ">=", "&&", "||", "!"), "bool"),
}
TAKES = {
    **dict.fromkeys(("+", "-", "*", "/", "%"), frozenset({"int"})),
    **dict.fromkeys(("<", "<=", ">", ">="), frozenset({"int", "string"})),
    **dict.fromkeys(("=~", "!~"), frozenset({"string"})),
    **dict.fromkeys(("&&", "||", "!"), frozenset({"bool"})),
}


def kind_of_type(kind: Type | None, file: BicepFile, depth: int = 0) -> str:
    """string, int, bool, object, array, null or any: what values of the type are."""
    if kind is None or kind.nullable or depth > len(file.types):
        return ANY
    match kind.form:
        case "literal":
            return OF_VALUES[type(kind.value)]
        case "object":
            return "object"
        case "array" | "tuple":
            return "array"
        case "union":
            kinds = {kind_of_type(one, file, depth) for one in kind.parts}
            return kinds.pop() if len(kinds) == 1 else ANY
        case "name" if kind.name in file.types:
            return kind_of_type(file.types[kind.name].type, file, depth + 1)
        case "name" if kind.name in ("string", "int", "bool", "object", "array"):
            return kind.name
    return ANY


class Kinds:
    """What is known of the kinds of a file's values; variables are looked at once."""

    def __init__(self, project: Project, file: BicepFile) -> None:
        self.project = project
        self.file = file
        self._of_variables: dict[str, str] = {}

    def of(self, expression: Expression, own: frozenset[str] = frozenset()) -> str:
        """The kind of an expression; `any` when it is not known."""
        match expression:
            case Literal():
                return OF_VALUES[type(expression.value)]
            case Text():
                return "string"
            case ObjectOf():
                return "object"
            case ArrayOf() | Loop():
                return "array"
            case Lambda():
                return "lambda"
            case Name():
                return ANY if expression.id in own else self.of_name(expression.id)
            case Call():
                found = signature_of(expression, self.file)
                return found.gives if found else ANY
            case _:
                return self._of_combined(expression, own)

    def _of_combined(self, expression: Expression, own: frozenset[str]) -> str:
        match expression:
            case Conditional():
                kinds = {self.of(expression.yes, own), self.of(expression.no, own)}
                return kinds.pop() if len(kinds) == 1 else ANY
            case Operation():
                return GIVES.get(expression.operator, ANY)
            case Member(of=Member(of=Name(id=module), name="outputs")) if module not in own:
                return self._of_output(module, expression.name)
            case Member(of=Name(id=name), name="id" | "name" | "type") if (
                name in self.file.resources and name not in own
            ):
                return "string"
        return ANY

    def of_name(self, name: str) -> str:
        """The kind of a parameter, variable, resource or module."""
        file = self.file
        if name in file.parameters:
            return kind_of_type(file.parameters[name].type, file)
        if name in file.variables:
            if name not in self._of_variables:
                self._of_variables[name] = ANY  # while it is looked at
                self._of_variables[name] = self.of(file.variables[name].value)
            return self._of_variables[name]
        made = file.resources.get(name) or file.modules.get(name)
        return "object" if made and not made.loop else ANY

    def _of_output(self, module: str, output: str) -> str:
        used = self.file.modules.get(module)
        made_of = self.project.used_by(self.file, used) if used else None
        found = made_of.outputs.get(output) if made_of else None
        return kind_of_type(found.type, made_of) if found and made_of else ANY


def fits(kind: str, wanted: str) -> bool:
    """May a value of one kind stand where another is wanted?"""
    return kind == wanted or ANY in (kind, wanted)


def all_kinds(project: Project) -> Iterator[Finding]:
    """Values of a kind that is not wanted."""
    for file in project.files:
        kinds = Kinds(project, file)
        for declaration in file.declarations:
            yield from _typed(kinds, declaration)
            for expression, own in all_of(declaration):
                for wanted, given in _wanted(kinds, expression):
                    kind = kinds.of(given, own)
                    if kind != ANY and kind not in wanted:
                        said = " or ".join(sorted(wanted))
                        yield Finding(
                            file.path,
                            given.line,
                            f"{said} is wanted and this is {kind}",
                            "Give it what it takes",
                            "BCP070",
                        )


def _typed(kinds: Kinds, declaration: Declaration) -> Iterator[Finding]:
    match declaration:
        case Parameter(default=value) if value is not None:
            kind = declaration.type
        case Output(value=value):
            kind = declaration.type
        case _:
            return
    wanted, found = kind_of_type(kind, kinds.file), kinds.of(value)
    if not fits(found, wanted):
        wrong = f"'{declaration.name}' is {wanted} and is given {found}"
        yield Finding(kinds.file.path, value.line, wrong, "Correct the type or the value", "BCP033")


def _wanted(kinds: Kinds, expression: Expression) -> Iterator[tuple[frozenset[str], Expression]]:
    """The values directly inside an expression of which only some kinds are taken."""
    match expression:
        case Conditional():
            yield frozenset({"bool"}), expression.test
        case Loop():
            yield frozenset({"array"}), expression.over
            if expression.condition:
                yield frozenset({"bool"}), expression.condition
        case Operation():
            if expression.operator in TAKES:
                yield from ((TAKES[expression.operator], one) for one in expression.operands)
        case At():
            yield frozenset({"int", "string"}), expression.key
            yield frozenset({"array", "object"}), expression.of
        case Member():
            yield frozenset({"object"}), expression.of
        case Call():
            yield from _arguments(kinds, expression)


def _arguments(kinds: Kinds, call: Call) -> Iterator[tuple[frozenset[str], Expression]]:
    signature = signature_of(call, kinds.file)
    for place, argument in enumerate(call.arguments if signature else ()):
        if signature and ANY not in signature.kinds_at(place):
            yield signature.kinds_at(place), argument


def conditions(project: Project) -> Iterator[Finding]:
    """Conditions of resources and modules that are neither true nor false."""
    for file in project.files:
        kinds = Kinds(project, file)
        for one in (*file.all_resources, *file.made):
            kind = kinds.of(one.condition) if one.condition else "bool"
            if not fits(kind, "bool"):
                wrong = f"the condition of '{one.name}' is {kind}"
                yield Finding(file.path, one.line, wrong, "Make it true or false", "BCP046")
