"""Runs the app's functions through `azure-functions-runtime`, the library that Azure loads for Python 3.13 and newer.

`native_invocation` is an internal interface of that library: pinned in requirements-dev.txt, used here only, and held
to the same results as the direct call by a contract test.
"""

import importlib.util
import logging
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

from local.host import protos
from local.host.declarations import Declared, declared
from local.host.errors import HostError
from local.host.invoke import Invocation, Outcome


def runtime_is_installed() -> bool:
    """The library is here, in a version with native invocation."""
    try:
        return importlib.util.find_spec("azure_functions_runtime.native_invocation") is not None
    except ModuleNotFoundError:
        return False


class RuntimeInvoker:
    """Hands each call to Microsoft's runtime; one per process, for the runtime indexes once."""

    def __init__(self, metadata: Sequence[SimpleNamespace]) -> None:
        self._ids = {found.name: found.function_id for found in metadata}
        self._functions = [declared(found.name, found.raw_bindings) for found in metadata]
        self._triggers = {found.name: found.trigger.name for found in self._functions}

    @classmethod
    async def open(cls, app_dir: Path) -> "RuntimeInvoker":
        """Start the runtime and let it index the app."""
        import azure_functions_runtime as runtime

        # It logs each failure of the app; so does the host, with the function's name.
        logging.getLogger("azure.functions").addFilter(lambda record: record.msg != "Native invocation failed")
        runtime.start_threadpool_executor()
        answer = await runtime.worker_init_request(_init_request(app_dir))
        if answer.result.status != protos.StatusResult.Success:
            runtime.stop_threadpool_executor()
            raise HostError(f"the app cannot be indexed: {answer.result.exception.message.splitlines()[0]}")
        listed = await runtime.functions_metadata_request(SimpleNamespace())
        return cls(listed.function_metadata_results or ())

    @property
    def functions(self) -> Sequence[Declared]:
        """What the app declares."""
        return self._functions

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Call a function; an exception of the app is an outcome, never raised here."""
        from azure_functions_runtime.native_invocation import invocation_request_native

        ok, value, _, error, trace = await invocation_request_native(
            invocation_id=invocation.invocation_id,
            function_id=self._ids[invocation.function],
            inputs=[(self._triggers[invocation.function], invocation.value)],
            trigger_metadata=invocation.metadata,
        )
        return Outcome(value=value) if ok else Outcome(error=error or "failed", traceback=trace or "")

    def close(self) -> None:
        """Let go of the threads; one that still runs is not waited for."""
        from azure_functions_runtime import get_threadpool_executor

        threads = get_threadpool_executor()
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)


def _init_request(app_dir: Path) -> SimpleNamespace:
    inner = SimpleNamespace(capabilities={}, function_app_directory=str(app_dir))
    return SimpleNamespace(
        request=SimpleNamespace(worker_init_request=inner),
        properties={"protos": protos, "host": "127.0.0.1"},
    )
