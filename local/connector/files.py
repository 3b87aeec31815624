"""What is in a file of the connector, as text or as a JSON object? Or one line on why it cannot be read."""

from pathlib import Path
from typing import Any

import msgspec

from local.errors import LocalError


def text_of(file: Path) -> str:
    """The text of a file. Raises LocalError."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{file} cannot be read: {error}") from None


def json_of(file: Path) -> dict[str, Any]:
    """The JSON object of a file. Raises LocalError."""
    return object_in(text_of(file), file)


def object_in(content: str | bytes, file: Path) -> dict[str, Any]:
    """The JSON object that was read of a file. Raises LocalError."""
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise LocalError(f"{file} holds no JSON object: {error}") from None
