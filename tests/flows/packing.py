"""Solutions for tests: made of the repository's flows and its connector, and spoilt."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from local.connector.build import FOLDER, package
from local.connector.definition import read_definition
from local.connector.deployment import Deployment
from local.flows.belonging import Connector
from local.flows.manifest import SOURCE, Source
from local.flows.package import Solution
from local.flows.solution import Built, built_connector, connector_parts, flows_parts

DEPLOYMENT = Deployment(
    host="signals.contoso.example",
    client_id="5f3a8a52-4c53-4a0e-9d7b-0b6a6f0e2c11",
    resource_uri="api://0e9b1c55-7a1d-4f5c-8a55-2f6f0f6a9d10",
    tenant_id="3c1de7d4-51d5-4f0b-a7a0-6f0c9a1b2e77",
)
Parts = dict[str, bytes]
Spoil = Callable[[Parts], None]
FLOW = "Workflows/DataSourceRefreshFailed"
HTTP_FLOW = "Workflows/RefreshADataSource"
REPORT_FLOW = "Workflows/FullRefreshCompleted"


def filled_connector(folder: Path) -> Path:
    """A built connector in this folder, as `./dev connector build` writes it."""
    folder.mkdir()
    for name, content in package(FOLDER, DEPLOYMENT).items():
        (folder / name).write_bytes(content)
    return folder


@cache
def built() -> Built:
    with TemporaryDirectory() as place:
        return built_connector(filled_connector(Path(place) / "connector"))


@cache
def connector() -> Connector:
    known = Source(SOURCE).manifest.connector
    return Connector(known.id, known.name, read_definition())


@cache
def good_flows() -> Mapping[str, bytes]:
    return flows_parts(Source(SOURCE), built().title)


@cache
def good_connector() -> Mapping[str, bytes]:
    return connector_parts(Source(SOURCE).manifest, built())


def spoilt(parts: Mapping[str, bytes], spoil: Spoil) -> Solution:
    """A copy with a defect, which must make a difference."""
    copy = dict(parts)
    spoil(copy)
    assert copy != parts
    return Solution(copy)


def part_of(parts: Mapping[str, bytes], start: str) -> str:
    return next(part for part in parts if part.startswith(start))


def replacing(start: str, old: str, new: str) -> Spoil:
    """A text of a part is another."""

    def spoil(parts: Parts) -> None:
        part = part_of(parts, start)
        assert old.encode() in parts[part]
        parts[part] = parts[part].replace(old.encode(), new.encode(), 1)

    return spoil


def without(start: str) -> Spoil:
    """A part is not there."""

    def spoil(parts: Parts) -> None:
        del parts[part_of(parts, start)]

    return spoil


def having(part: str, content: bytes) -> Spoil:
    """Another part is there."""

    def spoil(parts: Parts) -> None:
        parts[part] = content

    return spoil


def copied(start: str, to: str) -> Spoil:
    """A part is there twice."""

    def spoil(parts: Parts) -> None:
        parts[to] = parts[part_of(parts, start)]

    return spoil


def changing(start: str, *way: str, to: Any = None) -> Spoil:
    """A place in a flow's definition has another value, or is not there."""

    def spoil(parts: Parts) -> None:
        part = part_of(parts, start)
        document = msgspec.json.decode(parts[part])
        node = document if way[0] == "schemaVersion" else document["properties"]
        for step in way[:-1]:
            node = node.setdefault(step, {})
        if to is None:
            del node[way[-1]]
        else:
            node[way[-1]] = to
        parts[part] = msgspec.json.encode(document)

    return spoil


def one_id_twice(parts: Parts) -> None:
    """Two steps of a flow have one id."""
    part = part_of(parts, FLOW)
    document = msgspec.json.decode(parts[part])
    steps = [*document["properties"]["definition"]["triggers"].values()]
    steps += document["properties"]["definition"]["actions"].values()
    steps[1]["metadata"] = steps[0]["metadata"]
    parts[part] = msgspec.json.encode(document)
