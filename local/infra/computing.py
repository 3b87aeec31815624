"""What do Bicep's functions give for values that are known? Those that need Azure or a clock are not here."""

import json
from collections.abc import Callable, Mapping, Sequence

MOST_ITEMS = 10_000
MOST_CHARACTERS = 1_000_000
LARGEST = 2**63


def concat(*parts: object) -> object:
    """Texts or arrays, one behind the other."""
    if all(isinstance(part, list) for part in parts):
        return [item for part in parts if isinstance(part, list) for item in part]
    return "".join(string(part) for part in parts)


def union(*parts: object) -> object:
    """Objects merged into one another, deeply; or arrays without what was there before."""
    if all(isinstance(part, dict) for part in parts):
        merged: dict[object, object] = {}
        for part in parts:
            merged = _merged(merged, part if isinstance(part, dict) else {})
        return merged
    items: list[object] = []
    for item in _list(concat(*parts)):
        if item not in items:
            items.append(item)
    return items


def _merged(first: Mapping[object, object], second: Mapping[object, object]) -> dict[object, object]:
    result = dict(first)
    for key, value in second.items():
        before = result.get(key)
        result[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result


def intersection(first: object, *others: object) -> object:
    """What is in all of them."""
    if isinstance(first, dict):
        return {key: value for key, value in first.items() if all(_dict(one).get(key) == value for one in others)}
    return [item for item in _list(first) if all(item in _list(one) for one in others)]


def contains(inside: object, wanted: object) -> bool:
    """A part of a text, an item of an array, a key of an object in any case."""
    if isinstance(inside, dict):
        return str(wanted).lower() in {str(key).lower() for key in inside}
    return str(wanted) in inside if isinstance(inside, str) else wanted in _list(inside)


def empty(value: object) -> bool:
    """Null, or nothing in it."""
    return value is None or len(_sized(value)) == 0


def string(value: object) -> str:
    """A value as a text; truth values begin with a capital."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list | dict) else str(value)


def integer(value: object) -> int:
    """A number, also one written as a text."""
    if not isinstance(value, str | int):
        raise TypeError(value)
    return int(value)


def boolean(value: object) -> bool:
    """A truth value, also one written as a text or number."""
    if isinstance(value, int):
        return bool(value)
    return {"true": True, "false": False, "1": True, "0": False}[_text(value).lower()]


def take(value: object, number: object) -> object:
    """The first so many."""
    return _sliced(value)[: max(integer(number), 0)]


def skip(value: object, number: object) -> object:
    """All but the first so many."""
    return _sliced(value)[max(integer(number), 0) :]


def first(value: object) -> object:
    """The first item, null when there is none; or the first character."""
    return next(iter(_sliced(value)), "" if isinstance(value, str) else None)


def last(value: object) -> object:
    """The last item, null when there is none; or the last character."""
    return first(_sliced(value)[::-1])


def substring(value: object, start: object, length: object = None) -> str:
    """A part of a text, which must reach so far."""
    text, begin = _text(value), integer(start)
    end = len(text) if length is None else begin + integer(length)
    if not 0 <= begin <= end <= len(text):
        raise ValueError(value)
    return text[begin:end]


def split(value: object, separators: object) -> list[str]:
    """A text in parts, at one of the separators."""
    parts = [_text(value)]
    for separator in separators if isinstance(separators, list) else [separators]:
        parts = [piece for part in parts for piece in part.split(_text(separator))]
    return parts


def join(values: object, separator: object) -> str:
    """Items as one text."""
    return _text(separator).join(string(value) for value in _list(values))


def format_(template: object, *values: object) -> str:
    """A text with `{0}` filled in; nothing else of .NET's formats."""
    text = _text(template)
    for place, value in enumerate(values):
        text = text.replace(f"{{{place}}}", string(value))
    if "{" in text or "}" in text:
        raise ValueError(text)
    return text


def pad_left(value: object, width: object, filling: object = " ") -> str:
    """A text or number with something in front."""
    wanted = integer(width)
    if wanted > MOST_CHARACTERS:
        raise ValueError(width)
    return string(value).rjust(wanted, _text(filling))


def number_range(start: object, count: object) -> list[int]:
    """Numbers from the start."""
    begin, many = integer(start), integer(count)
    if not 0 <= many <= MOST_ITEMS:
        raise ValueError(count)
    return list(range(begin, begin + many))


def items(value: object) -> list[object]:
    """Keys and values, in the order of the keys."""
    return [{"key": key, "value": _dict(value)[key]} for key in sorted(_dict(value), key=str)]


def extreme(choose: Callable[[Sequence[int]], int]) -> Callable[..., int]:
    """The least or the greatest, of numbers or of an array of them."""

    def of(*values: object) -> int:
        given = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        return choose([integer(value) for value in given])

    return of


def quotient(dividend: int, divisor: int) -> int:
    """How often one number goes into the other, towards zero."""
    whole = abs(dividend) // abs(divisor)
    return whole if (dividend < 0) == (divisor < 0) else -whole


def flatten(value: object) -> list[object]:
    """The items of the items."""
    return [item for part in _list(value) for item in _list(part)]


def read_json(value: object) -> object:
    """What a JSON text says; numbers with a fraction are not Bicep's."""
    return json.loads(_text(value), parse_float=_no_fraction)


def _no_fraction(text: str) -> int:
    raise ValueError(text)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _dict(value: object) -> dict[object, object]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _sliced(value: object) -> str | list[object]:
    return value if isinstance(value, str) else _list(value)


def _sized(value: object) -> str | list[object] | dict[object, object]:
    return value if isinstance(value, dict) else _sliced(value)


FUNCTIONS: dict[str, Callable[..., object]] = {
    "any": lambda value: value,
    "array": lambda value: value if isinstance(value, list) else [value],
    "bool": boolean,
    "concat": concat,
    "contains": contains,
    "empty": empty,
    "endsWith": lambda text, end: _text(text).lower().endswith(_text(end).lower()),
    "first": first,
    "flatten": flatten,
    "format": format_,
    "indexOf": lambda text, part: _text(text).lower().find(_text(part).lower()),
    "int": integer,
    "intersection": intersection,
    "items": items,
    "join": join,
    "json": read_json,
    "last": last,
    "lastIndexOf": lambda text, part: _text(text).lower().rfind(_text(part).lower()),
    "length": lambda value: len(_sized(value)),
    "max": extreme(max),
    "min": extreme(min),
    "objectKeys": lambda value: sorted(_dict(value), key=str),
    "padLeft": pad_left,
    "range": number_range,
    "readEnvironmentVariable": lambda name, default: _text(default),  # in parameter files: when it is not set
    "replace": lambda text, old, new: _text(text).replace(_text(old), _text(new)),
    "shallowMerge": lambda parts: {key: value for part in _list(parts) for key, value in _dict(part).items()},
    "skip": skip,
    "split": split,
    "startsWith": lambda text, start: _text(text).lower().startswith(_text(start).lower()),
    "string": string,
    "substring": substring,
    "take": take,
    "toLower": lambda text: _text(text).lower(),
    "toUpper": lambda text: _text(text).upper(),
    "trim": lambda text: _text(text).strip(),
    "union": union,
}
OPERATORS: dict[str, Callable[..., object]] = {
    "+": lambda a, b: integer(a) + integer(b),
    "-": lambda a, b=None: -integer(a) if b is None else integer(a) - integer(b),
    "*": lambda a, b: integer(a) * integer(b),
    "/": lambda a, b: quotient(integer(a), integer(b)),
    "%": lambda a, b: integer(a) - integer(b) * quotient(integer(a), integer(b)),
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: type(a) is type(b) and a == b,
    "!=": lambda a, b: type(a) is not type(b) or a != b,
    "=~": lambda a, b: _text(a).lower() == _text(b).lower(),
    "!~": lambda a, b: _text(a).lower() != _text(b).lower(),
    "!": lambda a: not a,
}


def bounded(value: object) -> bool:
    """Is a value so small that Azure could work with it? What is larger is not computed further."""
    if isinstance(value, str):
        return len(value) <= MOST_CHARACTERS
    if isinstance(value, list | dict):
        return len(value) <= MOST_ITEMS
    return not isinstance(value, int) or -LARGEST <= value < LARGEST
