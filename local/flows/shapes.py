"""Is a flow's file formed as the platform reads it? Its shape, as far as the checks go by it."""

from typing import Any

import msgspec


class Api(msgspec.Struct, rename="camel"):
    """The connector of a connection; a custom one has a logical name too."""

    name: str
    logical_name: str = ""


class Connection(msgspec.Struct, rename="camel"):
    """The connection reference that a connection is."""

    connection_reference_logical_name: str


class Reference(msgspec.Struct, rename="camel"):
    """A connection that a flow declares."""

    connection: Connection
    api: Api


class Parameter(msgspec.Struct, rename="camel"):
    """A parameter that a flow declares."""

    type: str
    metadata: dict[str, Any] = {}


class Secure(msgspec.Struct, rename="camel"):
    """What the run history does not show."""

    properties: list[str] = []


class Runtime(msgspec.Struct, rename="camel"):
    """How a step is run."""

    secure_data: Secure | None = None


class Branch(msgspec.Struct, rename="camel"):
    """Actions below an action."""

    actions: dict[str, "Step"] = {}


class Step(msgspec.Struct, rename="camel"):
    """A trigger or an action."""

    type: str
    run_after: dict[str, list[str]] = {}
    metadata: dict[str, Any] = {}
    runtime_configuration: Runtime | None = None
    recurrence: dict[str, Any] = {}
    actions: dict[str, "Step"] = {}
    otherwise: Branch | None = msgspec.field(default=None, name="else")
    default: Branch | None = None
    cases: dict[str, Branch] = {}


class Definition(msgspec.Struct, rename="camel"):
    """What a flow does."""

    language: str = msgspec.field(name="$schema")
    content_version: str
    parameters: dict[str, Parameter]
    triggers: dict[str, Step]
    actions: dict[str, Step]


class Properties(msgspec.Struct, rename="camel"):
    """A flow with its connections."""

    connection_references: dict[str, Reference]
    definition: Definition


class Flow(msgspec.Struct, rename="camel"):
    """A flow's file."""

    properties: Properties
    schema_version: str


class Host(msgspec.Struct, rename="camel"):
    """Which operation a step calls."""

    connection_name: str
    operation_id: str
    api_id: str


class Call(msgspec.Struct, rename="camel"):
    """What a step that calls a connector is given."""

    host: Host
    parameters: dict[str, Any] = {}
