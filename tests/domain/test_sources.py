"""Which data source did a task of a shared name work on? What the job was asked for counts before what a node shows."""

from dataclasses import replace

from shared.domain.detection.sources import sources_of
from tests.factories import job, node, task

ORDERS = task("Shared", "failed", end=5)
ASKED, OTHER = node("asked", "Shared"), node("other", "Shared", jobs=["j"])


def found(*nodes: object, identifiers: tuple[str, ...] = ("asked",)) -> dict[str, str]:
    """The source of the only task of the job."""
    return sources_of(job("j", "failed", ORDERS, identifiers=identifiers), list(nodes), {})  # type: ignore[arg-type]


def test_what_the_job_was_asked_for_counts_before_what_the_nodes_show() -> None:
    assert found(ASKED, OTHER) == {ORDERS.key: "asked"}
    assert found(OTHER, ASKED) == {ORDERS.key: "asked"}


def test_where_the_job_says_nothing_the_node_that_shows_it_counts() -> None:
    assert found(ASKED, OTHER, identifiers=()) == {ORDERS.key: "other"}


def test_where_nothing_tells_them_apart_there_is_none() -> None:
    """No identifier is better than a wrong one."""
    assert found(ASKED, replace(OTHER, job_ids=()), identifiers=()) == {}
    assert found(ASKED, OTHER, identifiers=("asked", "other")) == {ORDERS.key: "other"}
    both = [replace(one, job_ids=("j",)) for one in (ASKED, OTHER)]
    assert found(*both, identifiers=("asked", "other")) == {}
