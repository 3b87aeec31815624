"""Is everything wired to what it belongs to: queues, schedule, routes, and the host's own settings."""

import inspect
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from functions.access import NEEDS
from shared.ports import Queue
from tests.functions.support import Caller, http, trigger_of
from tests.services.stage import Stage

Functions = Sequence[func.Function]

AT_AN_ENVIRONMENT = (
    "GET status",
    "GET datasources",
    "GET datasources/{dataSourceId}",
    "POST datasources/{dataSourceId}/refresh",
    "POST datasources/{dataSourceId}/refresh-and-wait",
    "GET segments",
    "GET segments/{segmentName}",
    "GET segments/{segmentName}/members",
    "POST segments/{segmentName}/activate",
    "POST segments/{segmentName}/deactivate",
    "POST segments/{segmentName}/refresh",
    "POST segments/{segmentName}/refresh-and-wait",
    "GET measures",
    "GET measures/{measureName}",
    "GET measures/{measureName}/aliases",
    "GET measures/{measureName}/dimensions/schema",
    "POST measures/{measureName}/refresh",
    "POST measures/{measureName}/refresh-and-wait",
    "POST unification/run",
    "POST unification/run-and-wait",
    "POST refresh",
    "POST refresh-and-wait",
    "GET jobs",
    "GET jobs/{jobId}",
    "GET jobs/{jobId}/outcome",
    "POST jobs/{jobId}/cancel",
    "GET customers",
    "GET customers/{customerId}",
    "GET customers/{customerId}/activities",
    "GET entities",
    "GET entities/{entityName}/schema",
    "GET entities/{entityName}/items",
    "POST entities/{entityName}/items",
    "GET entities/{entityName}/items/{itemId}",
    "PATCH entities/{entityName}/items/{itemId}",
    "GET entities/{entityName}/partitions",
    "GET entities/{entityName}/partitions/{partitionName}/data",
    "GET reports/{reportType}",
)
ROUTES = {
    "POST triggers/{trigger}",
    "GET triggers/{trigger}/events",
    "GET subscriptions",
    "GET subscriptions/{id}",
    "DELETE subscriptions/{id}",
    "POST subscriptions/{id}/replay",
    "POST subscriptions/{id}/signing-secret",
    "POST unsubscribe",
    "DELETE unsubscribe",
    "GET deliveries/dead",
    "POST deliveries/{id}/replay",
    "GET events",
    "GET health/live",
    "POST operations/reencrypt",
    "GET operation-types",
    "GET report-types",
    "GET environments",
    *(f"{method} environments/{{environmentId}}/{path}" for method, path in (one.split() for one in AT_AN_ENVIRONMENT)),
    "GET v2/environments/{environmentId}/entities/{entityName}/partitions",
    "GET v2/environments/{environmentId}/reports/{reportType}",
}
ONE_FUNCTION_FOR_TWO = 1  # POST and DELETE of unsubscribe
TIMERS = {
    "tick": "%POLL_SCHEDULE%",
    "drain": "0 */5 * * * *",
    "take_stock": "0 23 * * * *",
    "sweep_daily": "0 17 3 * * *",
}


def triggers(functions: Functions, kind: str) -> list[dict[str, Any]]:
    """The triggers of a kind, as the host is told of them."""
    found = [trigger_of(function).get_dict_repr() for function in functions]
    return [trigger for trigger in found if trigger["type"] == kind]


