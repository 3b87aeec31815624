"""Stand-ins for the protobuf classes that Azure's runtime fills while it indexes an app: bags of attributes."""

from types import SimpleNamespace


class StatusResult(SimpleNamespace):
    """Did a request succeed?"""

    Failure = 0
    Success = 1


class BindingInfo(SimpleNamespace):
    """One binding; the numbers are directions and data types."""

    undefined = 0
    out = 1
    inout = 2


class RpcFunctionMetadata(SimpleNamespace):
    """One function: name, function_id, raw_bindings and more."""


class RpcRetryOptions(SimpleNamespace):
    """A retry policy."""


class RpcException(SimpleNamespace):
    """An error: message and stack_trace."""


class WorkerMetadata(SimpleNamespace):
    """Which runtime answers."""


class WorkerInitResponse(SimpleNamespace):
    """The answer to the first request: capabilities and result."""


class FunctionMetadataResponse(SimpleNamespace):
    """The answer with all functions: function_metadata_results."""
