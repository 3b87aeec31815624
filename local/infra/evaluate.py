"""Which value does an expression have, as far as it can be known without Azure? What cannot is Unknown."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from local.infra import computing
from local.infra.expressions import (
    SPREAD,
    ArrayOf,
    At,
    Call,
    Conditional,
    Entry,
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
from local.infra.known_functions import NAMESPACES
from local.infra.lambdas import with_lambdas
from local.infra.scope import Scope, Unknown, known, sample_of

# What these give does not depend on what is in the items of what they are given.
STRUCTURAL = frozenset(
    {"any", "array", "concat", "empty", "first", "flatten", "items", "last", "length", "objectKeys", "shallowMerge"}
    | {"skip", "take", "union"}
)
MOST_STEPS = 200_000
MOST_POSSIBILITIES = 64
LINES = re.compile(r",? ?line=\d+")


class _Exhausted(Exception):
    """It takes too many steps."""


def value_of(expression: Expression, scope: Scope | None = None) -> object:
    """The value; parts of an object or array that are not known are Unknown in it."""
    try:
        return _value(expression, replace(scope or Scope(), steps=[0]))
    except (_Exhausted, RecursionError):
        return Unknown(expression)


def possibilities(expression: Expression, scope: Scope | None = None) -> Iterator[object]:
    """The values that it can have: one for each way that tests which cannot be known may turn out."""
    waiting: list[dict[str, bool]] = [{}]
    for _ in range(MOST_POSSIBILITIES):
        if not waiting:
            return
        choices = waiting.pop()
        made = dict(choices)
        yield value_of(expression, replace(scope or Scope(), choices=made))
        # Each test that was met for the first time was taken to be true: it may be false as well.
        new = [test for test in made if test not in choices]
        waiting += [{**choices, **dict.fromkeys(new[:place], True), test: False} for place, test in enumerate(new)]


def _value(expression: Expression, scope: Scope) -> object:
    scope.steps[0] += 1
    if scope.steps[0] > MOST_STEPS:
        raise _Exhausted
    compute = COMPUTED.get(type(expression))
    return compute(expression, scope) if compute else Unknown(expression)


def _text(expression: Text, scope: Scope) -> object:
    return _computed(expression, computing.concat, [_value(part, scope) for part in expression.parts], whole=True)


def _computed(expression: Expression, function: object, arguments: list[object], *, whole: bool) -> object:
    """What a function gives, if it is known; `whole` when no part of what it is given may be Unknown."""
    if any(isinstance(one, Unknown) or (whole and not known(one)) for one in arguments) or not callable(function):
        return Unknown(expression)
    try:
        result: object = function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, AttributeError):
        return Unknown(expression)
    return result if computing.bounded(result) else Unknown(expression)


def _object(expression: ObjectOf, scope: Scope) -> object:
    result: dict[object, object] = {}
    for entry in expression.entries:
        value = _value(entry.value, scope)
        if entry.key == SPREAD:
            if not isinstance(value, dict):
                return Unknown(expression)
            result |= value
        else:
            result[_key(entry, scope)] = value
    return result


def _key(entry: Entry, scope: Scope) -> object:
    key = entry.key if isinstance(entry.key, str) else _value(entry.key, scope)
    if isinstance(key, str | Unknown):
        return key
    # Azure takes no other key; what would come of it is not known.
    return Unknown(entry.value)


def _array(expression: ArrayOf, scope: Scope) -> object:
    result: list[object] = []
    for item in expression.items:
        if isinstance(item, Operation) and item.operator == SPREAD:
            value = _value(item.operands[0], scope)
            if not isinstance(value, list):
                return Unknown(expression)
            result += value
        else:
            result.append(_value(item, scope))
    return result if computing.bounded(result) else Unknown(expression)


def _conditional(expression: Conditional, scope: Scope) -> object:
    test = _value(expression.test, scope)
    if isinstance(test, Unknown):
        if scope.choices is None:
            return Unknown(expression)
        test = scope.choices.setdefault(LINES.sub("", repr(expression.test)), True)
    return _value(expression.yes if test else expression.no, scope)


def _loop(expression: Loop, scope: Scope) -> object:
    over = _value(expression.over, scope)
    if isinstance(over, Unknown) and scope.samples:
        over = [sample_of(over)]
    if not isinstance(over, list):
        return Unknown(expression)
    result = []
    for place, item in enumerate(over):
        inner = scope.with_values({expression.item: item, **({expression.index: place} if expression.index else {})})
        result.append(_value(expression.body, inner))
    return result


def _named(expression: Name, scope: Scope) -> object:
    for values in (scope.inner, scope.values):
        if expression.id in values:
            return values[expression.id]
    written = scope.variables.get(expression.id)
    if written is None or expression.id in scope.under_way:
        return Unknown(expression)
    return _value(written, scope.entering(expression.id))


def _part(expression: Member | At, scope: Scope) -> object:
    of = _value(expression.of, scope)
    key = expression.name if isinstance(expression, Member) else _value(expression.key, scope)
    if isinstance(of, list) and type(key) is int and -1 < key < len(of):
        return of[key]
    if isinstance(of, dict) and isinstance(key, str):
        if key in of:
            return of[key]
        if expression.safe and not any(isinstance(one, Unknown) for one in of):
            return None
    return None if expression.safe and (of is None or isinstance(of, list)) and known(key) else Unknown(expression)


def _operation(expression: Operation, scope: Scope) -> object:
    first = _value(expression.operands[0], scope)
    if expression.operator in ("&&", "||", "??"):
        return _choice(expression, first, scope)
    if expression.operator == "postfix !":
        return first
    others = [_value(one, scope) for one in expression.operands[1:]]
    return _computed(expression, computing.OPERATORS.get(expression.operator), [first, *others], whole=True)


def _choice(expression: Operation, first: object, scope: Scope) -> object:
    """`&&`, `||` and `??`: the second operand may decide alone."""
    second = _value(expression.operands[1], scope)
    if expression.operator == "??":
        return second if first is None else first
    decides = expression.operator == "||"
    if first is decides or second is decides:
        return decides
    return Unknown(expression) if isinstance(first, Unknown) or isinstance(second, Unknown) else bool(second)


def _call(expression: Call, scope: Scope) -> object:
    if expression.of is not None and not (isinstance(expression.of, Name) and expression.of.id in NAMESPACES):
        return Unknown(expression)
    if any(isinstance(one, Lambda) for one in expression.arguments):
        return with_lambdas(expression, scope, _value)
    arguments = [_value(one, scope) for one in expression.arguments]
    if expression.name == "union" and scope.samples and any(isinstance(one, dict) for one in arguments):
        arguments = [{one: one} if isinstance(one, Unknown) else one for one in arguments]
    whole = expression.name not in STRUCTURAL
    return _computed(expression, computing.FUNCTIONS.get(expression.name), arguments, whole=whole)


# Nested resources, and lambdas that are not given to a function, have no value.
COMPUTED: dict[type[Expression], Callable[..., object]] = {
    Literal: lambda expression, scope: expression.value,
    Text: _text,
    ObjectOf: _object,
    ArrayOf: _array,
    Conditional: _conditional,
    Loop: _loop,
    Name: _named,
    Member: _part,
    At: _part,
    Operation: _operation,
    Call: _call,
}
