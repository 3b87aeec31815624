"""What do Bicep's functions give that are given a lambda?"""

from collections.abc import Callable
from functools import partial

from local.infra.computing import string
from local.infra.expressions import Call, Expression, Lambda
from local.infra.scope import Scope, Unknown, known, sample_of

Compute = Callable[[Expression, Scope], object]
Apply = Callable[..., object]


class _NotKnown(Exception):
    """What the lambda says of an item is not known."""


def with_lambdas(expression: Call, scope: Scope, compute: Compute) -> object:
    """The value of a call, or Unknown."""
    function = FUNCTIONS.get(expression.name)
    given = [_argument(one, scope, compute) for one in expression.arguments]
    if expression.name == "map" and scope.samples and isinstance(given[0], Unknown):
        given[0] = [sample_of(given[0])]
    if function is None or any(isinstance(one, Unknown) for one in given):
        return Unknown(expression)
    try:
        return function(*given)
    except (_NotKnown, TypeError, ValueError, KeyError, AttributeError):
        return Unknown(expression)


def _argument(expression: Expression, scope: Scope, compute: Compute) -> object:
    return partial(_apply, expression, scope, compute) if isinstance(expression, Lambda) else compute(expression, scope)


def _apply(function: Lambda, scope: Scope, compute: Compute, *values: object) -> object:
    return compute(function.body, scope.with_values(dict(zip(function.names, values, strict=False))))


def _surely(value: object) -> object:
    if not known(value):
        raise _NotKnown
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def map_(values: object, change: Apply) -> object:
    """Each item changed."""
    return [change(item, place) for place, item in enumerate(_list(values))]


def filter_(values: object, keep: Apply) -> object:
    """The items of which it is true."""
    return [item for place, item in enumerate(_list(values)) if _surely(keep(item, place)) is True]


def reduce_(values: object, start: object, add: Apply) -> object:
    """One value out of all items."""
    result = start
    for place, item in enumerate(_list(values)):
        result = add(result, item, place)
        if isinstance(result, Unknown):
            raise _NotKnown
    return result


def sort_(values: object, before: Apply) -> object:
    """The items in order."""
    result: list[object] = []
    for item in _list(values):
        place = next((at for at, other in enumerate(result) if _surely(before(item, other)) is True), len(result))
        result.insert(place, item)
    return result


def to_object(values: object, key: Apply, value: Apply | None = None) -> object:
    """An object with one property for each item."""
    return {string(_surely(key(item))): value(item) if value else item for item in _list(values)}


def map_values(values: object, change: Apply) -> object:
    """Each value changed."""
    if not isinstance(values, dict):
        raise TypeError(values)
    return {key: change(value) for key, value in values.items()}


def group_by(values: object, key: Apply, value: Apply | None = None) -> object:
    """The items, perhaps changed, under what the lambda says of them."""
    groups: dict[str, list[object]] = {}
    for item in _list(values):
        groups.setdefault(string(_surely(key(item))), []).append(value(item) if value else item)
    return groups


FUNCTIONS: dict[str, Apply] = {
    "filter": filter_,
    "groupBy": group_by,
    "map": map_,
    "mapValues": map_values,
    "reduce": reduce_,
    "sort": sort_,
    "toObject": to_object,
}
