"""Is what must be known when the deployment begins known then?"""

from collections.abc import Iterator

from local.infra.expressions import At, Call, Expression, Literal, Loop, Member, Name, Nested, Operation
from local.infra.findings import Finding
from local.infra.model import BicepFile, Declaration, Module, Resource, Variable
from local.infra.project import Project
from local.infra.walk import NONE, Names, all_of, expressions_of, names_used, with_own_names

KNOWN_OF_A_RESOURCE = frozenset({"id", "name", "type", "apiVersion"})
KNOWN_OF_GRAPH = KNOWN_OF_A_RESOURCE | {"uniqueName"}
GRAPH = "Microsoft.Graph/"
RUN_TIME = frozenset({"reference", "getSecret"})
ADVICE = "Take a parameter, an id or a name; or give it to a module, as a parameter"


def known_late(project: Project) -> Iterator[Finding]:
    """Names, scopes, conditions and loops that depend on what only the deployment finds out."""
    for file in project.files:
        for declaration in file.declarations:
            for one in _with_nested(declaration):
                for what, expression, own in _needed_early(one):
                    for late in late_in(expression, file, own):
                        wrong = f"{what} of '{one.name}' depends on {late}, which is known later"
                        yield Finding(file.path, expression.line, wrong, ADVICE, "BCP120")


def _with_nested(declaration: Declaration) -> Iterator[Declaration]:
    yield declaration
    for nested in getattr(declaration, "nested", ()):
        yield from _with_nested(nested)


def _needed_early(declaration: Declaration) -> Iterator[tuple[str, Expression, Names]]:
    """What of a declaration must be known early."""
    if isinstance(declaration, Resource | Module):
        condition = declaration.loop.condition if declaration.loop else declaration.condition
        if condition:
            yield "the condition", condition, frozenset()
        for key in ("name", "scope"):
            value = declaration.body.get(key)
            if value is not None:
                yield f"the {key}", value, frozenset()
    for expression in expressions_of(declaration):
        for one, own in with_own_names(expression):
            if isinstance(one, Loop):
                yield "what the loop goes over, in a value", one.over, own
                if isinstance(declaration, Variable):
                    yield "what is in the loop, in a value", one.body, own


def late_in(
    expression: Expression, file: BicepFile, own: Names = frozenset(), seen: Names = frozenset()
) -> Iterator[str]:
    """What an expression depends on that is not known early, as a person would write it."""
    for one, inner in with_own_names(expression, own):
        if isinstance(one, Call) and (one.name in RUN_TIME or one.name.startswith("list")):
            yield f"{one.name}()"
        name = _made(one)
        if name is None or name.id in inner:
            continue
        made = file.resources.get(name.id) or file.modules.get(name.id)
        read = _read_of(one)
        if made and read and read not in _known_of(made):
            yield f"{name.id}.{read}"
        elif name.id in file.variables and isinstance(one, Name) and name.id not in seen:
            yield from late_in(file.variables[name.id].value, file, NONE, seen | {name.id})


def _made(expression: Expression) -> Name | None:
    """The name of the resource or module that something is read of, or a name by itself."""
    of = expression.of if isinstance(expression, Member | At) and _read_of(expression) else expression
    while isinstance(of, At | Nested) or (isinstance(of, Operation) and of.operator == "postfix !"):
        of = of.operands[0] if isinstance(of, Operation) else of.of
    return of if isinstance(of, Name) else None


def _read_of(expression: Expression) -> str:
    """The property that is read here, as `.name` or `['name']`."""
    if isinstance(expression, At) and isinstance(expression.key, Literal) and isinstance(expression.key.value, str):
        return expression.key.value
    return expression.name if isinstance(expression, Member) else ""


def _known_of(made: Resource | Module) -> frozenset[str]:
    if isinstance(made, Module):
        return frozenset({"name"})
    return KNOWN_OF_GRAPH if made.kind.startswith(GRAPH) else KNOWN_OF_A_RESOURCE


def defaults_of_parameters(project: Project) -> Iterator[Finding]:
    """Defaults that depend on anything but other parameters."""
    for file in project.files:
        for parameter in file.parameters.values():
            for name in names_used(parameter.default) if parameter.default else ():
                if name.id in file.variables or name.id in file.resources or name.id in file.modules:
                    wrong = f"the default of '{parameter.name}' depends on '{name.id}'"
                    yield Finding(file.path, name.line, wrong, "Use other parameters only", "BCP072")


def run_time_functions(project: Project) -> Iterator[Finding]:
    """Functions that ask resources, in defaults of parameters."""
    for file in project.files:
        for parameter in file.parameters.values():
            for one, _ in all_of(parameter):
                if isinstance(one, Call) and (one.name in RUN_TIME or one.name.startswith("list")):
                    wrong = f"the default of '{parameter.name}' calls {one.name}()"
                    yield Finding(file.path, one.line, wrong, "Use other parameters only", "BCP066")
