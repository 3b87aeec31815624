"""Can the partitions be fetched from where they are, whole and in pieces, by those who may?"""

import csv
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from local.simulator.faults import FaultRequest
from local.simulator.model import Scenario
from local.simulator.principal import Principal
from local.simulator.server import simulation_of
from local.simulator.simulation import Simulation
from local.simulator.source_rows import SOURCE_COLUMNS
from local.simulator.storage import AUDIENCE, storage_routes

TILLS = "0a6e1f34-7c1b-4d55-8f0e-3b1d5a7c2e11_Storetills"
ROLES = {"Bearer maker": Principal("maker", "user", "Contributor"), "Bearer outsider": Principal("out", "user", "")}
MAKER = {"Authorization": "Bearer maker", "x-ms-version": "2021-12-02"}


def check(authorization: str, audience: str) -> Principal | None:
    assert audience == AUDIENCE
    return ROLES.get(authorization)


@pytest.fixture
def simulation(day: Scenario) -> Simulation:
    return simulation_of(day, paused=True)


@pytest.fixture
async def client(simulation: Simulation) -> AsyncIterator[Any]:
    app = web.Application()
    app.add_routes(storage_routes(simulation, check))
    async with TestClient(TestServer(app)) as found:
        yield found


def path(simulation: Simulation, entity: str, partition: str = "part-00000") -> str:
    return f"/storage/{simulation.scenario.environments[0].id}/{entity}/{partition}"


async def fetch(client: Any, path: str, **headers: str) -> Any:
    async with client.get(path, headers={**MAKER, **headers}) as answer:
        return answer.status, answer.headers, await answer.read()


def parsed(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode(), newline=""), strict=True))


async def test_a_partition_is_rfc_4180_with_the_header_that_it_should_have(client: Any, simulation: Simulation) -> None:
    status, headers, content = await fetch(client, path(simulation, TILLS))
    rows = parsed(content)
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "text/csv")
    assert rows[0] == [column.name for column in SOURCE_COLUMNS]
    assert {len(row) for row in rows} == {len(SOURCE_COLUMNS)}
    assert len(rows) == content.count(b"\r\n") == 2001
    assert b',"The ""big"" box",' in content
    assert b',"Coffee, 1 kg",' in content
    activities = parsed((await fetch(client, path(simulation, "UnifiedActivity")))[2])
    assert len(activities[0][0]) == 32


async def test_one_partition_is_of_three_megabytes_with_a_row_of_more_than_64_kib(
    client: Any, simulation: Simulation
) -> None:
    _, _, content = await fetch(client, path(simulation, TILLS, "part-00001"))
    rows = parsed(content)
    assert 2_800_000 < len(content) < 3_200_000
    assert max(len(row[-1].encode()) for row in rows) > 65_536
    assert [row[0] for row in rows[1:3]] == ["O002000", "O002001"]


async def test_pieces_put_together_are_the_whole(client: Any, simulation: Simulation) -> None:
    wanted = path(simulation, TILLS)
    _, whole_headers, whole = await fetch(client, wanted)
    pieces, size = b"", 50_000
    while len(pieces) < len(whole):
        first = len(pieces)
        status, headers, piece = await fetch(client, wanted, Range=f"bytes={first}-{first + size - 1}")
        assert (status, headers["ETag"]) == (206, whole_headers["ETag"])
        assert headers["Content-Range"] == f"bytes {first}-{first + len(piece) - 1}/{len(whole)}"
        pieces += piece
    assert pieces == whole
    assert (await fetch(client, wanted, Range=f"bytes={len(whole) - 10}-"))[2] == whole[-10:]


@pytest.mark.parametrize(("asked", "status"), [("bytes=90000000-", 416), ("bytes=5-4", 416), ("lines=1-2", 200)])
async def test_a_range_that_is_not_there_is_a_416(client: Any, simulation: Simulation, asked: str, status: int) -> None:
    got, headers, content = await fetch(client, path(simulation, "Customer"), Range=asked)
    assert got == status
    assert status == 200 or (
        headers["Content-Range"].startswith("bytes */") and b"<Code>InvalidRange</Code>" in content
    )


async def test_the_content_and_its_etag_change_with_what_is_in_it(client: Any, simulation: Simulation) -> None:
    tags, sizes = [], []
    for hour in (1, 1, 3):
        simulation.clock = simulation.clock.at(simulation.scenario.start.replace(hour=hour))
        _, headers, content = await fetch(client, path(simulation, "AtRisk"))
        tags.append(headers["ETag"])
        sizes.append(len(parsed(content)) - 1)
    assert (tags[0] == tags[1], tags[1] == tags[2], sizes) == (True, False, [310, 310, 420])


@pytest.mark.parametrize(
    ("authorization", "status", "code"),
    [
        ("", 401, "InvalidAuthenticationInfo"),
        ("Bearer nobody", 401, "InvalidAuthenticationInfo"),
        ("Bearer outsider", 403, "AuthorizationPermissionMismatch"),
    ],
)
async def test_who_may_not_is_told_so_as_azure_storage_does(
    client: Any, simulation: Simulation, authorization: str, status: int, code: str
) -> None:
    got, headers, content = await fetch(client, path(simulation, "Customer"), Authorization=authorization)
    assert (got, headers["x-ms-error-code"], f"<Code>{code}</Code>" in content.decode()) == (status, code, True)
    assert ("WWW-Authenticate" in headers) is (status == 401)


async def test_a_token_needs_a_version_of_the_api_that_knows_tokens(client: Any, simulation: Simulation) -> None:
    async with client.get(path(simulation, "Customer"), headers={"Authorization": "Bearer maker"}) as answer:
        assert (answer.status, answer.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")


async def test_what_is_not_there_is_a_404(client: Any, simulation: Simulation) -> None:
    wanted = [path(simulation, "Customer", "part-9"), path(simulation, "Nothing"), "/storage/none/Customer/part-00000"]
    for one in wanted:
        status, headers, _ = await fetch(client, one)
        assert (status, headers["x-ms-error-code"]) == (404, "BlobNotFound")


async def test_calls_are_noted_and_faults_befall_them(client: Any, simulation: Simulation) -> None:
    wanted = path(simulation, "Customer")
    simulation.faults.set(FaultRequest("fail", path="/storage", status=503, retry_after=2, times=1))
    status, headers, _ = await fetch(client, wanted)
    assert (status, headers["Retry-After"], (await fetch(client, wanted))[0]) == (503, "2", 200)
    assert [(one.method, one.path, one.principal_id) for one in simulation.seen] == [("GET", wanted, "maker")] * 2
