"""Which expressions are in a declaration, and which names do they use that are not their own?"""

from collections.abc import Iterator

from local.infra.expressions import Expression, Lambda, Loop, Member, Name, Nested, children_of
from local.infra.model import BicepFile, Declaration, Function, Module, Output, Parameter, Resource, Variable

Names = frozenset[str]
NONE: Names = frozenset()


def expressions_of(declaration: Declaration) -> tuple[Expression, ...]:
    """The expressions of a declaration, without those of resources nested in it and of its decorators."""
    match declaration:
        case Parameter():
            return (declaration.default,) if declaration.default else ()
        case Variable() | Output():
            return (declaration.value,)
        case Function():
            return (declaration.body,)
        case Resource() | Module():
            if declaration.loop:
                return (declaration.loop,)
            return (declaration.condition, declaration.body) if declaration.condition else (declaration.body,)
        case _:
            return ()


def with_own_names(expression: Expression, own: Names = NONE) -> Iterator[tuple[Expression, Names]]:
    """An expression and all inside it, each with the names of the loops and lambdas around it."""
    yield expression, own
    if isinstance(expression, Loop):
        inner = own | {expression.item} | ({expression.index} if expression.index else NONE)
        yield from with_own_names(expression.over, own)
        if expression.condition:
            yield from with_own_names(expression.condition, inner)
        yield from with_own_names(expression.body, inner)
        return
    inner = own | set(expression.names) if isinstance(expression, Lambda) else own
    for child in children_of(expression):
        yield from with_own_names(child, inner)


def names_used(expression: Expression, own: Names = NONE) -> Iterator[Name]:
    """The names that are not of a loop or lambda inside it."""
    for one, inner in with_own_names(expression, own):
        if isinstance(one, Name) and one.id not in inner:
            yield one


def all_of(declaration: Declaration, own: Names = NONE) -> Iterator[tuple[Expression, Names]]:
    """Every expression of a declaration, also of resources nested in it and of its decorators."""
    if isinstance(declaration, Function):
        own |= {name for name, _ in declaration.parameters}
    for call in declaration.decorators.calls:
        for argument in call.arguments:
            yield from with_own_names(argument, own)
    for expression in expressions_of(declaration):
        yield from with_own_names(expression, own)
    if isinstance(declaration, Resource):
        inner = own | {one.name for one in declaration.nested} | loop_names(declaration.loop)
        for nested in declaration.nested:
            yield from all_of(nested, inner)


def loop_names(loop: Loop | None) -> Names:
    """The names that a loop gives to what is in it."""
    return frozenset(name for name in (loop.item, loop.index) if name) if loop else NONE


def uses(declaration: Declaration) -> Iterator[Name]:
    """The names of the file that a declaration uses."""
    for one, own in all_of(declaration):
        if isinstance(one, Name) and one.id not in own:
            yield one


def root_of(expression: Expression) -> Name | None:
    """The name that a chain of properties, items and nested resources begins with."""
    match expression:
        case Name():
            return expression
        case Member() | Nested():
            return root_of(expression.of)
    of = getattr(expression, "of", None)
    return root_of(of) if of is not None and not isinstance(of, str) else None


def named(file: BicepFile, name: str) -> Declaration | None:
    """What a name of the file stands for."""
    for names in (file.parameters, file.variables, file.resources, file.modules, file.functions, file.types):
        if name in names:
            found: Declaration = names[name]
            return found
    return None


def everything_of(file: BicepFile) -> Iterator[Expression]:
    """Every expression of a file."""
    for declaration in file.declarations:
        yield from (one for one, _ in all_of(declaration))
