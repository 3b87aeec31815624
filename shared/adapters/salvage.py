"""Reads JSON that may be partly wrong: a field that cannot be read counts as missing and spoils nothing else.

The vendor's formats are known from a client library of 2021, so a field of another type is to be expected.
"""

import gc
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from shared.errors import InsightsAnswerInvalid

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
Wire = TypeVar("Wire", bound=msgspec.Struct)
Found = TypeVar("Found")

_MAX_PROBLEMS = 500
_PLACE = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_log = logging.getLogger(__name__)


def decode_one(body: bytes, kind: type[Wire]) -> Wire:
    """One item. Raises InsightsAnswerInvalid."""
    try:
        return cast("Wire", _decoder(kind).decode(body))
    except UNREADABLE:
        found = list(_readable([_parse(body, Any)], kind))
    if not found:
        raise InsightsAnswerInvalid(f"The API's answer is not a {kind.__doc__}")
    return found[0]


def decode_list(body: bytes, kind: type[Wire]) -> list[Wire]:
    """A list of items, without those that cannot be read at all. Raises InsightsAnswerInvalid when it is no list."""
    return decode_counted(body, kind)[0]


def translate_each(body: bytes, kind: type[Wire], translate: Callable[[Wire], Found]) -> list[Found | None]:
    """The items one by one in other words; None: it cannot be read at all. Raises InsightsAnswerInvalid.

    Nothing looks for cycles meanwhile: there are none, and in a long list to look takes as long as to read.
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        return [None if found is None else translate(found) for found in decode_each(body, kind)]
    finally:
        if looking:
            gc.enable()


def decode_counted(body: bytes, kind: type[Wire]) -> tuple[list[Wire], int]:
    """The same, with the number of items that there were, readable or not."""
    found = list(decode_each(body, kind))
    return [item for item in found if item is not None], len(found)


def decode_each(body: bytes, kind: type[Wire]) -> Iterator[Wire | None]:
    """The items one by one, for there may be more than fit into the memory at once; None: it cannot be read at all.

    Raises InsightsAnswerInvalid, at once when it is no list.
    """
    return _decoded(_parse(body, list[msgspec.Raw]), kind)


def _decoded(items: Iterable[msgspec.Raw], kind: type[Wire]) -> Iterator[Wire | None]:
    decode: Callable[[msgspec.Raw], Wire] = _decoder(kind).decode
    for item in items:
        try:
            found: Wire | None = decode(item)
        except UNREADABLE:
            found = next(iter(_readable([_parse(item, Any)], kind)), None)
        yield found


@lru_cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Numbers with a fraction stay as they were written where no type is asked for."""
    return msgspec.json.Decoder(kind, strict=False, float_hook=str)


def _parse(body: bytes | msgspec.Raw, kind: Any) -> Any:
    try:
        return _decoder(kind).decode(body)
    except UNREADABLE as error:
        raise InsightsAnswerInvalid(f"The API's answer cannot be read: {error}") from None


def _readable(items: Iterable[Any], kind: type[Wire]) -> Iterable[Wire]:
    for item in items:
        problems: list[str] = []
        whole = _salvage(item, kind, problems)
        if problems:
            fields = {"action": "answer_unreadable", "kind": kind.__name__}
            _log.warning("Part of the API's answer is left out: %s", "; ".join(problems)[:500], extra=fields)
        if whole is not None:
            yield whole


def _salvage(item: Any, kind: type[Wire], problems: list[str]) -> Wire | None:
    """The item without what cannot be read; None when it then lacks what it needs."""
    while len(problems) < _MAX_PROBLEMS:
        try:
            return msgspec.convert(item, kind, strict=False)
        except (*UNREADABLE, OverflowError) as error:
            problems.append(str(error))
            if not _take_out(item, _place(str(error))):
                return None
    return None


def _place(problem: str) -> list[str | int]:
    """Where msgspec saw the problem: "... - at `$.tasks[1].endTimestamp`"."""
    found = _PLACE.search(problem)
    steps = _STEP.findall(found[1]) if found else []
    return [name or int(index) for name, index in steps]


def _take_out(item: Any, place: list[str | int]) -> bool:
    """Remove what stands at the place; whether there was something."""
    if not place:
        return False
    *parents, last = place
    holder = item
    for step in parents:
        holder = holder[step]
    del holder[last]
    return True
