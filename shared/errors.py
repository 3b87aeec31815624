"""Every exception of ours, in one tree.

SignalsError                  reason: a short code, safe to log and to count
  x SettingsInvalid           the app cannot start with these settings
  x RequestInvalid            a caller's mistake (field, problem): 400
  x NotAuthenticated          no token that counts: 401; the reason is for the log
      x ClaimsNeeded          Entra ID wants more of the user first: 401 with its claims
  x Forbidden                 a good token that does not allow this: 403
  x IdentityUnavailable       Entra ID cannot be asked: 503
  x NotFound                  no such thing, or not yours: 404
  x Conflict                  it cannot be done to this thing as it is: 409
  x CheckpointConflict        somebody else committed first: give up quietly
  x SubscriptionBusy          others change the same subscription all the time: try again
  x StateInvalid              a checkpoint document that cannot be read
  x MessageInvalid            a queue message nobody can read: poison
  x CallbackRejected          a callback URL we will not call
  x DeliveryFailed            an attempt that got no answer
  x InsightsError             the Customer Insights API
      x InsightsUnavailable   network, time-out, 408, 5xx: try again later
      x InsightsThrottled     429: try again after retry_after_seconds
      x InsightsRefused       401, 403: the identity or the subscription key
      x InsightsNotFound      404: no such environment or object
      x InsightsForbidden     403 to a user on whose behalf it was called: 403
      x InsightsConflict      409 to a caller's action: 409
      x InsightsDeclined      400 and the like to a caller's action: 400
      x InsightsTimeout       no answer in time: 504
      x InsightsOutcomeUnknown a write that may have been done: 409, which nobody repeats by himself
      x InsightsRejected      any other 4xx
      x InsightsAnswerInvalid an answer that is not what the API documents

A class's docstring is its default message. No message holds a secret or a callback URL.
"""

from collections.abc import Mapping


class SignalsError(Exception):
    """Something went wrong."""

    reason = "error"

    def __init__(self, message: str | None = None, *, reason: str | None = None) -> None:
        super().__init__(message or self.__doc__)
        if reason is not None:
            self.reason = reason


class SettingsInvalid(SignalsError):
    """The settings do not allow a start."""

    reason = "settings_invalid"


class RequestInvalid(SignalsError):
    """The request has a field that cannot be used."""

    reason = "request_invalid"

    def __init__(self, field: str, problem: str, *, reason: str | None = None) -> None:
        super().__init__(f"{field}: {problem}", reason=reason)
        self.field = field
        self.problem = problem


class _Refused(SignalsError):
    """`named` is what the log tells of the caller, beside the reason."""

    def __init__(
        self, message: str | None = None, *, reason: str | None = None, named: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, reason=reason)
        self.named: Mapping[str, str] = named or {}


class NotAuthenticated(_Refused):
    """Send an access token for this app as Authorization: Bearer; docs/access.md says where it comes from."""

    reason = "not_authenticated"


class ClaimsNeeded(NotAuthenticated):
    """Entra ID asks the user to sign in again."""

    reason = "claims_needed"

    def __init__(self, claims: str = "", *, reason: str | None = None) -> None:
        super().__init__(reason=reason)
        self.claims = claims


class Forbidden(_Refused):
    """The token does not allow this; docs/access.md says which scope or role each call needs."""

    reason = "forbidden"


class IdentityUnavailable(SignalsError):
    """Entra ID cannot be asked at the moment; try again."""

    reason = "identity_unavailable"

    def __init__(
        self, message: str | None = None, *, reason: str | None = None, retry_after_seconds: float = 30.0
    ) -> None:
        super().__init__(message, reason=reason)
        self.retry_after_seconds = retry_after_seconds


class NotFound(SignalsError):
    """There is no such thing."""

    reason = "not_found"


class Conflict(SignalsError):
    """It cannot be done as things are."""

    reason = "conflict"


class SubscriptionBusy(SignalsError):
    """Others are changing this subscription; try again."""

    reason = "subscription_busy"


class CheckpointConflict(SignalsError):
    """Another poll committed this environment first."""

    reason = "checkpoint_conflict"


class StateInvalid(SignalsError):
    """A checkpoint cannot be read."""

    reason = "state_invalid"


class MessageInvalid(SignalsError):
    """The queue message cannot be read."""

    reason = "message_invalid"


class CallbackRejected(SignalsError):
    """The callback URL is not one that this app calls."""

    reason = "callback_rejected"


class DeliveryFailed(SignalsError):
    """The flow could not be reached."""

    reason = "delivery_failed"


class InsightsError(SignalsError):
    """The Customer Insights API did not do what was asked."""

    reason = "insights_error"

    def __init__(
        self, message: str | None = None, *, reason: str | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, reason=reason)
        self.retry_after_seconds = retry_after_seconds


class InsightsUnavailable(InsightsError):
    """The Customer Insights API cannot be reached."""

    reason = "insights_unavailable"


class InsightsThrottled(InsightsError):
    """The Customer Insights API asks to slow down."""

    reason = "insights_throttled"


class InsightsRefused(InsightsError):
    """The Customer Insights API refuses the app's identity or its subscription key."""

    reason = "insights_refused"


class InsightsNotFound(InsightsError):
    """The Customer Insights API knows no such environment or object."""

    reason = "insights_not_found"


class InsightsForbidden(InsightsRefused):
    """Customer Insights does not allow this to the user: the user's role there decides."""

    reason = "insights_forbidden"


class InsightsConflict(InsightsError):
    """Customer Insights has this already, or it is being changed."""

    reason = "insights_conflict"


class InsightsDeclined(InsightsError):
    """Customer Insights does not accept the request."""

    reason = "insights_declined"


class InsightsOutcomeUnknown(InsightsError):
    """It is not known whether this was done: look before you try again."""

    reason = "outcome_unknown"


class InsightsTimeout(InsightsUnavailable):
    """Customer Insights gave no answer in time."""

    reason = "insights_timeout"


class InsightsRejected(InsightsError):
    """The Customer Insights API rejects the request."""

    reason = "insights_rejected"


class InsightsAnswerInvalid(InsightsError):
    """The Customer Insights API answered something that cannot be read."""

    reason = "insights_answer_invalid"
