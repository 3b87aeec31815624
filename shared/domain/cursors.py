"""Where a reader of an environment's feed has come to, as an opaque text: `triggerState`, and the cursor of a list."""

import base64

from shared.errors import RequestInvalid

_VERSION = "1"
_LONGEST = 200
_LAST = 10**18 - 1


def write_cursor(environment_id: str, number: int) -> str:
    """The cursor after the event of this number."""
    return base64.urlsafe_b64encode(f"{_VERSION}:{environment_id}:{number}".encode()).decode().rstrip("=")


def read_cursor(text: str, environment_id: str, *, field: str) -> int:
    """The number of the last event that was read. Raises RequestInvalid for what this app did not write."""
    try:
        padded = text + "=" * (-len(text) % 4)
        _, environment, digits = base64.b64decode(padded, altchars=b"-_").decode().split(":")
        number = int(digits)
    except ValueError:
        environment, number = "", -1
    # Written once more, because base64 and int read much that was never written, and not the same in every Python.
    if len(text) > _LONGEST or not 0 <= number <= _LAST or write_cursor(environment, number) != text:
        raise RequestInvalid(field, "is not one that this app gave out; leave it away to begin now")
    if environment != environment_id:
        raise RequestInvalid(field, "belongs to another environment; leave it away to begin now")
    return number
