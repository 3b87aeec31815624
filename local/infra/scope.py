"""What do the names in a Bicep file stand for, and is a value known?"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from local.infra.expressions import At, Expression, Literal
from local.infra.model import BicepFile


@dataclass(frozen=True)
class Unknown:
    """A value that is not known, and the expression that it is of."""

    expression: Expression


@dataclass(frozen=True)
class Scope:
    """What names stand for: values that are known, and expressions that are computed when they are asked for.

    `choices` are what tests that cannot be known are taken to be; None leaves what depends on them unknown. With
    `samples`, loops over what is not known give one item, and a union with it has a property that is Unknown.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    inner: Mapping[str, object] = field(default_factory=dict)  # of loops and lambdas
    variables: Mapping[str, Expression] = field(default_factory=dict)
    choices: dict[str, bool] | None = None
    samples: bool = False  # of arrays and objects that are not known: one item, some properties
    under_way: tuple[str, ...] = ()
    steps: list[int] = field(default_factory=lambda: [0])

    def with_values(self, values: Mapping[str, object]) -> "Scope":
        """The same, inside a loop or lambda."""
        return replace(self, inner={**self.inner, **values})

    def sampling(self) -> "Scope":
        """The same, with samples."""
        return replace(self, samples=True)

    def entering(self, name: str) -> "Scope":
        """The same, while a variable is computed."""
        return replace(self, inner={}, under_way=(*self.under_way, name))


def sample_of(unknown: Unknown) -> Unknown:
    """An item of an array that is not known."""
    line = unknown.expression.line
    return Unknown(At(unknown.expression, Literal(0, line), False, line))


def scope_of(file: BicepFile, given: Mapping[str, object] | None = None, *, defaults: bool = True) -> Scope:
    """The names of a file: parameters as given or else by their default, and variables."""
    written = {one.name: one.value for one in file.variables.values()}
    if defaults:
        written |= {one.name: one.default for one in file.parameters.values() if one.default is not None}
    return Scope(dict(given or {}), variables={name: one for name, one in written.items() if name not in (given or {})})


def known(value: object) -> bool:
    """Is nothing in it Unknown?"""
    if isinstance(value, dict):
        return all(known(key) and known(one) for key, one in value.items())
    return all(known(one) for one in value) if isinstance(value, list) else not isinstance(value, Unknown)
