"""The seam between the host and the app: what goes into a function, and what comes out?

Both sides speak `Datum`, the form in which Azure's host hands values to its Python worker, so that the app
gets the very types that `azure-functions` makes of them in Azure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from azure.functions.meta import Datum

from local.host.declarations import Declared


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of one function."""

    invocation_id: str
    function: str
    value: Datum
    metadata: Mapping[str, Datum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: with a value for `$return`, with nothing, or with an error."""

    value: Datum | None = None
    error: str | None = None
    traceback: str = ""

    @property
    def ok(self) -> bool:
        """The function returned."""
        return self.error is None


class Invoker(Protocol):
    """A way to run the app's functions."""

    @property
    def functions(self) -> Sequence[Declared]:
        """What the app declares."""
        ...

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Call a function; an exception of the app is an outcome, never raised here."""
        ...

    def close(self) -> None:
        """Let go of threads."""
        ...
