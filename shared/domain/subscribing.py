"""What a subscribe call may ask for: the fields of each trigger, checked and turned into filters."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from shared.domain.subscriptions import Filters, Trigger
from shared.domain.watches import Direction, FreshnessWatch, Series, ThresholdWatch
from shared.errors import RequestInvalid

Fields = Mapping[str, Any]
T = TypeVar("T")

NOT_FILTERS = ("environmentId", "callbackUrl", "label", "batch")
_PAGING = ("triggerState", "top")
_THRESHOLD = ("threshold", "thresholdKind", "direction", "rearmAt")
_FIELDS: Mapping[Trigger, tuple[str, ...]] = {
    Trigger.REFRESH_FAILED: ("dataSourceId", "submission"),
    Trigger.REFRESH_SUCCEEDED: ("dataSourceId", "submission"),
    Trigger.SEGMENT_CROSSED: ("segmentName", *_THRESHOLD),
    Trigger.MEASURE_CROSSED: ("measureName", "alias", "dimensions", *_THRESHOLD),
    Trigger.FULL_REFRESH_COMPLETED: ("submission",),
    Trigger.UNIFICATION_COMPLETED: ("submission",),
    Trigger.PROCESS_ENDED: ("operationTypes", "outcomes", "submission"),
    Trigger.OVERDUE: ("dataSourceId", "withinHours"),
    Trigger.UNREACHABLE: (),
}
ENVIRONMENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
COLUMN = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)
# What the product's pages call the API's statuses.
_PLAIN_WORDS = {"canceled": "aborted", "cancelled": "aborted", "failure": "failed", "succeeded": "successful"}
_MISSING = {
    "alias": "is missing: the name of one of the measure's calculations, such as Total",
    "segmentName": "is missing: the segment's unique name, not its display name",
    "measureName": "is missing: the measure's unique name, not its display name",
}
_MAX_DIMENSIONS = 10
_MAX_TEXT = 512
_MAX_CHOICES = 50
_MAX_CHOICE = 100  # 100 of them fit a column, which holds 32 K characters
_MAX_DIGITS = 60


def check_fields(trigger: Trigger, body: object, common: Sequence[str] = NOT_FILTERS) -> Fields:
    """The body as fields, when it is an object with no field that this trigger does not know. Raises RequestInvalid."""
    if not isinstance(body, Mapping):
        raise RequestInvalid("body", "must be a JSON object")
    known = (*common, *_FIELDS[trigger])
    for name in body:
        if name not in known:
            raise RequestInvalid(str(name)[:100], f"is not a field of {trigger}; it takes {', '.join(known)}")
    return {name: value for name, value in body.items() if value is not None}


def fields_of_query(trigger: Trigger, query: Mapping[str, str]) -> Fields:
    """The fields as a query writes them: lists with commas, dimensions as a JSON object. Raises RequestInvalid."""
    given = {name: value for name, value in query.items() if value != ""}
    known = check_fields(trigger, given, ("environmentId", *_PAGING))
    fields = {name: value for name, value in known.items() if name not in _PAGING}
    for name in fields.keys() & {"operationTypes", "outcomes"}:
        fields[name] = [word.strip() for word in given[name].split(",") if word.strip()]
    if "dimensions" in fields:
        try:
            fields["dimensions"] = json.loads(given["dimensions"])
        except (ValueError, RecursionError):
            raise RequestInvalid("dimensions", 'must be a JSON object of texts, such as {"Country": "NO"}') from None
    return fields


def filters_of(fields: Fields) -> Fields:
    """The fields that say which events are wanted."""
    return {name: value for name, value in fields.items() if name not in NOT_FILTERS}


def flag(fields: Fields, name: str) -> bool:
    """An optional true or false. Raises RequestInvalid."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise RequestInvalid(name, "must be true or false")
    return value


def parse_filters(trigger: Trigger, fields: Fields) -> Filters:
    """The filters that checked fields ask for. Raises RequestInvalid naming the field."""
    if trigger is Trigger.SEGMENT_CROSSED:
        return Filters(threshold=_threshold(Series("segments", text(fields, "segmentName")), fields))
    if trigger is Trigger.MEASURE_CROSSED:
        series = Series("measures", text(fields, "measureName"), text(fields, "alias"), _dimensions(fields))
        return Filters(threshold=_threshold(series, fields))
    if trigger is Trigger.OVERDUE:
        hours = _number(fields, "withinHours", minimum=Decimal("0.25"), maximum=Decimal(24 * 90))
        source = _optional(fields, "dataSourceId", text)
        return Filters(freshness=FreshnessWatch(timedelta(hours=float(hours)), source))
    submission = _optional(fields, "submission", _submission)
    return Filters(
        data_source_id=_optional(fields, "dataSourceId", text),
        submission=None if submission == "any" else submission,
        operation_types=_texts(fields, "operationTypes"),
        outcomes=tuple(_PLAIN_WORDS.get(word.lower(), word) for word in _texts(fields, "outcomes")),
    )


