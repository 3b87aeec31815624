"""What did the app declare? Turns the metadata that a worker would send into functions this host can run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from local.host.app_settings import connection_string, expand
from local.host.errors import HostError
from local.host.routes import Route, compile_route
from local.host.schedule import Schedule, parse_schedule

STORAGE = "AzureWebJobsStorage"
_QUEUE_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*")
_SUPPORTED = {("httpTrigger", "IN"), ("timerTrigger", "IN"), ("queueTrigger", "IN"), ("http", "OUT")}


class Binding(msgspec.Struct, rename="camel", frozen=True):
    """One trigger or binding, as function.json would hold it."""

    name: str
    type: str
    direction: str
    route: str = ""
    methods: list[str] | None = None
    schedule: str = ""
    use_monitor: bool | None = None
    run_on_startup: bool | None = None
    queue_name: str = ""
    connection: str | None = None
    data_type: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """A function's name with its bindings."""

    name: str
    bindings: tuple[Binding, ...]

    @property
    def trigger(self) -> Binding:
        """What fires it."""
        return next(binding for binding in self.bindings if binding.type.endswith("Trigger"))


@dataclass(frozen=True, slots=True)
class HttpFunction:
    """A function that answers requests; no methods means every method."""

    name: str
    route: Route
    methods: frozenset[str]

    @property
    def detail(self) -> str:
        """What a person sees in the list of functions."""
        return f"http [{','.join(sorted(self.methods)) or 'any method'}] /{self.route.template}"


@dataclass(frozen=True, slots=True)
class TimerFunction:
    """A function that the clock fires."""

    name: str
    schedule: Schedule
    expression: str
    use_monitor: bool | None
    run_on_startup: bool

    @property
    def detail(self) -> str:
        """What a person sees in the list of functions."""
        return f"timer {self.expression}"


@dataclass(frozen=True, slots=True)
class QueueFunction:
    """A function that messages fire."""

    name: str
    queue: str
    connection_string: str
    binary: bool

    @property
    def detail(self) -> str:
        """What a person sees in the list of functions."""
        return f"queue {self.queue}"


Function = HttpFunction | TimerFunction | QueueFunction


def declared(name: str, raw_bindings: Sequence[str]) -> Declared:
    """Read the bindings as the worker's metadata writes them: one JSON text each."""
    return Declared(name, tuple(msgspec.json.decode(raw, type=Binding) for raw in raw_bindings))


def resolve(found: Declared, settings: Mapping[str, str], route_prefix: str) -> Function:
    """Put the settings in and refuse what this host cannot run."""
    for binding in found.bindings:
        if (binding.type, binding.direction) not in _SUPPORTED:
            raise HostError(
                f"function {found.name}: the local host does not support the binding {binding.type} "
                f'("{binding.name}"); it runs HTTP, timer and storage queue triggers'
            )
    trigger = found.trigger
    if trigger.type == "httpTrigger":
        return _http(found.name, trigger, settings, route_prefix)
    if trigger.type == "timerTrigger":
        return _timer(found.name, trigger, settings)
    return _queue(found.name, trigger, settings)


def _http(name: str, trigger: Binding, settings: Mapping[str, str], prefix: str) -> HttpFunction:
    route = expand(trigger.route, settings, f"function {name}: route").strip("/")
    template = "/".join(filter(None, [prefix, route]))
    return HttpFunction(name, compile_route(template), frozenset(method.upper() for method in trigger.methods or ()))


def _timer(name: str, trigger: Binding, settings: Mapping[str, str]) -> TimerFunction:
    where = f"function {name}: schedule"
    expression = expand(trigger.schedule, settings, where)
    schedule = parse_schedule(expression, where)
    return TimerFunction(name, schedule, expression, trigger.use_monitor, bool(trigger.run_on_startup))


def _queue(name: str, trigger: Binding, settings: Mapping[str, str]) -> QueueFunction:
    queue = expand(trigger.queue_name, settings, f"function {name}: queue name")
    if not _QUEUE_NAME.fullmatch(queue):
        raise HostError(
            f'function {name}: "{queue}" cannot name a queue; write 3 to 63 small letters, digits and single hyphens'
        )
    return QueueFunction(
        name=name,
        queue=queue,
        connection_string=connection_string(trigger.connection or STORAGE, settings, f"function {name}"),
        binary=(trigger.data_type or "").upper() == "BINARY",
    )
