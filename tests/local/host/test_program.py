"""Does `python -m local.host` run an app, say what is wrong with one, and leave when asked?"""

import asyncio
import base64
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from azure.storage.queue.aio import QueueClient

from local.host.storage import queue_service
from tests.local.host.support import REPOSITORY, TINY, TINY_SETTINGS, fresh, until

HEAD = "import azure.functions as func\napp = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
SECONDS = 60


@dataclass(slots=True)
class Program:
    """A running host with what it has said."""

    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        ready = next(line for line in self.said if line.startswith("Functions host ready"))
        found = re.search(r"http://\S+", ready)
        assert found is not None
        return found[0]

    def has_logged(self, text: str) -> bool:
        return any(text in line for line in self.logged)

    async def end(self, number: int) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(SECONDS):
            return await self.process.wait()


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **settings}


@asynccontextmanager
async def started(app: Path, settings: Mapping[str, str], *options: str) -> AsyncIterator[Program]:
    """Start the host at a free port; it is ready inside the block and ended after it."""
    async with _process(app, settings, "--port", "0", *options) as process:
        program = Program(process)
        assert process.stdout
        assert process.stderr
        reading = asyncio.gather(_read(process.stdout, program.said), _read(process.stderr, program.logged))
        await until(lambda: any("ready" in line for line in program.said) or process.returncode is not None, SECONDS)
        assert process.returncode is None, program.logged
        yield program
    await reading


@asynccontextmanager
async def _process(app: Path, settings: Mapping[str, str], *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local.host", "--app", str(app), *options),
        env=environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _read(stream: asyncio.StreamReader, lines: list[str]) -> None:
    while line := await stream.readline():
        lines.append(line.decode().rstrip())


async def refused(app: Path, settings: Mapping[str, str], *options: str) -> str:
    """Start a host that cannot start; gives its one line."""
    async with _process(app, settings, *options) as process, asyncio.timeout(SECONDS):
        out, error = await process.communicate()
    # azure-functions warns about the auth level of an app without HTTP functions.
    lines = [line for line in error.decode().splitlines() if " WARNING root: " not in line]
    assert (process.returncode, out, len(lines)) == (2, b"", 1), (out, lines)
    return lines[0]


def app_in(folder: Path, code: str) -> Path:
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "function_app.py").write_text(HEAD + code)
    return folder


@pytest.fixture
def settings(azurite: str) -> dict[str, str]:
    """The tiny app's settings, with a queue and a host id of this test's own."""
    names = {"JOBS_QUEUE": fresh("jobs"), "AzureWebJobsStorage": azurite, "AzureFunctionsWebHost__hostid": fresh("h")}
    return {**TINY_SETTINGS, **names, "TICK_SCHEDULE": "* * * * * *"}


@asynccontextmanager
async def jobs(settings: Mapping[str, str]) -> AsyncIterator[QueueClient]:
    async with queue_service(settings["AzureWebJobsStorage"]) as service:
        queue = service.get_queue_client(settings["JOBS_QUEUE"])
        await queue.create_queue()
        yield queue


async def send(queue: QueueClient, text: str) -> None:
    await queue.send_message(base64.b64encode(text.encode()).decode())


async def test_an_app_runs_with_all_its_triggers_and_leaves_on_sigterm(settings: dict[str, str]) -> None:
    async with jobs(settings) as queue, started(TINY, settings, "--invoke", "direct") as program:
        assert "  echo: http [GET,POST] /api/echo/{name}/{number:int?}" in program.said
        assert "  tick: timer * * * * * *" in program.said
        assert f"  work: queue {settings['JOBS_QUEUE']}" in program.said
        assert program.said[-1] == f"Functions host ready on {program.address} (8 functions)"
        await send(queue, "hello")
        async with aiohttp.ClientSession() as client, client.get(f"{program.address}/api/plain?word=x") as answer:
            assert await answer.text() == "plain x"
        await until(lambda: program.has_logged("Executed 'Functions.tick' (Succeeded"))
        await until(lambda: program.has_logged("Executed 'Functions.work' (Succeeded"))
        assert await program.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_functions_run_on_the_loop_that_was_asked_for(
    settings: dict[str, str], tmp_path: Path, loop: str
) -> None:
    code = (
        "import asyncio\n"
        "@app.route('loop')\nasync def loop(req: func.HttpRequest) -> str:\n"
        "    return type(asyncio.get_running_loop()).__module__.partition('.')[0]\n"
    )
    del settings["PYTHON_SCRIPT_FILE_NAME"]
    async with started(app_in(tmp_path, code), settings, "--invoke", "direct", "--loop", loop) as program:
        async with aiohttp.ClientSession() as client, client.get(f"{program.address}/api/loop") as answer:
            assert await answer.text() == loop
        assert await program.end(signal.SIGTERM) == 0


