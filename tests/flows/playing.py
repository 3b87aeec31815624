"""Sample flows that are switched on: subscribed by their own triggers, and run when they are called."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from local.connector.definition import Definition, Operation, read_definition
from local.connector.files import json_of
from local.entra.directory import API, DAEMON, TENANT
from local.flows.manifest import SOURCE, Source
from tests.actions.site import Site
from tests.flows.runner import Json, Run
from tests.flows.world import Outside

MANIFEST = Source(SOURCE).manifest
LOGIC_APP = "logic-app/segment-threshold.json"
# What a maker fills in; what hangs on the site is added to it.
FILLED_IN: Mapping[str, str] = {
    "cis_TeamId": "8b6117dc-a2d6-44bb-a1ad-755e6673a6e1",
    "cis_ChannelId": "19:a1b2c3@thread.tacv2",
    "cis_DataOwners": "owner@contoso.example;second@contoso.example",
    "cis_SegmentName": "HighValue",
    "cis_SegmentThreshold": "1000",
    "cis_MeasureName": "AverageBasket",
    "cis_MeasureAlias": "Value",
    "cis_MeasureTarget": "49.995",
    "cis_DownstreamUrl": "https://downstream.example/run",
    "cis_DownstreamResource": API.uri,
    "cis_SignalsResource": API.uri,
    "cis_DataSourceId": "1b7f2045-8d2c-4e66-9a1f-4c2e6b8d3f22",
    "cis_TenantId": TENANT,
    "cis_ClientId": DAEMON.id,
}
LOGIC_APP_SET: Mapping[str, object] = {
    "signalsResource": API.uri,
    "segmentName": "HighValue",
    "threshold": 1000,
    "notifyUrl": "https://notify.example/hook",
}


def definition_of(file: str) -> Json:
    """What a flow does."""
    document = json_of(SOURCE / file)
    found: Json = document.get("properties", document)["definition"]
    return found


@dataclass(slots=True)
class Platform:
    """Power Automate: the flows that are on, and the runs that they had, with what came in."""

    site: Site
    outside: Outside
    definition: Definition
    base: str = ""
    on: dict[str, Json] = field(default_factory=dict)
    runs: list[tuple[str, Run]] = field(default_factory=list)
    received: list[tuple[str, Any]] = field(default_factory=list)
    changed: dict[str, object] = field(default_factory=dict)

    @property
    def variables(self) -> Mapping[str, object]:
        """The environment variables, and the parameters of the Logic App."""
        place, app = self.site.environment_id, self.site.app.base
        return {
            **FILLED_IN,
            **LOGIC_APP_SET,
            "cis_EnvironmentId": place,
            "environmentId": place,
            "cis_SignalsUrl": app,
            "signalsUrl": app,
            **self.changed,
        }

    def run_of(self, file: str, trigger: Json | None = None) -> Run:
        """A run that has not begun."""
        return Run(definition_of(file), self.outside, self.variables, trigger or {})

    async def turn_on(self, file: str, **variables: str) -> str:
        """Subscribe a flow by its trigger alone, and answer the Location."""
        run = Run(definition_of(file), self.outside, {**self.variables, **variables})
        inputs = run.trigger_inputs()
        operation = self.definition.by_id[inputs["host"]["operationId"]]
        callback = {callback_field(operation): f"{self.base}/flows/{file}"}
        headers = {"x-ms-workflow-name": file, "x-ms-environment-id": "default"}
        answer = await self.outside.ask(operation.id, {**inputs["parameters"], **callback}, headers)
        assert answer.status == 201, answer
        self.on[file] = run.definition
        return answer.headers["Location"]

    async def receive(self, request: web.Request) -> web.Response:
        """Take an event, and run the flow with it."""
        file, body = request.match_info["file"], json.loads(await request.read())
        self.received.append((file, body))
        self.runs.append((file, await Run(self.on[file], self.outside, self.variables, {"body": body}).play()))
        return web.Response(status=202)

    async def play_day(self, every: timedelta) -> None:
        """Let a day pass at Customer Insights, with a poll at each step and all that follows of it."""
        scenario = self.site.simulation.scenario
        moment = scenario.start
        while moment <= scenario.end:
            await self.look(moment)
            moment += every

    async def look(self, moment: datetime) -> None:
        """One poll at a time of the source."""
        self.site.simulation.clock = self.site.simulation.clock.at(moment)
        await self.site.app.fire("tick")
        await self.site.app.pump("environment-polls")
        await self.site.app.pump()


@asynccontextmanager
async def running_platform(site: Site) -> AsyncIterator[Platform]:
    """One whose flows can be called; the secret in the key vault is that of the application they sign in with."""
    definition = read_definition()
    outside = Outside(site, definition, MANIFEST.connector.api, {"cis_ClientSecret": DAEMON.secret})
    platform = Platform(site, outside, definition)
    receiver = web.Application()
    receiver.router.add_post("/flows/{file}", platform.receive)
    async with TestServer(receiver) as server:
        platform.base = str(server.make_url("")).rstrip("/")
        yield platform


def callback_field(operation: Operation) -> str:
    """The field that the platform fills in with where a flow is called."""
    (found,) = [one.path for one in operation.fields if one.value_schema.get("x-ms-notification-url")]
    return found