def span(text: str) -> timedelta:
    """A time as host.json writes it."""
    hours, minutes, seconds = map(int, text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def test_every_queue_has_one_function_and_every_function_a_queue_that_is_written_to(functions: Functions) -> None:
    listened = [trigger["queueName"] for trigger in triggers(functions, "queueTrigger")]
    assert sorted(listened) == sorted(Queue)


def test_queues_are_reached_through_the_storage_account_of_the_app(functions: Functions) -> None:
    assert {trigger["connection"] for trigger in triggers(functions, "queueTrigger")} == {"AzureWebJobsStorage"}


def test_timers_run_on_their_schedules_only(functions: Functions) -> None:
    """Run-on-startup would poll at every scale-out; the monitor keeps a missed tick from being lost."""
    timers = {
        function.get_function_name(): trigger_of(function).get_dict_repr()
        for function in functions
        if trigger_of(function).get_dict_repr()["type"] == "timerTrigger"
    }
    assert {name: timer["schedule"] for name, timer in timers.items()} == TIMERS
    assert {(timer["useMonitor"], timer["runOnStartup"]) for timer in timers.values()} == {(True, False)}


def test_routes_and_methods(functions: Functions) -> None:
    """The host asks for no key at any of them: Entra ID decides, in the app."""
    found = [
        (f"{method.value} {trigger['route']}", trigger["authLevel"].value)
        for trigger in triggers(functions, "httpTrigger")
        for method in trigger["methods"]
    ]
    assert sorted(found) == sorted((route, "anonymous") for route in ROUTES)


async def test_nothing_but_liveness_is_open_to_everybody(stage: Stage, call: Caller, functions: Functions) -> None:
    names = [
        str(one.get_function_name()) for one in functions if trigger_of(one).get_dict_repr()["type"] == "httpTrigger"
    ]
    assert set(names) == NEEDS.keys() | {"live"}
    answers = {name: await call(name, http(headers={"Authorization": ""})) for name in names}
    assert {name for name, answer in answers.items() if answer.status_code != 401} == {"live"}


def test_function_names_are_distinct_and_say_what_fires(functions: Functions) -> None:
    names = [function.get_function_name() for function in functions]
    assert len(names) == len(set(names)) == len(TIMERS) + len(Queue) + len(ROUTES) - ONE_FUNCTION_FOR_TWO


def test_every_function_is_asynchronous_and_takes_what_its_trigger_gives(functions: Functions) -> None:
    """A function that is not would hold a thread of the worker."""
    for function in functions:
        code = function.get_user_function()
        assert inspect.iscoroutinefunction(inspect.unwrap(code))
        assert list(inspect.signature(code).parameters) == [trigger_of(function).name]


def test_every_function_says_what_it_does(functions: Functions) -> None:
    assert all(inspect.getdoc(function.get_user_function()) for function in functions)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("batchSize", 16), ("newBatchThreshold", 8), ("maxDequeueCount", 5), ("messageEncoding", "base64")],
)
def test_queue_settings(host_json: Mapping[str, Any], setting: str, value: object) -> None:
    assert host_json["extensions"]["queues"][setting] == value


def test_a_message_is_picked_up_within_two_seconds(host_json: Mapping[str, Any]) -> None:
    """The host's default waits up to a minute once queues were empty for a while."""
    assert span(host_json["extensions"]["queues"]["maxPollingInterval"]) == timedelta(seconds=2)


def test_a_message_that_failed_waits_half_a_minute(host_json: Mapping[str, Any]) -> None:
    """The default of zero would spend its five attempts at once."""
    assert span(host_json["extensions"]["queues"]["visibilityTimeout"]) >= timedelta(seconds=30)


def test_a_function_has_time_for_a_slow_flow_and_ends_some_day(host_json: Mapping[str, Any]) -> None:
    assert timedelta(minutes=2) <= span(host_json["functionTimeout"]) <= timedelta(minutes=10)


def test_telemetry_is_open_and_the_bundle_is_version_four(host_json: Mapping[str, Any]) -> None:
    assert host_json["version"] == "2.0"
    assert host_json["telemetryMode"] == "OpenTelemetry"
    assert host_json["extensionBundle"] == {
        "id": "Microsoft.Azure.Functions.ExtensionBundle",
        "version": "[4.*, 5.0.0)",
    }


def test_routes_have_the_prefix_that_answers_use(host_json: Mapping[str, Any]) -> None:
    """A subscription's Location is /api/subscriptions/{id}."""
    assert host_json["extensions"]["http"]["routePrefix"] == "api"
