"""Partitions: all pieces together are the file, byte for byte, however it is cut."""

import base64
import csv
from io import StringIO
from typing import Any

import pytest

from local.entra.directory import DAEMON, IDENTITY, MAKER, OUTSIDER
from local.simulator.csv_files import content
from local.simulator.entities import Catalogue
from tests.actions.site import Site
from tests.actions.table import things

pytestmark = pytest.mark.asyncio(loop_scope="module")


def file_of(site: Site, entity: str, partition: int) -> bytes:
    """What the simulator has in its storage."""
    environment = site.simulation.scenario.environments[0]
    found = Catalogue(site.simulation, environment, site.simulation.now()).named(entity)
    assert found is not None
    one = found.partitions[partition]
    return content(found.columns, one.rows(), has_header=one.has_header)


async def pieces(site: Site, path: str) -> list[dict[str, Any]]:
    found, link = [], path
    while link:
        piece = await site.get(link)
        found.append(piece)
        link = piece.get("nextLink", "")
        assert not link or link.startswith(f"{site.app.base}/api/environments/{site.environment_id}/entities/")
    return found


def bytes_of(piece: dict[str, Any]) -> bytes:
    text: str = piece["content"]
    return base64.b64decode(text) if piece["encoding"] == "base64" else text.encode()


async def test_an_entity_tells_its_partitions_without_their_place(site: Site) -> None:
    entity = things(site)["big"]
    first = await site.get(f"entities/{entity}/partitions")
    assert [one["name"] for one in first["value"]] == ["part-00000", "part-00001"]
    second = await site.get(f"/v2/environments/{site.environment_id}/entities/{entity}/partitions")
    assert second["value"] == first["value"]
    assert (second["entityName"], second["rowCount"]) == (entity, 4000)
    assert second["sizeBytes"] == sum(len(file_of(site, entity, n)) for n in (0, 1))
    assert second["columns"][:2] == ["OrderId", "CustomerEMail"]
    assert "location" not in str((first, second))


@pytest.mark.parametrize(
    ("partition", "length"),
    [(0, None), (0, 1024), (0, 65_537), (0, 1_048_576), (1, None), (1, 65_536), (1, 500_003), (1, 1_048_576)],
)
async def test_the_pieces_together_are_the_file(site: Site, partition: int, length: int | None) -> None:
    """Also where a row of 70 KB is larger than a piece, and where a line end or an accent lies at a border."""
    entity = things(site)["big"]
    query = f"?length={length}" if length else ""
    found = await pieces(site, f"entities/{entity}/partitions/part-{partition:05}/data{query}")
    whole = file_of(site, entity, partition)
    assert b"".join(map(bytes_of, found)) == whole
    assert {one["totalBytes"] for one in found} == {len(whole)}
    assert {one["encoding"] for one in found} == {"utf-8"}
    assert all(one["bytes"] == len(bytes_of(one)) <= (length or 262_144) for one in found)
    assert [one["start"] for one in found] == [sum(one["bytes"] for one in found[:n]) for n in range(len(found))]
    read = list(csv.reader(StringIO("".join(one["content"] for one in found), newline="")))
    assert (len(read), read[0][0]) == (2001, "OrderId")


async def test_pieces_end_with_a_line_where_they_can(site: Site) -> None:
    found = await pieces(site, f"entities/{things(site)['big']}/partitions/part-00000/data?length=20000")
    assert all(one["content"].endswith("\r\n") for one in found)


async def test_a_partition_without_a_header_says_so(site: Site) -> None:
    piece = await site.get("entities/UnifiedActivity/partitions/part-00000/data")
    assert piece["hasHeader"] is False
    assert (await site.get("entities/Customer/partitions/part-00000/data"))["hasHeader"] is True


async def test_the_storage_is_asked_as_the_caller(site: Site) -> None:
    path = "entities/Customer/partitions/part-00000/data"
    await site.get(path)
    assert [one.principal_id for one in site.asked()] == [MAKER.oid] * 2
    assert (await site.ask("GET", path, who=OUTSIDER)).status == 403


async def test_an_application_reads_only_what_is_signed(site: Site) -> None:
    """The app's identity may read its own storage too, so it goes to no place that others choose."""
    answer = await site.ask("GET", "entities/Customer/partitions/part-00000/data", who=DAEMON)
    assert (answer.status, answer.json["error"]["code"]) == (403, "storage_forbidden")
    assert [(one.principal_id, one.path) for one in site.asked()] == [(IDENTITY.object_id, "/manage/entities/Customer")]


async def test_who_may_read_the_entity_but_not_its_storage_is_told_what_is_missing(site: Site) -> None:
    site.fault("refuse", path="/storage/")
    answer = await site.ask("GET", "entities/Customer/partitions/part-00000/data")
    assert (answer.status, answer.json["error"]["code"]) == (403, "storage_forbidden")
    assert "Storage Blob Data Reader" in answer.json["error"]["message"]


async def test_pieces_are_of_one_writing_of_the_file(site: Site) -> None:
    """The next link names it; when it is another by then, that is told."""
    path = f"entities/{things(site)['big']}/partitions/part-00000/data"
    first = await site.get(f"{path}?length=1024")
    assert first["nextLink"].endswith(f"&version={first['version']}")
    answer = await site.ask("GET", f"{path}?start=1024&version=another")
    assert (answer.status, answer.json["error"]["code"]) == (409, "partition_changed")


async def test_behind_the_end_there_is_nothing(site: Site) -> None:
    whole = file_of(site, "Customer", 0)
    for start in (len(whole), len(whole) + 1, 10**12):
        piece = await site.get(f"entities/Customer/partitions/part-00000/data?start={start}")
        assert (piece["bytes"], piece["totalBytes"], "nextLink" in piece) == (0, len(whole), False)


@pytest.mark.parametrize(
    "query", ["start=-1", "start=x", "length=1023", "length=1048577", "start=1e3", "end=1", "version=a%22b"]
)
async def test_a_wrong_stretch_is_400(site: Site, query: str) -> None:
    answer = await site.ask("GET", f"entities/Customer/partitions/part-00000/data?{query}")
    assert (answer.status, answer.json["error"]["field"]) == (400, query.partition("=")[0])
    assert not site.simulation.seen


async def test_a_partition_that_is_not_there_is_404(site: Site) -> None:
    answer = await site.ask("GET", "entities/Customer/partitions/part-9/data")
    assert (answer.status, answer.json["error"]["code"]) == (404, "partition_not_found")
    site.fault("missing", path="/storage/")
    answer = await site.ask("GET", "entities/Customer/partitions/part-00000/data")
    assert (answer.status, answer.json["error"]["code"]) == (404, "insights_not_found")
