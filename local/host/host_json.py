"""What does host.json say about routes, queues, time limits and logging?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from local.host.errors import HostError
from local.host.timespan import parse_timespan

_DEFAULT_FUNCTION_TIMEOUT = "00:30:00"
_OVERRIDE = "azurefunctionsjobhost__"


class _Http(msgspec.Struct, rename="camel"):
    route_prefix: str = "api"


class _Queues(msgspec.Struct, rename="camel"):
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=32)] = 16
    new_batch_threshold: Annotated[int, msgspec.Meta(ge=0)] | None = None
    max_dequeue_count: Annotated[int, msgspec.Meta(ge=1)] = 5
    visibility_timeout: str = "00:00:00"
    max_polling_interval: str = "00:01:00"
    message_encoding: Literal["base64", "none"] = "base64"


class _Extensions(msgspec.Struct):
    http: _Http = msgspec.field(default_factory=_Http)
    queues: _Queues = msgspec.field(default_factory=_Queues)


class _Logging(msgspec.Struct, rename="camel"):
    log_level: dict[str, str] = msgspec.field(default_factory=dict)


class _HostJson(msgspec.Struct, rename="camel"):
    version: Literal["2.0"]
    function_timeout: str = _DEFAULT_FUNCTION_TIMEOUT
    extensions: _Extensions = msgspec.field(default_factory=_Extensions)
    logging: _Logging = msgspec.field(default_factory=_Logging)


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How the queue triggers take, keep and give back messages."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta()
    max_polling_interval: timedelta = timedelta(minutes=1)
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostOptions:
    """What host.json sets, with Azure's defaults for the rest."""

    route_prefix: str = "api"
    function_timeout: timedelta | None = timedelta(minutes=30)
    queues: QueueOptions = field(default_factory=QueueOptions)
    log_level: str = "Information"


def load_host_json(app_dir: Path, settings: Mapping[str, str]) -> HostOptions:
    """Read host.json of an app, over which settings `AzureFunctionsJobHost__a__b` win; without one there is no app."""
    file = app_dir / "host.json"
    try:
        values = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        _override(values, settings)
        read = msgspec.convert(values, _HostJson, strict=False)
    except FileNotFoundError:
        raise HostError(f"no host.json in {app_dir}; name the folder of the app with --app") from None
    except msgspec.DecodeError as error:
        raise HostError(f"{file}: {error}") from error
    return HostOptions(
        route_prefix=read.extensions.http.route_prefix.strip("/"),
        function_timeout=_function_timeout(read.function_timeout),
        queues=_queue_options(read.extensions.queues),
        log_level=read.logging.log_level.get("default", "Information"),
    )


def _override(values: dict[str, Any], settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        if name.lower().startswith(_OVERRIDE):
            *parents, last = name[len(_OVERRIDE) :].split("__")
            place = values
            for parent in parents:
                place = place.setdefault(_spelled(place, parent), {})
            place[_spelled(place, last)] = value


def _spelled(place: Mapping[str, Any], name: str) -> str:
    """The name as host.json writes it: settings may use other casing."""
    return next((known for known in place if known.lower() == name.lower()), name)


def _function_timeout(text: str) -> timedelta | None:
    return None if text in {"-1", "-00:00:00.001"} else parse_timespan(text, "host.json functionTimeout")


def _queue_options(queues: _Queues) -> QueueOptions:
    where = "host.json extensions.queues"
    half = queues.batch_size // 2
    return QueueOptions(
        batch_size=queues.batch_size,
        new_batch_threshold=half if queues.new_batch_threshold is None else queues.new_batch_threshold,
        max_dequeue_count=queues.max_dequeue_count,
        visibility_timeout=parse_timespan(queues.visibility_timeout, f"{where}.visibilityTimeout"),
        max_polling_interval=parse_timespan(queues.max_polling_interval, f"{where}.maxPollingInterval"),
        base64=queues.message_encoding == "base64",
    )
