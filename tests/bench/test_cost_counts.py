"""What do a poll, an event and a delivery ask of the API and of storage? Exact counts, the host's requests included."""

from collections.abc import Iterator

import pytest

from bench.cost import changed, environments, run
from bench.counted import Spent, counted_app, counted_storage
from bench.figures import Bench
from bench.source import Source
from local.infra import costs

POLL_RUN, TICK_QUERY = 1, 1
FEW = 60


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulator that nothing else uses."""
    with counted_storage(tmp_path_factory.mktemp("cost")) as connection:
        yield connection


async def test_an_idle_poll_is_one_call_and_one_read_without_a_body_and_writes_nothing(storage: str) -> None:
    async with counted_app(storage, Source(sources=1, segments=0), environments("idle")) as app:
        await app.tick()
        idle = await app.tick()
    assert (idle.api, idle.count("blob"), idle.bodies) == (1, 1, 0)
    assert idle.count("blob", "write") + idle.count("table", "write") == 0
    assert idle.count() == 5, "the query of the tick, its message put, got and deleted, and the read"


async def test_a_hundred_idle_environments_share_the_messages_of_a_tick(storage: str) -> None:
    async with counted_app(storage, Source(sources=1, segments=0), environments("hundred", 100)) as app:
        await app.tick()
        idle = await app.tick()
    assert (idle.api, idle.count("blob"), idle.messages) == (100, 100, 7)
    assert idle.count() <= 116


async def test_a_full_look_that_finds_nothing_costs_four_calls(storage: str) -> None:
    async with counted_app(storage, Source(sources=1, segments=0), environments("full")) as app:
        await app.tick()
        full = await app.full_look()
    assert (full.api, full.checkpoint_writes) == (4, 1)
    assert full.count("table") == costs.TABLE_CALLS_A_LOOK


@pytest.mark.parametrize("refreshed", [1, 60, 500])
async def test_a_poll_with_news_writes_its_checkpoint_twice_whatever_their_number(storage: str, refreshed: int) -> None:
    spent = await changed(storage, refreshed)
    assert (spent.api, spent.checkpoint_writes, spent.bodies) == (3, 2, 0)
    assert spent.count("blob", "write") + spent.count("table", "write") == 3, (
        "beside the checkpoint one page of the log"
    )


@pytest.mark.parametrize(("flows", "most"), [(1, 23), (10, 23), (100, 37)])
async def test_a_lone_event_costs_a_chain_of_requests_that_its_flows_share(storage: str, flows: int, most: int) -> None:
    spent = await changed(storage, 1, flows)
    assert spent.deliveries == flows
    assert spent.count() <= most


async def test_the_default_rate_limit_costs_a_lone_event_nothing(storage: str) -> None:
    limited, free = await changed(storage, 1, 10, rate=10), await changed(storage, 1, 10)
    assert limited.count() == free.count()


@pytest.mark.parametrize(("flows", "most"), [(1, 1.0), (10, 0.1)])
async def test_in_a_burst_a_delivery_costs_less_than_half_a_transaction(storage: str, flows: int, most: float) -> None:
    spent = await changed(storage, FEW, flows)
    assert spent.deliveries == FEW * flows
    assert spent.count() / spent.deliveries < most


async def test_the_price_is_made_of_what_is_counted(storage: str) -> None:
    """A burst is assumed to be small, for two flows."""
    spent = await changed(storage, 10, 2)
    assert spent.handled - POLL_RUN == costs.RUNS_A_BURST
    assert spent.count("table") - TICK_QUERY == costs.TABLE_CALLS_A_BURST
    assert spent.checkpoint_writes == 2


async def test_counting_twice_gives_the_same(storage: str) -> None:
    async def counted(name: str) -> Spent:
        made = Source(sources=FEW, segments=0)
        async with counted_app(storage, made, environments(name), 3) as app:
            await app.tick()
            made.grow()
            return await app.tick()

    one, other = await counted("once"), await counted("twice")
    assert [(sent.service, sent.kind) for sent in one.sent] == [(sent.service, sent.kind) for sent in other.sent]


def test_every_figure_is_exact(tmp_path_factory: pytest.TempPathFactory) -> None:
    told: list[str] = []
    figures = list(run(Bench(tmp_path_factory.mktemp("quick"), repeats=1, quick=True, tell=told.append)))
    assert told
    assert all(figure.exact and len(figure.runs) == 1 for figure in figures)
    assert len({figure.name for figure in figures}) == len(figures)
