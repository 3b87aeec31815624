"""The app over HTTP on loopback, as the local host serves it, with everything at one environment, in memory."""

import io
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import azure.functions as func
from yarl import URL

from local.host.declarations import HttpFunction, resolve
from local.host.direct import DirectInvoker
from shared import bootstrap
from shared.bootstrap import House
from shared.ports import Ports
from tests.access.doors import DOORS
from tests.access.scene import Scene
from tests.access.visitors import OWNER
from tests.e2e.app import RunningApp, furnished_app
from tests.functions.support import VARIABLES
from tests.tokens import of_administrator, validator

LIVE = "live"


@dataclass(frozen=True, slots=True)
class Address:
    """A function at a method and an address, with the body that it wants."""

    function: str
    method: str
    path: str
    body: object


@dataclass(slots=True)
class SceneApp:
    """The app, and what it is furnished with now."""

    app: RunningApp
    scene: Scene

    async def refurnish(self, change: Callable[[Ports], Ports] = lambda ports: ports) -> None:
        """One thing of everything again, and ports that are changed."""
        self.scene = Scene(OWNER)
        ports = change(await self.scene.ports())
        loop = next(loop for loop, house in bootstrap._houses.items() if house is self.app.house)
        self.app.house = replace(self.app.house, ports=ports)
        bootstrap._houses[loop] = self.app.house

    async def answer(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """What it answers an administrator, whatever that is."""
        sent = {**of_administrator(), **(headers or {})}
        data = None if body is None else io.BytesIO(body)  # aiohttp warns of large bytes
        url = URL(f"{self.app.base}{path}", encoded=True)
        async with self.app.session.request(method, url, data=data, headers=sent) as answer:
            return answer.status, dict(answer.headers), await answer.read()


@asynccontextmanager
async def scene_app(functions: Sequence[func.Function]) -> AsyncIterator[SceneApp]:
    """Serve it."""

    def furnished(house: House) -> House:
        return replace(house, tokens=validator(house.settings.entra))

    async with furnished_app(functions, VARIABLES, furnished) as app:
        made = SceneApp(app, Scene(OWNER))
        await made.refurnish()
        yield made


def http_functions(functions: Sequence[func.Function]) -> list[HttpFunction]:
    """Everything that answers requests, as the host sees it."""
    invoker = DirectInvoker(functions)
    found = [resolve(one, VARIABLES, "api") for one in invoker.functions]
    invoker.close()
    return [one for one in found if isinstance(one, HttpFunction)]


def addresses(functions: Sequence[func.Function]) -> list[Address]:
    """Every function at every method of its own, where there is something to be found."""
    return [
        Address(one.name, method, path_of(one), DOORS[one.name].body if one.name in DOORS else None)
        for one in http_functions(functions)
        for method in sorted(one.methods)
    ]


def path_of(function: HttpFunction) -> str:
    """A path that leads to a function."""
    if function.name == LIVE:
        return f"/{function.route.template}"
    door, path = DOORS[function.name], function.route.template
    for name, value in door.route.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, path
    return f"/{path}?{urlencode(door.query)}" if door.query else f"/{path}"
