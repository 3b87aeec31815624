"""How does an environment of any size answer over HTTP? With what bench/made_up.py made up, served as bytes."""

from dataclasses import dataclass, field

from aiohttp import web

from bench.made_up import BIG, MadeUp, Size

_LISTS = ("jobs", "headlines", "status", "segments", "measures")


@dataclass(slots=True)
class Vendor:
    """The answers, before a job grew the first segments and after it: set `grown`."""

    size: Size
    grown: bool = False
    made_up: MadeUp = field(init=False)

    def __post_init__(self) -> None:
        self.made_up = MadeUp(self.size)
        for grown in (False, True):
            for what in _LISTS:
                self.made_up.answer(what, grown=grown)

    @property
    def app(self) -> web.Application:
        """What serves them; the small environments have nothing but a name."""
        made = web.Application()
        made.router.add_get("/v1/instances/{id}/workflows/main/{what}", self._answer)
        made.router.add_get("/v1/instances/{id}/manage/{what}", self._answer)
        made.router.add_get("/v1/instances/{id}/manage/measures/{name}", self._one_measure)
        made.router.add_post("/grow", self._grow)
        return made

    async def _answer(self, request: web.Request) -> web.Response:
        what = request.match_info["what"]
        if request.query.get("includeTasks") == "false":
            what = "headlines"
        body = b"[]" if request.match_info["id"] != BIG else self.made_up.answer(what, grown=self.grown)
        return web.Response(body=body, content_type="application/json")

    async def _one_measure(self, request: web.Request) -> web.Response:
        number = int(request.match_info["name"].removeprefix("Measure"))
        return web.Response(body=self.made_up.one_measure(number), content_type="application/json")

    async def _grow(self, _: web.Request) -> web.Response:
        self.grown = True
        return web.Response(status=204)
