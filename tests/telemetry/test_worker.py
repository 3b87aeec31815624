"""Does the app fit Microsoft's own worker: are traces whole whatever it announces, and is each record sent once?"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value

from shared import bootstrap
from tests.functions.support import VARIABLES
from tests.telemetry.ingestion import Ingestion, taking
from tests.telemetry.told import Told

ROOT = Path(__file__).parents[2]
INVOCATION, BROUGHT = (f"00-{number:032x}-{number:016x}-01" for number in (1, 2))
APP = f"""
import json
import azure.functions as func
from shared.telemetry import SpanName
from tests.telemetry.told import Told

app = func.FunctionApp()

@app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
async def tick(timer: func.TimerRequest) -> None:
    told, carried = Told(), []
    for name, parent in ((SpanName.POLL, ""), (SpanName.FAN_OUT, "{BROUGHT}")):
        with told.telemetry.span(name, parent):
            carried.append(told.telemetry.traceparent())
    print(json.dumps([one.split("-")[1] for one in carried]))
"""
INVOKING = """
import asyncio, sys
from pathlib import Path
from azure.functions.meta import Datum
from azure_functions_runtime.native_invocation import invocation_request_native
from local.host.runtime import RuntimeInvoker

async def main(folder, traceparent):
    invoker = await RuntimeInvoker.open(Path(folder))
    timer = Datum('{"IsPastDue": false, "ScheduleStatus": {}, "Schedule": {}}', "json")
    inputs = [("timer", timer)]
    answer = await invocation_request_native("i", invoker._ids["tick"], inputs, {}, trace_parent=traceparent)
    invoker.close()
    sys.exit(answer[4])

asyncio.run(main(*sys.argv[1:]))
"""
WORKERS = ("proxy_worker.dispatcher", "azure_functions_worker.dispatcher")
SAID = (
    ("functions.timers", logging.INFO),
    ("shared.services.deliver", logging.ERROR),
    ("proxy_worker", logging.INFO),
    ("proxy_worker_errors", logging.ERROR),
    ("azure.functions", logging.INFO),
    ("root", logging.WARNING),
)
OURS = {"functions.timers", "shared.services.deliver", "proxy_worker_errors", "root"}


@pytest.mark.parametrize("switch", [{}, {"PYTHON_ENABLE_OPENTELEMETRY": "true"}], ids=["silent", "announcing"])
def test_a_message_goes_on_with_its_trace_whether_the_worker_announces_invocations_or_not(
    tmp_path: Path, switch: dict[str, str]
) -> None:
    """A poll begins one of its own, or goes on with what was announced."""
    pytest.importorskip("azure_functions_runtime", reason="published for Python 3.13 and newer")
    (tmp_path / "function_app.py").write_text(APP, encoding="utf-8")
    base = {name: value for name, value in os.environ.items() if name != "PYTHON_ENABLE_OPENTELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", INVOKING, str(tmp_path), INVOCATION],
        cwd=tmp_path,
        env={**base, **switch, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    poll, fan_out = json.loads(done.stdout.splitlines()[-1])
    assert (poll == INVOCATION.split("-")[1], fan_out) == (bool(switch), BROUGHT.split("-")[1])


class _Host(logging.Handler):
    """What hears records for the host."""

    def __init__(self, hear: Callable[..., None]) -> None:
        super().__init__()
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        self._hear(record)


@pytest.fixture(params=["any", *WORKERS])
def heard(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the host hears by a handler at the root: any, and the worker's own where that is installed."""
    found: list[str] = []

    def hear(record: logging.LogRecord, *_: object) -> None:
        if record.pathname == __file__:  # SDKs say things of their own
            found.append(record.getMessage())

    handler: logging.Handler = _Host(hear)
    if request.param in WORKERS:
        worker = pytest.importorskip(request.param, reason="comes with the Functions host")
        monkeypatch.setattr(worker.DispatcherMeta, "__current_dispatcher__", SimpleNamespace(on_logging=hear))
        handler = worker.AsyncLoggingHandler()
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    yield found
    root.removeHandler(handler)
    root.setLevel(before)


def say() -> list[str]:
    """Have everybody say his name."""
    for name, level in SAID:
        logging.getLogger(name).log(level, name)
    return [name for name, _ in SAID]


def test_a_record_is_sent_by_the_app_or_by_the_host_and_never_by_both(told: Told, heard: list[str]) -> None:
    told.handler.join(logging.getLogger())
    said = say()
    told.handler.leave(logging.getLogger())
    assert [one.log_record.body for one in told.logs.get_finished_logs()] == [name for name in said if name in OURS]
    assert heard == [name for name in said if name not in OURS]


def test_what_is_said_while_telemetry_is_sent_is_left_to_the_host(told: Told, heard: list[str]) -> None:
    """That it cannot be sent, for one thing."""
    told.handler.join(logging.getLogger())
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    said = say()
    detach(token)
    told.handler.leave(logging.getLogger())
    assert (told.logs.get_finished_logs(), heard) == ((), said)


@pytest.fixture
def ingestion() -> Iterator[Ingestion]:
    with taking() as made:
        yield made


async def test_a_house_leaves_to_the_host_what_it_does_not_send(ingestion: Ingestion, heard: list[str]) -> None:
    """And everything again when it is closed."""
    house = bootstrap.build({**VARIABLES, "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string})
    said = say()
    await house.close()
    assert {data["message"] for data in ingestion.of("MessageData")} == OURS
    assert heard == [name for name in said if name not in OURS]
    heard.clear()
    say()
    assert heard == said


async def test_a_house_without_telemetry_leaves_all_to_the_host(heard: list[str]) -> None:
    house = bootstrap.build(VARIABLES)
    said = say()
    await house.close()
    assert heard == said
