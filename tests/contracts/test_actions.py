"""What callers can do at Customer Insights: the fake in memory and the client of the API do the same."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestServer

from local.entra.directory import ADMIN, INSIGHTS, OUTSIDER, USERS, VIEWER, User
from local.simulator.identity import check_with
from local.simulator.people import CUSTOMER_COLUMNS, customers
from local.simulator.scenario import load_scenario
from local.simulator.server import make_app, simulation_of
from shared.acting import InsightsActions
from shared.adapters.insights_actions import CustomerInsightsActions
from shared.adapters.insights_http import InsightsHttp
from shared.adapters.memory_actions import MemoryActions
from shared.domain.callers import Caller
from shared.domain.catalog import Attribute, DataSource, Entity, EnvironmentInfo, MeasureInfo, SegmentInfo
from shared.errors import InsightsConflict, InsightsDeclined, InsightsForbidden, InsightsNotFound
from tests.adapters.vendor import KEY
from tests.tokens import ISSUER, MINT

SCENARIO = Path("local/scenarios/day.toml")
SOURCE = "1b7f2045-8d2c-4e66-9a1f-4c2e6b8d3f22"
Call = Callable[[InsightsActions, str], Awaitable[object]]
WRITES: Mapping[str, Call] = {
    "start a job": lambda one, place: one.start_job(place, "segmentation", "HighValue"),
    "switch off": lambda one, place: one.set_segment_active(place, "HighValue", active=False),
    "create": lambda one, place: one.create_item(place, "Customer", b'{"CustomerId":"new"}', {}),
    "update": lambda one, place: one.update_item(place, "Customer", "new", b"{}", {}),
}
READS: Mapping[str, Call] = {
    "sources": lambda one, place: one.data_sources(place),
    "source": lambda one, place: one.data_source(place, SOURCE),
    "segments": lambda one, place: one.segments(place),
    "measures": lambda one, place: one.measures(place),
    "measure": lambda one, place: one.measure(place, "Revenue"),
    "jobs": lambda one, place: one.jobs(place, top=5),
    "entities": lambda one, place: one.entities(place),
    "entity": lambda one, place: one.entity(place, "Customer"),
    "size": lambda one, place: one.entity_size(place, "Customer"),
    "items": lambda one, place: one.items(place, "Customer", {}),
}
MISSING: Mapping[str, Call] = {
    "source": lambda one, place: one.data_source(place, "none"),
    "segment": lambda one, place: one.set_segment_active(place, "None", active=True),
    "measure": lambda one, place: one.measure(place, "None"),
    "job": lambda one, place: one.job(place, "none"),
    "cancel": lambda one, place: one.cancel_job(place, "none"),
    "entity": lambda one, place: one.entity(place, "None"),
    "size": lambda one, place: one.entity_size(place, "None"),
    "items": lambda one, place: one.items(place, "None", {}),
    "create": lambda one, place: one.create_item(place, "None", b"{}", {}),
    "update": lambda one, place: one.update_item(place, "Customer", "none", b"{}", {}),
}


@dataclass(slots=True)
class Place:
    """An environment, as different people see it."""

    environment_id: str
    of: Callable[[User], InsightsActions]

    def __call__(self, user: User = ADMIN) -> InsightsActions:
        return self.of(user)


@dataclass(frozen=True, slots=True)
class Signed:
    """A user's token for the API."""

    user: User

    async def get(self) -> str:
        return MINT.user(self.user, resource=INSIGHTS)

    def forget(self) -> None:
        """Each one is a new one."""


def in_memory(environment_id: str, people: list[dict[str, Any]]) -> Place:
    """The fake, showing what the day has at noon."""
    columns = tuple(Attribute(one.name, one.name, one.kind) for one in CUSTOMER_COLUMNS)
    made = MemoryActions(
        info=EnvironmentInfo(environment_id, "Contoso Retail", "sandbox", "local"),
        source_list=(DataSource(SOURCE, "Web orders"),),
        segment_list=(SegmentInfo("HighValue", "High value customers", state="active"),),
        measure_list=(MeasureInfo("Revenue", "Revenue", aliases=("Total", "Orders"), values={"Total": "95800.00"}),),
        entity_list=(Entity("Customer", "Customer", attributes=columns, keys=("CustomerId",)),),
        rows={"Customer": people},
        roles={user.oid: (user.role,) if user.role else () for user in USERS},
    )

    def of(user: User) -> InsightsActions:
        return made(Caller(user.oid), environment_id)

    return Place(environment_id, of)


@asynccontextmanager
async def at_the_simulator(environment_id: str) -> AsyncIterator[Place]:
    """The client, with the tokens of users."""
    simulation = simulation_of(load_scenario(SCENARIO), paused=True)
    simulation.clock = simulation.clock.at(simulation.scenario.start.replace(hour=12))
    async with TestServer(make_app(simulation, check=check_with(ISSUER))) as server:
        http = InsightsHttp(str(server.make_url("/v1")))

        def of(user: User) -> InsightsActions:
            return CustomerInsightsActions(http, KEY, Signed(user))

        yield Place(environment_id, of)
        await http.close()


