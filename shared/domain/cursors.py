"""Where a reader of an environment's feed has come to, as an opaque text: `triggerState`, and the cursor of a list."""

import base64
import binascii

from shared.errors import RequestInvalid

_VERSION = "1"
_LONGEST = 200


def write_cursor(environment_id: str, number: int) -> str:
    """The cursor after the event of this number."""
    return base64.urlsafe_b64encode(f"{_VERSION}:{environment_id}:{number}".encode()).decode().rstrip("=")


def read_cursor(text: str, environment_id: str, *, field: str) -> int:
    """The number of the last event that was read. Raises RequestInvalid for what this app did not write."""
    try:
        padded = text + "=" * (-len(text) % 4)
        version, environment, number = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(":")
    except (binascii.Error, ValueError):
        version = environment = number = ""
    if version != _VERSION or len(text) > _LONGEST or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise RequestInvalid(field, "is not one that this app gave out; leave it away to begin now")
    if environment != environment_id:
        raise RequestInvalid(field, "belongs to another environment; leave it away to begin now")
    return int(number)
