"""Solutions for tests: made of the repository's flows and its connector, and spoilt."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from local.children import ROOT
from local.connector.definition import Definition, read_definition
from local.flows.manifest import SOURCE, Source
from local.flows.package import Solution
from local.flows.solution import connector_parts, flows_parts

CONNECTOR = ROOT / "connector"
Parts = dict[str, bytes]
Spoil = Callable[[Parts], None]
FLOW = "Workflows/DataSourceRefreshFailed"
HTTP_FLOW = "Workflows/RefreshADataSource"
REPORT_FLOW = "Workflows/FullRefreshCompleted"


@cache
def definition() -> Definition:
    return read_definition()


@cache
def good_flows() -> Mapping[str, bytes]:
    return flows_parts(Source(SOURCE))


@cache
def good_connector() -> Mapping[str, bytes]:
    """The source has everything of a built one but its host and ids."""
    return connector_parts(Source(SOURCE).manifest, CONNECTOR)


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


def changing(start: str, *way: str, to: Any = None) -> Spoil:
    """A place in a flow's definition has another value, or is not there."""

    def spoil(parts: Parts) -> None:
        part = part_of(parts, start)
        document = msgspec.json.decode(parts[part])
        node = document["properties"]
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