def environment_id(fields: Fields) -> str:
    """The environment that the subscription is about, in small letters. Raises RequestInvalid."""
    found = text(fields, "environmentId")
    if not ENVIRONMENT_ID.fullmatch(found):
        raise RequestInvalid("environmentId", "must be an id of letters, digits and dashes")
    return found.lower()


def text(fields: Fields, name: str) -> str:
    """A required text."""
    value = fields.get(name)
    if value is None:
        raise RequestInvalid(name, _MISSING.get(name, "is missing"))
    if not isinstance(value, str) or not value.strip():
        raise RequestInvalid(name, "must be a text that is not empty")
    longest = 2048 if name == "callbackUrl" else _MAX_TEXT
    if len(value) > longest:
        raise RequestInvalid(name, f"must not be longer than {longest} characters")
    if not value.strip().isprintable():
        raise RequestInvalid(name, "must not have control characters")
    return value.strip()


def _threshold(series: Series, fields: Fields) -> ThresholdWatch:
    percent = _choice(fields, "thresholdKind", ("value", "percentChange"), "value") == "percentChange"
    threshold = _number(fields, "threshold", minimum=Decimal(0) if percent else None)
    direction = Direction(_choice(fields, "direction", tuple(Direction), Direction.ABOVE))
    rearm_at = _optional(fields, "rearmAt", _number)
    if rearm_at is not None and percent:
        raise RequestInvalid("rearmAt", "does not go with thresholdKind percentChange")
    if rearm_at is not None and direction is Direction.ABOVE and rearm_at > threshold:
        raise RequestInvalid("rearmAt", "must not be over the threshold when direction is above")
    if rearm_at is not None and direction is Direction.BELOW and rearm_at < threshold:
        raise RequestInvalid("rearmAt", "must not be under the threshold when direction is below")
    return ThresholdWatch(series, threshold, direction, rearm_at, percent)


def _number(fields: Fields, name: str, *, minimum: Decimal | None = None, maximum: Decimal | None = None) -> Decimal:
    value = fields.get(name)
    if value is None:
        raise RequestInvalid(name, "is missing")
    number = _decimal(value)
    if number is None or not number.is_finite() or abs(number.adjusted()) > _MAX_DIGITS:
        raise RequestInvalid(name, "must be a number")
    if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
        raise RequestInvalid(
            name, f"must be {minimum} or more" if maximum is None else f"must be from {minimum} to {maximum}"
        )
    return number


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if not isinstance(value, float | str | Decimal) or len(str(value)) > _MAX_DIGITS or "_" in str(value):
        return None
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        return None


def _dimensions(fields: Fields) -> tuple[tuple[str, str], ...]:
    value = fields.get("dimensions", {})
    if not isinstance(value, Mapping) or not all(_is_short(item) for pair in value.items() for item in pair):
        raise RequestInvalid("dimensions", 'must be an object of texts, such as {"Country": "NO"}')
    if len(value) > _MAX_DIMENSIONS or not all(COLUMN.fullmatch(name) for name in value):
        raise RequestInvalid("dimensions", f"takes {_MAX_DIMENSIONS} names at most, of letters, digits and underscores")
    return tuple(sorted(value.items()))


def _submission(fields: Fields, name: str) -> str:
    return _choice(fields, name, ("any", "scheduled", "onDemand"), "any")


def _choice(fields: Fields, name: str, choices: tuple[str, ...], default: str) -> str:
    value = fields.get(name, default)
    for choice in choices:
        if isinstance(value, str) and value.lower() == choice.lower():
            return str(choice)
    raise RequestInvalid(name, f"must be one of {', '.join(choices)}")


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    value = fields.get(name, ())
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(_is_short(item, _MAX_CHOICE) for item in listed):
        raise RequestInvalid(name, f"must be a list of texts of {_MAX_CHOICE} characters at most")
    if len(listed) > _MAX_CHOICES:
        raise RequestInvalid(name, f"takes {_MAX_CHOICES} entries at most")
    return tuple(listed)


def _is_short(item: object, most: int = _MAX_TEXT) -> bool:
    return isinstance(item, str) and 0 < len(item) <= most and item.isprintable()


def _optional(fields: Fields, name: str, read: Callable[[Fields, str], T]) -> T | None:
    return read(fields, name) if name in fields else None
