"""What does a flow get? An HTTP receiver that plays Power Automate: it takes events, shows them, and can misbehave."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import msgspec
from aiohttp import web

from local.children import require_free
from local.errors import LocalError
from local.inbox_page import Call, page
from local.options import OneLineParser

LARGEST_BODY = 100 * 1024 * 1024  # what an HTTP trigger of Power Automate takes
NOT_KEPT = frozenset({"authorization"})


class Behaviour(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How a flow answers its next calls; without `times`, all of them."""

    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 202
    times: Annotated[int, msgspec.Meta(ge=0)] | None = None
    retry_after: Annotated[float, msgspec.Meta(ge=0)] | None = None
    delay_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0
    body: object = None


class Inbox:
    """All calls since the start, and how each flow is to answer."""

    def __init__(self, file: Path | None = None) -> None:
        self.calls: list[Call] = []
        self.behaviours: dict[str, Behaviour] = {}
        self._file = file

    def keep(self, flow: str, status: int, headers: dict[str, str], body: object) -> Call:
        """Number a call and keep it, in the file too."""
        run_id = f"0858{uuid4().int % 10**28:028d}CU00"
        call = Call(len(self.calls) + 1, flow, datetime.now(UTC), status, run_id, headers, body)
        self.calls.append(call)
        if self._file is not None:
            with self._file.open("ab") as lines:
                lines.write(msgspec.json.encode(call) + b"\n")
        return call

    def next_behaviour(self, flow: str) -> Behaviour:
        """How this flow answers now; a limited behaviour is used up by it."""
        now = self.behaviours.get(flow, Behaviour())
        if now.times == 0:
            return Behaviour()
        if now.times is not None:
            self.behaviours[flow] = msgspec.structs.replace(now, times=now.times - 1)
        return now


INBOX = web.AppKey("inbox", Inbox)


def make_app(file: Path | None = None) -> web.Application:
    """The receiver as an application of its own."""
    app = web.Application(client_max_size=LARGEST_BODY)
    app[INBOX] = Inbox(file)
    app.router.add_get("/", show_page)
    app.router.add_get("/flows", list_calls)
    app.router.add_post("/flows/{flow}", take_call)
    app.router.add_post("/behave/{flow}", behave)
    return app


async def take_call(request: web.Request) -> web.Response:
    """Answer as the flow would: 202 and the id of the run that it starts, unless it was told to misbehave."""
    inbox, flow = request.app[INBOX], request.match_info["flow"]
    body = decoded(await request.read())
    behaviour = inbox.next_behaviour(flow)
    await asyncio.sleep(behaviour.delay_seconds)
    headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_KEPT}
    call = inbox.keep(flow, behaviour.status, headers, body)
    answer = {"x-ms-workflow-run-id": call.run_id} if behaviour.status < 300 else {}
    if behaviour.retry_after is not None:
        answer["Retry-After"] = f"{behaviour.retry_after:g}"
    if behaviour.body is None:
        return web.Response(status=behaviour.status, headers=answer)
    said = msgspec.json.encode(behaviour.body)
    return web.Response(status=behaviour.status, headers=answer, body=said, content_type="application/json")


def decoded(body: bytes) -> object:
    """The JSON that was sent, or the text when it is none."""
    try:
        value: object = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body.decode("utf-8", errors="replace")
    return value


async def behave(request: web.Request) -> web.Response:
    """Tell a flow how to answer its next calls."""
    try:
        behaviour = msgspec.json.decode(await request.read(), type=Behaviour)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        known = ", ".join(Behaviour.__struct_fields__)
        return web.Response(status=400, text=f"A behaviour has {known}: {error}\n")
    request.app[INBOX].behaviours[request.match_info["flow"]] = behaviour
    return web.Response(status=204)


async def list_calls(request: web.Request) -> web.Response:
    """Every call, or those numbered after `since`."""
    since = request.query.get("since", "0")
    if not since.isdigit():
        return web.Response(status=400, text="since is the number of a call, such as 0\n")
    calls = request.app[INBOX].calls[int(since) :]
    return web.Response(body=msgspec.json.encode(calls), content_type="application/json")


async def show_page(request: web.Request) -> web.Response:
    """The calls as a page for a person, newest first."""
    address = f"{request.scheme}://{request.host}"
    return web.Response(text=page(request.app[INBOX].calls, address), content_type="text/html")


def main(arguments: Sequence[str] | None = None) -> int:
    """Receive until a signal to end."""
    description = "Play Power Automate: take events over HTTP, show them, and misbehave when told so."
    parser = OneLineParser(prog="python -m local.inbox", description=description)
    parser.add_argument("--port", type=int, default=7073, help="where to listen on 127.0.0.1 (default 7073)")
    parser.add_argument("--file", type=Path, help="append every call to this file, a JSON line each")
    options = parser.parse_args(arguments)
    try:
        require_free(options.port, "flow inbox", "--port")
    except LocalError as error:
        print(error)
        return 2
    print(f"Flow inbox ready on http://127.0.0.1:{options.port}", flush=True)
    web.run_app(make_app(options.file), host="127.0.0.1", port=options.port, print=None, access_log=None)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
