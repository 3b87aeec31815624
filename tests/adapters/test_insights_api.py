"""Does the client read the vendor's API over HTTP: paths, credentials, every list?"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

from local.simulator.faults import FaultRequest
from local.simulator.vendor import Paths
from shared.adapters.insights_api import CustomerInsightsApi
from shared.errors import InsightsAnswerInvalid, InsightsNotFound, InsightsRefused, InsightsRejected
from tests.adapters.loopback import Loopback
from tests.adapters.vendor import Vendor

ROOT = "/instances/e-1"


async def test_jobs_come_with_their_tasks_newest_first_and_with_the_sources_time(vendor: Vendor) -> None:
    found = await vendor.api.jobs(vendor.environment_id, top=25)
    assert found.served_at == vendor.simulation.now()
    assert all(job.tasks for job in found.jobs)
    submitted = [job.submitted_at for job in found.jobs if job.submitted_at]
    assert submitted == sorted(submitted, reverse=True)


async def test_no_more_jobs_than_asked_for_are_read(vendor: Vendor) -> None:
    assert len((await vendor.api.jobs(vendor.environment_id, top=2)).jobs) == 2


async def test_a_job_is_read_by_its_id(vendor: Vendor) -> None:
    (listed,) = (await vendor.api.jobs(vendor.environment_id, top=1)).jobs
    assert await vendor.api.job(vendor.environment_id, listed.job_id) == listed


async def test_nodes_name_the_data_sources_by_identifier(vendor: Vendor) -> None:
    nodes = await vendor.api.nodes(vendor.environment_id)
    known = {node.identifier: node.friendly_name for node in nodes if node.operation_type == "ingestion"}
    assert known == await vendor.api.data_sources(vendor.environment_id)
    assert len(known) == 4


async def test_segments_come_with_their_history(vendor: Vendor) -> None:
    vendor.simulation.clock = vendor.simulation.clock.at(datetime(2026, 3, 2, 14, 10, tzinfo=UTC))
    segments = {one.name: one for one in await vendor.api.segments(vendor.environment_id, history_days=1)}
    assert {5075, 4990, 5060} <= {one.members for one in segments["Newsletter"].evaluations}


async def test_measures_are_listed_without_and_read_one_by_one_with_values(vendor: Vendor) -> None:
    listed = await vendor.api.measures(vendor.environment_id)
    measure = await vendor.api.measure(vendor.environment_id, "Revenue", history_days=30)
    assert "Revenue" in [one.name for one in listed]
    assert all(not one.outputs for one in listed)
    assert measure.outputs[0].values.keys() == {"Total", "Orders"}


@pytest.mark.parametrize(
    ("paths", "first"),
    [
        ("both", {"GET jobs": 1, "GET status": 1, "GET job": 1, "GET datasources": 1}),
        ("v1", {"GET jobs": 1, "GET status": 1, "GET job": 1, "GET datasources": 1}),
        ("manage", {"GET jobs": 1, "GET status": 1, "GET job": 1, "GET datasources": 1, "GET unknown path": 4}),
    ],
)
async def test_the_spelling_of_a_path_that_answers_is_found_once_and_remembered(
    vendor: Vendor, paths: Paths, first: dict[str, int]
) -> None:
    async def read_all() -> None:
        (job,) = (await vendor.api.jobs(vendor.environment_id, top=1)).jobs
        await vendor.api.job(vendor.environment_id, job.job_id)
        await vendor.api.nodes(vendor.environment_id)
        await vendor.api.data_sources(vendor.environment_id)

    await read_all()
    assert vendor.counted() == first
    await read_all()
    assert vendor.counted() == {"GET jobs": 1, "GET status": 1, "GET job": 1, "GET datasources": 1}


@pytest.mark.parametrize("paths", ["both", "v1", "manage"])
async def test_an_unknown_environment_is_not_found_and_decides_no_spelling(vendor: Vendor, paths: Paths) -> None:
    with pytest.raises(InsightsNotFound):
        await vendor.api.jobs("nowhere", top=1)
    assert (await vendor.api.jobs(vendor.environment_id, top=1)).jobs


async def test_an_unknown_measure_and_job_are_not_found(vendor: Vendor) -> None:
    with pytest.raises(InsightsNotFound):
        await vendor.api.measure(vendor.environment_id, "Nothing", history_days=1)
    with pytest.raises(InsightsNotFound):
        await vendor.api.job(vendor.environment_id, "nothing")


async def test_both_credentials_go_with_every_call_and_a_token_is_asked_for_once(vendor: Vendor) -> None:
    await vendor.api.jobs(vendor.environment_id, top=1)
    await vendor.api.segments(vendor.environment_id, history_days=1)
    assert len(vendor.credential.given) == 1


async def test_each_environment_has_its_own_subscription_key(vendor: Vendor) -> None:
    vendor.keys[vendor.environment_id] = "wrong"
    with pytest.raises(InsightsRefused) as caught:
        await vendor.api.jobs(vendor.environment_id, top=1)
    assert caught.value.reason == "insights_401"
    assert "subscription key" in str(caught.value)
    vendor.keys.clear()
    await vendor.api.jobs(vendor.environment_id, top=1)


async def test_a_token_that_the_vendor_does_not_take_is_refused(vendor: Vendor) -> None:
    vendor.credential.lifetime_seconds = -61
    with pytest.raises(InsightsRefused):
        await vendor.api.jobs(vendor.environment_id, top=1)


async def test_a_slow_answer_is_waited_for(vendor: Vendor) -> None:
    vendor.simulation.faults.set(FaultRequest("slow", seconds=0.2, times=1))
    assert (await vendor.api.jobs(vendor.environment_id, top=1)).jobs


async def test_garbage_is_one_of_our_errors_or_an_empty_list_and_the_next_call_is_fine(vendor: Vendor) -> None:
    """The simulator's garbage is by turns broken JSON and JSON of wrong types."""
    vendor.simulation.faults.set(FaultRequest("garbage", times=4))
    for _ in range(2):
        for read in (lambda: vendor.api.jobs(vendor.environment_id, top=5), lambda: vendor.api.nodes("any")):
            try:
                await read()
            except (InsightsAnswerInvalid, InsightsNotFound) as error:
                assert "\n" not in str(error)  # noqa: PT017 - both ends are right
    vendor.simulation.faults.set(FaultRequest("none"))
    assert (await vendor.api.jobs(vendor.environment_id, top=1)).jobs


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("jobs", ("e-1",), {"top": 25}, f"{ROOT}/workflows/main/jobs?top=25&includeTasks=true"),
    ("nodes", ("e-1",), {}, f"{ROOT}/workflows/main/status"),
    (
        "segments",
        ("e-1",),
        {"history_days": 3},
        f"{ROOT}/manage/segments?includeHistoricStats=true&historicStatsDays=3",
    ),
    ("measures", ("e-1",), {}, f"{ROOT}/manage/measures"),
]


