"""What does a Bicep file declare, once it has been read? Each declaration with its line."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from local.infra.expressions import ArrayOf, Call, Expression, Literal, Loop, ObjectOf


@dataclass(frozen=True, slots=True)
class Type:
    """A type as it is written.

    `form` is one of: name (`string`, or one declared), literal, union, array, tuple, object, unknown. `name` is that of
    a name, `parts` are the members of a union or tuple, or the one item of an array; `properties` those of an object.
    """

    form: str
    line: int
    name: str = ""
    value: str | int | bool | None = None
    parts: tuple["Type", ...] = ()
    properties: tuple[tuple[str, "Type"], ...] = ()
    nullable: bool = False

    @property
    def may_be_null(self) -> bool:
        """Is null one of its values?"""
        literal_null = self.form == "literal" and self.value is None
        return self.nullable or literal_null or (self.form == "union" and any(one.may_be_null for one in self.parts))


@dataclass(frozen=True, slots=True)
class Decorators:
    """The `@decorators()` in front of a declaration."""

    calls: tuple[Call, ...] = ()

    def has(self, name: str) -> bool:
        """Is there one of this name?"""
        return any(call.name == name for call in self.calls)

    def argument(self, name: str) -> Expression | None:
        """The first argument of the one of this name."""
        return next((call.arguments[0] for call in self.calls if call.name == name and call.arguments), None)

    def number(self, name: str) -> int | None:
        """The number given to the one of this name."""
        found = self.argument(name)
        return found.value if isinstance(found, Literal) and isinstance(found.value, int) else None


@dataclass(frozen=True, slots=True)
class Parameter:
    """`param name type = default`."""

    name: str
    type: Type | None
    default: Expression | None
    decorators: Decorators
    line: int

    @property
    def secure(self) -> bool:
        """Is it kept out of the deployment's history?"""
        return self.decorators.has("secure")

    @property
    def required(self) -> bool:
        """Must it be given?"""
        return self.default is None and not (self.type and self.type.may_be_null)

    @property
    def allowed(self) -> tuple[str | int | bool | None, ...]:
        """The values of `@allowed([...])`; empty when any is."""
        values = self.decorators.argument("allowed")
        items = values.items if isinstance(values, ArrayOf) else ()
        return tuple(item.value for item in items if isinstance(item, Literal))

    @property
    def description(self) -> str:
        """What `@description('...')` says."""
        found = self.decorators.argument("description")
        return str(found.value) if isinstance(found, Literal) else ""


@dataclass(frozen=True, slots=True)
class Variable:
    """`var name = value`."""

    name: str
    value: Expression
    decorators: Decorators
    line: int


@dataclass(frozen=True, slots=True)
class Resource:
    """`resource name 'kind@version' = if (condition) { body }`, or in a loop.

    `nested` are the resources declared in its body; their kind is whole (`Microsoft.X/y/z`), as is their version, and
    `within` is the symbol of the resource around them.
    """

    name: str
    kind: str
    version: str
    existing: bool
    condition: Expression | None
    loop: Loop | None
    body: ObjectOf
    decorators: Decorators
    line: int
    nested: tuple["Resource", ...] = ()
    within: str = ""

    @property
    def full_kind(self) -> str:
        """`Microsoft.X/y@version`."""
        return f"{self.kind}@{self.version}"


@dataclass(frozen=True, slots=True)
class Module:
    """`module name 'path' = if (condition) { name, scope, params }`, or in a loop."""

    name: str
    path: str
    condition: Expression | None
    loop: Loop | None
    body: ObjectOf
    decorators: Decorators
    line: int

    @property
    def scope(self) -> Expression | None:
        """Where it is deployed to, when that is said."""
        return self.body.get("scope")

    @property
    def parameters(self) -> ObjectOf:
        """What is given to it."""
        given = self.body.get("params")
        return given if isinstance(given, ObjectOf) else ObjectOf((), self.line)


@dataclass(frozen=True, slots=True)
class Output:
    """`output name type = value`."""

    name: str
    type: Type | None
    value: Expression
    decorators: Decorators
    line: int


@dataclass(frozen=True, slots=True)
class Function:
    """`func name(a string, b int) string => body`."""

    name: str
    parameters: tuple[tuple[str, Type], ...]
    returns: Type
    body: Expression
    decorators: Decorators
    line: int


@dataclass(frozen=True, slots=True)
class TypeOf:
    """`type name = ...`."""

    name: str
    type: Type
    decorators: Decorators
    line: int


Declaration: TypeAlias = Parameter | Variable | Resource | Module | Output | Function | TypeOf


@dataclass(frozen=True, eq=False)
class BicepFile:
    """One `.bicep` file. `trouble` are the lines that could not be read, with what is wrong there."""

    path: Path
    target_scope: str
    extensions: tuple[str, ...]
    declarations: tuple[Declaration, ...]
    trouble: tuple[tuple[int, str], ...] = ()
    imports: tuple[str, ...] = ()
    silenced: frozenset[tuple[int, str]] = frozenset()  # lines and the rules that are not heard of there

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Its parameters by name."""
        return {one.name: one for one in self.declarations if isinstance(one, Parameter)}

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """Its variables by name."""
        return {one.name: one for one in self.declarations if isinstance(one, Variable)}

    @cached_property
    def modules(self) -> dict[str, Module]:
        """The modules that it uses, by symbol."""
        return {one.name: one for one in self.declarations if isinstance(one, Module)}

    @cached_property
    def outputs(self) -> dict[str, Output]:
        """Its outputs by name."""
        return {one.name: one for one in self.declarations if isinstance(one, Output)}

    @cached_property
    def types(self) -> dict[str, TypeOf]:
        """Its own types by name."""
        return {one.name: one for one in self.declarations if isinstance(one, TypeOf)}

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Its own functions by name."""
        return {one.name: one for one in self.declarations if isinstance(one, Function)}

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Its resources by symbol, without those nested in others."""
        return {one.name: one for one in self.declarations if isinstance(one, Resource)}

    @cached_property
    def made(self) -> tuple["Resource | Module", ...]:
        """What it deploys or looks up: resources, without those nested in others, and modules."""
        return (*self.resources.values(), *self.modules.values())

    @cached_property
    def all_resources(self) -> tuple[Resource, ...]:
        """Its resources, each followed by those nested in it."""
        return tuple(one for top in self.resources.values() for one in with_nested(top))


@dataclass(frozen=True, eq=False)
class ParameterFile:
    """One `.bicepparam` file; `using` is the path that it names, relative to itself."""

    path: Path
    using: str
    values: tuple[Variable, ...]
    variables: tuple[Variable, ...] = ()
    trouble: tuple[tuple[int, str], ...] = ()


def with_nested(resource: Resource) -> Iterator[Resource]:
    """The resource, then those nested in it."""
    yield resource
    for inner in resource.nested:
        yield from with_nested(inner)
