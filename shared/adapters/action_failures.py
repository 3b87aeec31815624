"""What an answer of the Customer Insights API that is no success means to the caller of an action."""

from shared.adapters.insights_http import Reply, failure_of, fault_of, told
from shared.adapters.retry_after import retry_after_seconds
from shared.errors import (
    ClaimsNeeded,
    InsightsAnswerInvalid,
    InsightsConflict,
    InsightsDeclined,
    InsightsError,
    InsightsForbidden,
    InsightsNotFound,
    InsightsThrottled,
)

_UNIQUE_NAMES = "things go by unique names or ids, and case counts"


def is_about_the_key(reply: Reply) -> bool:
    """The gateway before the API refuses this app's subscription key: no fault of the user's."""
    return "AzureApiManagementKey" in reply.headers.get("WWW-Authenticate", "")


def is_about_the_token(reply: Reply) -> bool:
    """The token itself is refused, not what its user may do."""
    challenge = reply.headers.get("WWW-Authenticate", "")
    return "invalid_token" in challenge or "insufficient_claims" in challenge


def unauthorized(reply: Reply) -> InsightsForbidden | ClaimsNeeded:
    """The API declares 401, not 403, nearly everywhere: it stands for a user without a role there too."""
    if claims := _claims(reply.headers.get("WWW-Authenticate", "")):
        return ClaimsNeeded(claims)
    return InsightsForbidden("Customer Insights does not let the user in (401): a role at the environment is needed.")


def failure_of_action(reply: Reply, *, as_user: bool) -> InsightsError:
    """What an answer of 300 or more means to the caller of an action."""
    status, word = reply.status, told(reply).removeprefix(", ")
    said = f" ({word})" if word else ""
    wait = retry_after_seconds(reply.headers.get("Retry-After"))
    if status < 400:
        return InsightsAnswerInvalid(f"Customer Insights answered with a redirect ({status}), which is not followed.")
    if status == 403 and as_user:
        return InsightsForbidden(f"Customer Insights does not allow this{said}: the user's role there decides.")
    if status == 404:
        return InsightsNotFound(f"Customer Insights knows no such environment or thing{said}: {_UNIQUE_NAMES}.")
    if status == 409:
        return InsightsConflict(f"Customer Insights has this already, or it is being changed{said}.")
    if status == 429:
        return InsightsThrottled(f"Customer Insights asks to slow down{said}.", retry_after_seconds=wait or 30.0)
    if status < 500 and status not in (401, 403, 408):
        return InsightsDeclined(f"Customer Insights does not accept the request ({status}{_explained(reply)}).")
    return failure_of(reply)


def _claims(challenge: str) -> str:
    """The claims of a challenge, in the base64 that they come in and go on in."""
    found = challenge.partition('claims="')[2].partition('"')[0]
    return found if found.isascii() and len(found) <= 4096 and "insufficient_claims" in challenge else ""


def _explained(reply: Reply) -> str:
    """The vendor's message on a mistake of the caller's: what to do is in it."""
    fault = fault_of(reply)
    words = " ".join((fault.message or fault.error_code or fault.name or "").split())
    return f": {words[:500]}" if words else ""
