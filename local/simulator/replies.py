"""How is an answer written: JSON with ISO 8601 times, and errors in the vendor's words."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from local.simulator import answers


def reply(answer: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """The answer as JSON; a 204 has no body."""
    if status == 204:
        return web.Response(status=204, headers=headers)
    body = msgspec.json.encode(answer)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def problem(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An ApiErrorResult."""
    return reply(answers.api_error(status, message), status, headers)