async def test_a_killed_host_is_followed_at_once_by_the_next(settings: dict[str, str], tmp_path: Path) -> None:
    """Its timer fires without waiting for the old lease, and its message comes back when the message's lease ends."""
    code = (
        "import asyncio, os\n"
        "@app.queue_trigger(arg_name='m', queue_name='%JOBS_QUEUE%', connection='AzureWebJobsStorage')\n"
        "async def work(m: func.QueueMessage) -> None:\n    await asyncio.sleep(float(os.environ['WORK_SECONDS']))\n"
        "@app.timer_trigger(arg_name='t', schedule='* * * * * *')\ndef tick(t: func.TimerRequest) -> None: ...\n"
    )
    app = app_in(tmp_path, code)
    del settings["PYTHON_SCRIPT_FILE_NAME"]
    async with jobs(settings) as queue:
        async with started(app, {**settings, "WORK_SECONDS": "60"}, "--lease-seconds", "2") as first:
            await send(queue, "long")
            await until(lambda: first.has_logged("Executing 'Functions.work'") and first.has_logged("Executed 'Fun"))
            await first.end(signal.SIGKILL)
        async with started(app, {**settings, "WORK_SECONDS": "0"}, "--lease-seconds", "2") as second:
            await until(lambda: second.has_logged("Executed 'Functions.tick'"), seconds=8)
            await until(lambda: second.has_logged("Executed 'Functions.work' (Succeeded"))


async def test_a_stop_lets_a_request_end_and_takes_no_other(tmp_path: Path) -> None:
    code = (
        "import asyncio\n@app.route(route='slow')\n"
        "async def slow(req: func.HttpRequest) -> str:\n    await asyncio.sleep(1.5)\n    return 'done'\n"
    )
    async with started(app_in(tmp_path, code), {}) as program, aiohttp.ClientSession() as client:
        asking = asyncio.create_task(client.get(f"{program.address}/api/slow"))
        await until(lambda: program.has_logged("Executing 'Functions.slow'"))
        ending = asyncio.create_task(program.end(signal.SIGINT))
        await asyncio.sleep(0.5)
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get(f"{program.address}/api/slow")
        async with await asking as answer:
            assert await answer.text() == "done"
        assert await ending == 0


async def test_function_timeout_ends_a_run(tmp_path: Path) -> None:
    code = (
        "import asyncio\n@app.route(route='forever')\n"
        "async def forever(req: func.HttpRequest) -> str:\n    await asyncio.sleep(600)\n    return ''\n"
    )
    app = app_in(tmp_path, code)
    (app / "host.json").write_text('{"version": "2.0", "functionTimeout": "00:00:00.300"}')
    async with started(app, {}) as program, aiohttp.ClientSession() as client:
        async with client.get(f"{program.address}/api/forever") as answer:
            assert (answer.status, await answer.read()) == (500, b"")
        await until(lambda: program.has_logged("functionTimeout"))


async def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    app = app_in(tmp_path, "")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port} is in use" in await refused(app, {}, "--port", port)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "@app.timer_trigger(arg_name='t', schedule='%WHEN%')\ndef f(t: func.TimerRequest) -> None: ...\n",
            "function f: schedule needs the setting WHEN",
        ),
        (
            "@app.timer_trigger(arg_name='t', schedule='0 0 3 * * *')\ndef f(t: func.TimerRequest) -> None: ...\n",
            "needs a storage connection string in the setting AzureWebJobsStorage",
        ),
        (
            "@app.queue_trigger(arg_name='m', queue_name='q', connection='C')\n"
            "@app.queue_output(arg_name='o', queue_name='r', connection='C')\n"
            "def f(m: func.QueueMessage, o: func.Out[str]) -> None: ...\n",
            "does not support the binding queue",
        ),
        (
            "@app.blob_trigger(arg_name='b', path='p', connection='C')\ndef f(b: func.InputStream) -> None: ...\n",
            "does not support the binding blobTrigger",
        ),
        (
            "@app.queue_trigger(arg_name='m', queue_name='My_Queue', connection='C')\n"
            "def f(m: func.QueueMessage) -> None: ...\n",
            '"My_Queue" cannot name a queue',
        ),
        ("@app.route(route='a')\ndef f(req: func.HttpRequest, more: int) -> str: ...\n", "function f: its parameters"),
        ("@app.route(route='a')\ndef f(req: func.HttpRequest) -> str: ...\n" * 2, "unique"),
        (
            "import nowhere_to_be_found\n",
            "ModuleNotFoundError: No module named 'nowhere_to_be_found' (function_app.py line 3)",
        ),
        ("other = func.FunctionApp()\n", "holds 2"),
    ],
)
async def test_an_app_that_cannot_run_is_refused_in_one_line(tmp_path: Path, code: str, said: str) -> None:
    assert said in await refused(app_in(tmp_path, code), {}, "--invoke", "direct", "--port", "0")


@pytest.mark.parametrize("options", [["--port", "x"], ["--port", "70000"], ["--lease-seconds", "0"], ["--what"]])
async def test_a_bad_option_is_one_line(tmp_path: Path, options: list[str]) -> None:
    assert "see --help" in await refused(tmp_path, {}, *options)
