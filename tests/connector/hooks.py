"""What schemathesis leaves out: requests of which the definition cannot say whether they will do.

A text may have any printable characters, what is null or empty counts as left out, new outcomes are taken, one number
or time limits another: what the app makes of those is tested where it is decided (tests/domain/test_subscribing.py,
tests/actions/test_path_tricks.py).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode

import schemathesis

LONGEST_ADDRESS = 6000  # a host refuses longer ones before the app is asked
EXACT = ("threshold", "rearmAt")  # also taken as texts
MOST_DIGITS = 60
NOW = datetime(2026, 3, 2, tzinfo=UTC)  # of the simulated day, or before
WORDS = {"successful", "failed", "timedOut", "aborted", "deleted", "skipped"}
COLUMN = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)
Given = Mapping[str, Any]


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Whether to send it."""
    body = case.body if isinstance(case.body, dict) else {}
    query = dict(case.query or {})
    given = {**query, **body}
    address = f"{case.formatted_path}?{urlencode(query, errors='replace')}"
    return (
        len(address) <= LONGEST_ADDRESS
        and None not in given.values()
        and all(_is_written(value) for value in query.values())
        and all(unquote(text).isprintable() for text in _texts({**given, **(case.path_parameters or {})}))
        and not any(_is_taken_too(given, name) for name in ("outcomes", "operationTypes"))
        and not any(isinstance(body.get(name), str) and _number(body, name) is not None for name in EXACT)
        and all(_is_of_size(_number(given, name)) for name in EXACT)
        and _levels_agree(given)
        and _times_agree(given)
        and _are_columns(given.get("dimensions", {}))
    )


def _is_written(value: object) -> bool:
    """Whether a query can hold it: nothing that comes out empty."""
    if isinstance(value, list):
        return any(str(one) for one in value if not isinstance(one, dict | list))
    return value != "" and not isinstance(value, dict)


def _is_taken_too(given: Given, name: str) -> bool:
    """One word instead of a list, or an outcome that is not known."""
    words = given.get(name, [])
    if isinstance(words, list):
        return name == "outcomes" and any(isinstance(word, str) and word not in WORDS for word in words)
    return not isinstance(words, dict)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from (*_texts(name), *_texts(part))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _levels_agree(given: Given) -> bool:
    threshold, rearm, direction = _number(given, "threshold"), _number(given, "rearmAt"), given.get("direction")
    if given.get("thresholdKind") == "percentChange":
        return rearm is None and (threshold is None or threshold >= 0)
    if threshold is None or rearm is None or direction == "both":
        return True
    return rearm >= threshold if direction == "below" else rearm <= threshold


def _number(given: Given, name: str) -> float | None:
    with suppress(TypeError, ValueError):
        return float(given[name]) if name in given else None
    return None


def _is_of_size(number: float | None) -> bool:
    return not number or 10**-MOST_DIGITS < abs(number) < 10**MOST_DIGITS


def _times_agree(given: Given) -> bool:
    """Of these centuries, in their order, and not to come where the end is now."""
    times = [_time(given[name]) for name in ("from", "since", "to", "until") if name in given]
    known = [time for time in times if time is not None]
    if "from" in given and "to" not in given and known:
        known.append(NOW)
    return known == sorted(known) and all(2000 <= time.year <= 9000 for time in known)


def _time(text: object) -> datetime | None:
    with suppress(TypeError, ValueError):
        found = datetime.fromisoformat(str(text))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _are_columns(dimensions: object) -> bool:
    """Of a body an object; a query has none here, for it would have to be JSON."""
    return isinstance(dimensions, dict) and all(COLUMN.fullmatch(name) for name in dimensions)
