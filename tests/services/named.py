"""Do services say which environment they ask about? Fakes of one environment would not miss it."""

import inspect
from typing import Any, TypeVar, cast

T = TypeVar("T")


def named(port: T) -> T:
    """The port, which is asked about an environment by its id and in no other way."""
    return cast("T", _Named(port))


class _Named:
    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found) or name == "environments":
            return found

        def asked(environment_id: str, *arguments: object, **options: object) -> object:
            assert isinstance(environment_id, str), name
            assert environment_id, name
            return found(environment_id, *arguments, **options)

        return asked
