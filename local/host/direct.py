"""Runs the app's functions by calling them, in this process and without a worker."""

import asyncio
import inspect
import os
import threading
import traceback
import typing
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum

from local.host.declarations import Declared, declared
from local.host.errors import HostError
from local.host.invoke import Invocation, Outcome

_THREADS_SETTING = "PYTHON_THREADPOOL_THREAD_COUNT"
_invocation_of_thread = threading.local()


@dataclass(frozen=True, slots=True)
class _Callable:
    """A user's function with what is needed to call it."""

    declared: Declared
    call: Callable[..., Any]
    takes_text: bool
    takes_context: bool
    returns: bool


class DirectInvoker:
    """Calls async functions on the loop and sync ones on threads."""

    def __init__(self, functions: Sequence[func.Function]) -> None:
        self._callables = {found.declared.name: found for found in map(_callable, functions)}
        threads = os.environ.get(_THREADS_SETTING)
        self._threads = ThreadPoolExecutor(int(threads) if threads else None, thread_name_prefix="function")

    @property
    def functions(self) -> Sequence[Declared]:
        """What the app declares."""
        return [found.declared for found in self._callables.values()]

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Call a function; an exception of the app is an outcome, never raised here."""
        found = self._callables[invocation.function]
        try:
            result = await self._call(found, _arguments(found, invocation))
            return Outcome(value=_returned(found, result))
        except Exception as error:
            return Outcome(error=repr(error), traceback=traceback.format_exc())

    def close(self) -> None:
        """Let go of the threads; one that still runs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, found: _Callable, arguments: dict[str, Any]) -> Any:
        if inspect.iscoroutinefunction(found.call):
            return await found.call(**arguments)
        call = partial(copy_context().run, found.call, **arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _callable(function: func.Function) -> _Callable:
    name, call = str(function.get_function_name()), function.get_user_function()
    found = declared(name, function.get_raw_bindings())
    parameters = set(inspect.signature(call).parameters)
    bound = {binding.name for binding in found.bindings} - {"$return"}
    if (parameters - {"context"}) != (bound - {"context"}):
        raise HostError(f"function {name}: its parameters {sorted(parameters)} are not its bindings {sorted(bound)}")
    annotation = typing.get_type_hints(call).get(found.trigger.name)
    return _Callable(
        declared=found,
        call=call,
        takes_text=annotation in {str, bytes},
        takes_context="context" in parameters - bound,
        returns=any(binding.name == "$return" for binding in found.bindings),
    )


def _arguments(found: _Callable, invocation: Invocation) -> dict[str, Any]:
    trigger = found.declared.trigger
    value = invocation.value.value if found.takes_text else _decoded(trigger.type, invocation)
    arguments = {trigger.name: value}
    if found.takes_context:
        arguments["context"] = _context(found, invocation)
    return arguments


def _decoded(trigger: str, invocation: Invocation) -> Any:
    return _converter(trigger).decode(invocation.value, trigger_metadata=invocation.metadata)


def _converter(binding: str) -> Any:
    """Find what azure-functions itself makes values with."""
    untyped: Any = func
    return untyped.get_binding_registry().get(binding)


def _returned(found: _Callable, result: Any) -> Datum | None:
    """Encode what came back, with the checks of Azure's worker."""
    if not found.returns:
        if result is not None:
            raise RuntimeError(f"function {found.declared.name!r} without a $return binding returned a value")
        return None
    try:
        encoded: Datum = _converter("http").encode(result, expected_type=None)
    except NotImplementedError:
        raise TypeError(f"an HTTP function returned {type(result).__name__}; return HttpResponse or str") from None
    return encoded


def _context(found: _Callable, invocation: Invocation) -> SimpleNamespace:
    """What azure.functions.Context promises; nothing local sets a trace or retries."""
    _invocation_of_thread.invocation_id = invocation.invocation_id
    return SimpleNamespace(
        invocation_id=invocation.invocation_id,
        function_name=found.declared.name,
        function_directory=str(Path(inspect.getfile(found.call)).parent),
        thread_local_storage=_invocation_of_thread,
        trace_context=SimpleNamespace(trace_parent="", trace_state="", attributes={}),
        retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
    )
