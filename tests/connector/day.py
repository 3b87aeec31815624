"""A day of flows as the connector's definition says: of each kind one that is called, and one that polls."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
from aiohttp import web
from aiohttp.test_utils import TestServer

from local.azurite import running_azurite
from local.connector.definition import read_definition
from tests.actions.site import Site, running_site
from tests.connector.designer import Designer
from tests.e2e.app import FLOW_QUEUES, Answered
from tests.entra import Entra

DEFINITION = read_definition()
WEBHOOKS = [one.id for one in DEFINITION.triggers if one.trigger == "single"]
LOOK_EVERY_MINUTES = 20
REFUSED = "refused"
REFUSAL = {"error": {"code": "TriggerInputSchemaMismatch", "message": "It does not fit."}}
NUMBERS: Mapping[str, Mapping[str, Any]] = {  # which nobody can list, and what goes with them
    "WhenSegmentCrossesThreshold": {"segmentName": "AtRisk", "threshold": 400},
    "WhenMeasureCrossesThreshold": {"measureName": "AverageBasket", "alias": "Value", "threshold": 49.995},
    "WhenDataSourceIsOverdue": {"withinHours": 30},
}


@dataclass(slots=True)
class Day:
    """What came of it: where each flow was subscribed, what it was called with, what its polling twin found."""

    site: Site
    designer: Designer
    receiver: str
    called: Mapping[str, list[bytes]]
    locations: dict[str, str] = field(default_factory=dict)
    polls: dict[str, str] = field(default_factory=dict)
    polled: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    async def switch_on(self, trigger: str) -> None:
        """A flow with the webhook, and one that polls for the same."""
        here = {"environmentId": self.site.environment_id, **NUMBERS.get(trigger, {})}
        in_body = {f"body/{name}": value for name, value in here.items()}
        given = await self.designer.fill(DEFINITION.by_id[trigger], in_body)
        self.locations[trigger] = await self.designer.subscribe(trigger, given, f"{self.receiver}/{trigger}")
        twin = f"{trigger}Polling"
        found, self.polls[trigger] = await self.designer.poll(
            twin, await self.designer.fill(DEFINITION.by_id[twin], here)
        )
        assert not found

    async def look(self) -> None:
        """The app polls, and its queues are worked off."""
        await self.site.app.fire("tick")
        await self.site.app.pump("environment-polls", *FLOW_QUEUES)

    async def play(self) -> None:
        """From midnight to midnight; then Customer Insights is away for a while."""
        simulation = self.site.simulation
        while simulation.now() < simulation.scenario.end:
            self.site.wait(minutes=LOOK_EVERY_MINUTES)
            await self.look()
        self.site.fault("fail")
        for _ in range(3):
            self.site.wait(minutes=6)
            await self.look()
        self.site.fault("none")
        await self.look()

    async def poll(self, trigger: str) -> None:
        """The polling flow looks until nothing is new."""
        while True:
            found, self.polls[trigger] = await self.designer.poll_at(self.polls[trigger])
            if not found:
                return
            self.polled[trigger] += found


@asynccontextmanager
async def played_day(functions: Sequence[func.Function], entra: Entra, folder: Path) -> AsyncIterator[Day]:
    """All flows on, the day played, the polling ones asked; one more flow refuses what it is called with."""
    called: dict[str, list[bytes]] = defaultdict(list)

    async def receive(request: web.Request) -> web.Response:
        name = request.path.removeprefix("/")
        called[name].append(await request.read())
        return web.json_response(REFUSAL, status=400) if name == REFUSED else web.Response(status=202)

    receiver = web.Application()
    receiver.router.add_post("/{name}", receive)
    with running_azurite(folder) as storage:
        async with (
            TestServer(receiver) as server,
            running_site(functions, entra, storage=storage.connection_string) as site,
        ):
            site.simulation.clock = site.simulation.clock.at(site.simulation.scenario.start)
            day = Day(site, _designer(site), str(server.make_url("")).rstrip("/"), called)
            for trigger in WEBHOOKS:
                await day.switch_on(trigger)
            refusing = {"body/environmentId": site.environment_id}
            address = f"{day.receiver}/{REFUSED}"
            day.locations[REFUSED] = await day.designer.subscribe("WhenFullRefreshCompletes", refusing, address)
            await day.play()
            for trigger in WEBHOOKS:
                await day.poll(trigger)
            yield day


def _designer(site: Site) -> Designer:
    async def send(method: str, address: str, body: object) -> Answered:
        return await site.ask(method, address, body)

    def wait(seconds: float) -> None:
        site.wait(minutes=timedelta(seconds=seconds).total_seconds() / 60)

    return Designer(DEFINITION, site.app.base, send, wait)