@pytest.mark.parametrize(("name", "arguments", "options", "path"), CALLS)
async def test_each_list_is_one_get_of_its_path(
    api: CustomerInsightsApi,
    loopback: Loopback,
    name: str,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    path: str,
) -> None:
    loopback.answer()
    await getattr(api, name)(*arguments, **options)
    (asked,) = loopback.asked
    assert (asked.method, asked.raw_path) == ("GET", path)
    assert asked.headers["Ocp-Apim-Subscription-Key"] == "local-key"
    assert asked.headers["Authorization"].startswith("Bearer ")


async def test_odd_names_stay_one_part_of_the_path(api: CustomerInsightsApi, loopback: Loopback) -> None:
    loopback.answer(200, b'{"name":"x"}')
    await api.measure("e/../1?x=1#", "A/B?c=d&e#f %æ", history_days=1)
    path = loopback.asked[0].raw_path.partition("?")[0]
    assert path.count("/") == 5
    assert unquote(path) == "/instances/e/../1?x=1#/manage/measures/A/B?c=d&e#f %æ"


async def test_a_row_is_asked_for_by_its_dimensions_with_quotes_doubled(
    api: CustomerInsightsApi, loopback: Loopback
) -> None:
    loopback.answer(200, b'{"value":[{"Country":"x","Total":1.50}]}')
    found = await api.measure_row("e-1", "Revenue", (("Country", "O'Neil & Co+#"), ("Channel", "web")))
    assert found["Total"] == "1.50"
    query = parse_qs(loopback.asked[0].raw_path.partition("?")[2])
    assert query == {"$filter": ["Country eq 'O''Neil & Co+#' and Channel eq 'web'"], "$top": ["1"]}


async def test_a_dimension_that_is_no_column_is_refused_without_a_call(
    api: CustomerInsightsApi, loopback: Loopback
) -> None:
    for column in ("", "a b", "1 eq 1 or x", "a'b", "æ", "x" * 200):
        with pytest.raises(InsightsRejected):
            await api.measure_row("e-1", "Revenue", ((column, "x"),))
    assert loopback.asked == []


async def test_where_the_source_sends_no_usable_date_our_clock_serves(
    api: CustomerInsightsApi, loopback: Loopback
) -> None:
    loopback.answer(200, b"[]", Date="yesterday")
    before = datetime.now(UTC)
    assert before <= (await api.jobs("e-1", top=1)).served_at <= datetime.now(UTC)
