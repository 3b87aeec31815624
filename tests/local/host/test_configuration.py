"""Are host.json, the settings and the time spans read as Azure reads them?"""

from datetime import timedelta
from pathlib import Path

import pytest

from local.host.app_settings import connection_string, expand, load_settings
from local.host.errors import HostError
from local.host.host_json import HostOptions, QueueOptions, load_host_json
from local.host.timespan import parse_timespan


def host_json(folder: Path, text: str) -> HostOptions:
    (folder / "host.json").write_text(text)
    return load_host_json(folder, {})


def test_an_empty_host_json_gives_the_defaults_of_azure(tmp_path: Path) -> None:
    assert host_json(tmp_path, '{"version": "2.0"}') == HostOptions(
        route_prefix="api",
        function_timeout=timedelta(minutes=30),
        queues=QueueOptions(16, 8, 5, timedelta(), timedelta(minutes=1), base64=True),
    )


def test_what_host_json_sets_is_taken_and_what_the_host_does_not_use_is_ignored(tmp_path: Path) -> None:
    options = host_json(
        tmp_path,
        """{"version": "2.0", "functionTimeout": "-1", "telemetryMode": "OpenTelemetry",
            "logging": {"logLevel": {"default": "Warning"}}, "extensionBundle": {"id": "x", "version": "[4.*, 5.0.0)"},
            "extensions": {"http": {"routePrefix": ""}, "queues": {"batchSize": 32, "maxDequeueCount": 3,
            "visibilityTimeout": "00:00:30", "maxPollingInterval": "00:00:02", "messageEncoding": "none"}}}""",
    )
    expected = QueueOptions(32, 16, 3, timedelta(seconds=30), timedelta(seconds=2), base64=False)
    assert options == HostOptions("", None, expected, "Warning")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "host.json"),
        ('{"version": "1.0"}', "version"),
        ('{"version": "2.0", "extensions": {"queues": {"batchSize": 33}}}', "batchSize"),
        ('{"version": "2.0", "extensions": {"queues": {"visibilityTimeout": "30"}}}', "visibilityTimeout"),
        ('{"version": "2.0", "functionTimeout": "24:00:00"}', "functionTimeout"),
    ],
)
def test_a_bad_host_json_is_one_line_that_names_the_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(HostError, match=said) as caught:
        host_json(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_folder_without_host_json_is_no_app(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="--app"):
        load_host_json(tmp_path, {})


def test_the_environment_wins_over_local_settings(tmp_path: Path) -> None:
    settings = '\ufeff{"IsEncrypted": false, "Values": {"A": "file", "B": "file"}, "Host": {"CORS": "*"}}'
    (tmp_path / "local.settings.json").write_text(settings, encoding="utf-8")
    assert load_settings(tmp_path, {"B": "environment"}) == {"A": "file", "B": "environment"}


def test_settings_that_func_encrypted_are_refused(tmp_path: Path) -> None:
    (tmp_path / "local.settings.json").write_text('{"IsEncrypted": true, "Values": {}}')
    with pytest.raises(HostError, match="decrypt"):
        load_settings(tmp_path, {})


def test_an_expression_is_replaced_and_a_missing_setting_named() -> None:
    assert expand("a-%X%-%Y%", {"X": "1", "Y": "2"}, "here") == "a-1-2"
    with pytest.raises(HostError, match="function f: schedule needs the setting POLL"):
        expand("%POLL%", {}, "function f: schedule")


def test_a_connection_names_a_setting() -> None:
    assert connection_string("Jobs", {"Jobs": "a"}, "f") == "a"
    assert connection_string("Jobs", {"AzureWebJobsJobs": "b"}, "f") == "b"
    assert "127.0.0.1:10001" in connection_string("Jobs", {"Jobs": "UseDevelopmentStorage=true"}, "f")
    with pytest.raises(HostError, match="identity-based"):
        connection_string("Jobs", {"Jobs__accountName": "x"}, "f")


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:00:02", 2), ("01:30", 5400), ("1.00:00:00", 86400), ("00:00:00.250", 0.25)]
)
def test_time_spans_are_read_as_dotnet_reads_them(text: str, seconds: float) -> None:
    assert parse_timespan(text, "x") == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "24:00:00", "00:60:00", "00:00:60", "-00:00:01", "a:b:c"])
def test_what_is_no_time_span_is_refused(text: str) -> None:
    with pytest.raises(HostError, match="x: "):
        parse_timespan(text, "x")


def test_settings_win_over_host_json(tmp_path: Path) -> None:
    """A setting AzureFunctionsJobHost__a__b replaces that part of host.json, whatever its casing."""
    (tmp_path / "host.json").write_text('{"version": "2.0", "extensions": {"queues": {"batchSize": 16}}}')
    settings = {
        "AzureFunctionsJobHost__extensions__Queues__BATCHSIZE": "4",
        "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
    }
    options = load_host_json(tmp_path, settings)
    assert options.queues.batch_size == 4
    assert options.queues.visibility_timeout == timedelta(seconds=1)
