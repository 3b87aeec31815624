"""Which function answers this HTTP request, and what does it answer?"""

from collections.abc import Mapping, Sequence

from aiohttp import web
from azure.functions.meta import Datum
from multidict import CIMultiDict

from local.host.declarations import HttpFunction
from local.host.invoke import Outcome
from local.host.runner import Runner

BODY_LIMIT = 100 * 1024 * 1024


class HttpFront:
    """The HTTP side of the host. Function keys are not asked for, as in Core Tools."""

    def __init__(self, functions: Sequence[HttpFunction], runner: Runner) -> None:
        self._functions = sorted(functions, key=lambda function: function.route.rank)
        self._runner = runner

    def application(self) -> web.Application:
        """Make the aiohttp application; the routes are matched here, by Azure's rules."""
        application = web.Application(client_max_size=BODY_LIMIT)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        found = self._match(request)
        if found is None:
            return web.Response(status=404)
        function, parameters = found
        value = _request_datum(request, parameters, await request.read())
        reason = "This function was programmatically called via the host APIs."
        return _response(await self._runner.run(function.name, value, reason=reason))

    def _match(self, request: web.Request) -> tuple[HttpFunction, Mapping[str, str]] | None:
        for function in self._functions:
            if function.methods and request.method not in function.methods:
                continue
            parameters = function.route.match(request.rel_url.raw_path)
            if parameters is not None:
                return function, parameters
        return None


def _request_datum(request: web.Request, parameters: Mapping[str, str], body: bytes) -> Datum:
    headers = {name.lower(): ",".join(request.headers.getall(name)) for name in request.headers}
    query = {name: ",".join(request.query.getall(name)) for name in request.query}
    return Datum(
        {
            "method": Datum(request.method, "string"),
            "url": Datum(str(request.url), "string"),
            "headers": _strings(headers),
            # Azure's host leaves parameters without a value out.
            "query": _strings({name: text for name, text in query.items() if text}),
            "params": _strings(parameters),
            "body": Datum(body, "bytes"),
        },
        "http",
    )


def _strings(texts: Mapping[str, str]) -> dict[str, Datum]:
    return {name: Datum(text, "string") for name, text in texts.items()}


def _response(outcome: Outcome) -> web.Response:
    if not outcome.ok or outcome.value is None:
        return web.Response(status=500)
    if outcome.value.type != "http":
        return web.Response(text=outcome.value.value)
    answer = outcome.value.value
    headers = CIMultiDict((name, datum.value) for name, datum in answer["headers"].items())
    headers.popall("content-length", None)
    for jar in answer["cookies"] or ():
        headers.extend(("Set-Cookie", morsel.OutputString()) for morsel in jar.values())
    return web.Response(status=int(answer["status_code"].value), headers=headers, body=answer["body"].value)
