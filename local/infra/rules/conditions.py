"""Is what may not be there read only where it surely is?"""

import re
from collections.abc import Iterator

from local.infra.expressions import (
    At,
    Conditional,
    Expression,
    Lambda,
    Loop,
    Member,
    Name,
    Nested,
    Operation,
    children_of,
)
from local.infra.findings import Finding
from local.infra.model import Declaration
from local.infra.project import Project
from local.infra.rules.start import KNOWN_OF_A_RESOURCE
from local.infra.walk import NONE, Names, expressions_of, loop_names

LINES = re.compile(r",? ?line=\d+")


def said(expression: Expression) -> str:
    """An expression without its lines: what two have in common that say the same."""
    return LINES.sub("", repr(expression))


def facts_when(test: Expression, *, holds: bool) -> frozenset[str]:
    """What is known to be true when a test holds, or when it does not."""
    if isinstance(test, Operation):
        if test.operator == "!":
            return facts_when(test.operands[0], holds=not holds)
        if test.operator == ("&&" if holds else "||"):
            return facts_when(test.operands[0], holds=holds) | facts_when(test.operands[1], holds=holds)
    return frozenset({said(test) if holds else f"not {said(test)}"})


def read_without_being_there(project: Project) -> Iterator[Finding]:
    """Conditional resources and modules that are read where their condition may be false."""
    for file in project.files:
        may_be = {one.name: facts_when(one.condition, holds=True) for one in file.made if one.condition}
        for declaration in file.declarations:
            for one, known in _with_nested(declaration, frozenset()):
                for expression in expressions_of(one):
                    for name, line in _reads(expression, known, may_be, NONE):
                        wrong = f"'{name}' is read where it may not be there"
                        yield Finding(file.path, line, wrong, "Read it under the same condition, or with .?")


def _with_nested(declaration: Declaration, known: frozenset[str]) -> Iterator[tuple[Declaration, frozenset[str]]]:
    """A declaration and those nested in it, each with what is known to be true where it is made."""
    condition = getattr(declaration, "condition", None)
    known |= facts_when(condition, holds=True) if condition else frozenset()
    yield declaration, known
    for nested in getattr(declaration, "nested", ()):
        yield from _with_nested(nested, known)


def _reads(
    expression: Expression, known: frozenset[str], may_be: dict[str, frozenset[str]], own: Names
) -> Iterator[tuple[str, int]]:
    if isinstance(expression, Member):
        name = _made(expression.of)
        if name in may_be and name not in own and not expression.safe and expression.name not in KNOWN_OF_A_RESOURCE:
            if not may_be[name] <= known:
                yield name, expression.line
            return
    if isinstance(expression, Conditional):
        yield from _reads(expression.test, known, may_be, own)
        yield from _reads(expression.yes, known | facts_when(expression.test, holds=True), may_be, own)
        yield from _reads(expression.no, known | facts_when(expression.test, holds=False), may_be, own)
        return
    if isinstance(expression, Operation) and expression.operator in ("&&", "||"):
        first, second = expression.operands
        yield from _reads(first, known, may_be, own)
        yield from _reads(second, known | facts_when(first, holds=expression.operator == "&&"), may_be, own)
        return
    inner = own | _own_names(expression)
    for child in children_of(expression):
        yield from _reads(child, known, may_be, inner)


def _own_names(expression: Expression) -> Names:
    if isinstance(expression, Lambda):
        return frozenset(expression.names)
    return loop_names(expression) if isinstance(expression, Loop) else NONE


def _made(expression: Expression) -> str:
    while isinstance(expression, At | Nested):
        expression = expression.of
    return expression.id if isinstance(expression, Name) else ""
