"""How does Entra ID refuse? Its error codes and words (AADSTS...), in its answer's shape."""

import uuid
from datetime import UTC, datetime
from typing import Any


class RefusedError(Exception):
    """A refusal of the token endpoint."""

    def __init__(
        self, error: str, code: int, message: str, *, status: int = 400, suberror: str = "", claims: str = ""
    ) -> None:
        super().__init__(message)
        self.error, self.code, self.message, self.status = error, code, message, status
        self.suberror, self.claims = suberror, claims

    def body(self) -> dict[str, Any]:
        """The answer."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        said = f"AADSTS{self.code}: {self.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        more = {"suberror": self.suberror, "claims": self.claims}
        return {
            "error": self.error,
            "error_description": said,
            "error_codes": [self.code],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
            **{name: value for name, value in more.items() if value},
        }


def missing(parameter: str) -> RefusedError:
    """A parameter that is not there."""
    return RefusedError(
        "invalid_request", 900144, f"The request body must contain the following parameter: '{parameter}'."
    )


def no_tenant(tenant: str) -> RefusedError:
    """A tenant that nobody knows."""
    return RefusedError("invalid_tenant", 90002, f"Tenant '{tenant}' not found. Check to make sure it is correct.")


def no_app(client_id: str, tenant: str) -> RefusedError:
    """An app that the tenant does not have."""
    return RefusedError(
        "unauthorized_client",
        700016,
        f"Application with identifier '{client_id}' was not found in the directory '{tenant}'.",
    )


def no_resource(named: str, tenant: str) -> RefusedError:
    """A resource that the tenant does not have."""
    return RefusedError(
        "invalid_resource",
        500011,
        f"The resource principal named {named} was not found in the tenant named {tenant}.",
    )


def busy() -> RefusedError:
    """A service that is down."""
    return RefusedError(
        "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.", status=503
    )