@pytest.fixture(params=["memory", "simulator"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    scenario = load_scenario(SCENARIO)
    environment_id = scenario.environments[0].id
    if request.param == "memory":
        yield in_memory(environment_id, [dict(one) for one in customers(scenario.seed, environment_id)])
        return
    async with at_the_simulator(environment_id) as found:
        yield found


async def test_the_environments_are_those_of_the_callers_roles(place: Place) -> None:
    expected = EnvironmentInfo(place.environment_id, "Contoso Retail", "sandbox", "local")
    assert await place().environments() == (expected,)
    assert await place(OUTSIDER).environments() == ()


async def test_a_role_is_told(place: Place) -> None:
    for user in USERS:
        if user.role:
            assert await place(user).my_roles(place.environment_id) == (user.role,)
    with pytest.raises(InsightsForbidden):
        await place(OUTSIDER).my_roles(place.environment_id)


@pytest.mark.parametrize("read", READS)
async def test_who_has_a_role_reads(place: Place, read: str) -> None:
    assert await READS[read](place(VIEWER), place.environment_id)
    with pytest.raises(InsightsForbidden):
        await READS[read](place(OUTSIDER), place.environment_id)


@pytest.mark.parametrize("write", WRITES)
async def test_who_only_reads_does_not_write(place: Place, write: str) -> None:
    for user in (VIEWER, OUTSIDER):
        with pytest.raises(InsightsForbidden):
            await WRITES[write](place(user), place.environment_id)


@pytest.mark.parametrize("call", MISSING)
async def test_what_is_not_there_is_not_found(place: Place, call: str) -> None:
    with pytest.raises(InsightsNotFound):
        await MISSING[call](place(), place.environment_id)


async def test_a_segment_is_switched_off_and_on(place: Place) -> None:
    for active, state in ((False, "inactive"), (True, "active")):
        await place().set_segment_active(place.environment_id, "HighValue", active=active)
        found = {one.name: one.state for one in await place().segments(place.environment_id)}
        assert found["HighValue"] == state


async def test_values_are_told_of_one_measure_only(place: Place) -> None:
    listed = {one.name: one for one in await place().measures(place.environment_id)}
    assert listed["Revenue"].values == {}
    one = await place().measure(place.environment_id, "Revenue")
    assert one.values["Total"] == "95800.00"
    assert one.aliases == ("Total", "Orders")


async def test_a_started_job_runs_until_it_is_cancelled_once(place: Place) -> None:
    started = await place().start_job(place.environment_id, "segmentation", "HighValue")
    assert (started.operation_type, started.submission, started.ended) == ("segmentation", "onDemand", False)
    found = await place().jobs(place.environment_id, top=50)
    assert started.job_id in [one.job_id for one in found.jobs]
    assert all(not one.tasks for one in found.jobs)
    assert (await place().job(place.environment_id, started.job_id)).job_id == started.job_id
    cancelled = await place().cancel_job(place.environment_id, started.job_id)
    assert cancelled.job_id == started.job_id
    with pytest.raises(InsightsDeclined):
        await place().cancel_job(place.environment_id, started.job_id)
    assert (await place().job(place.environment_id, started.job_id)).status == "aborted"


async def test_as_many_jobs_as_are_wanted(place: Place) -> None:
    for _ in range(3):
        await place().start_job(place.environment_id, "merge")
    assert len((await place().jobs(place.environment_id, top=2)).jobs) == 2


async def test_an_entity_has_its_columns_and_key(place: Place) -> None:
    found = await place().entity(place.environment_id, "Customer")
    assert (found.name, found.keys) == ("Customer", ("CustomerId",))
    assert [one.name for one in found.attributes] == [one.name for one in CUSTOMER_COLUMNS]
    assert "Customer" in [one.name for one in await place().entities(place.environment_id)]
    assert (await place().entity_size(place.environment_id, "Customer")).row_count == 480


@pytest.mark.parametrize(("skip", "top"), [(0, 1), (0, 100), (0, 1000), (100, 100), (470, 100), (480, 5)])
async def test_rows_come_a_hundred_at_most_and_counted(place: Place, skip: int, top: int) -> None:
    found = await place().items(place.environment_id, "Customer", {"$skip": str(skip), "$top": str(top)})
    people = customers(load_scenario(SCENARIO).seed, place.environment_id)
    assert list(found.rows) == [msgspec.json.encode(dict(one)) for one in people[skip : skip + min(top, 100)]]
    assert found.count == 480


async def test_an_item_is_created_once_and_changed(place: Place) -> None:
    item = msgspec.json.encode({**dict.fromkeys(one.name for one in CUSTOMER_COLUMNS), "CustomerId": "new"})
    made = await place().create_item(place.environment_id, "Customer", item, {})
    assert made.done
    assert made.item is not None
    assert json.loads(made.item).items() >= json.loads(item).items()
    with pytest.raises(InsightsConflict):
        await place().create_item(place.environment_id, "Customer", item, {})
    await place().update_item(place.environment_id, "Customer", "new", b'{"City":"Oslo"}', {})
    rows = (await place().items(place.environment_id, "Customer", {"$skip": "480"})).rows
    assert [msgspec.json.decode(row)["City"] for row in rows] == ["Oslo"]
