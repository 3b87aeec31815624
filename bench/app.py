"""How does the app run for a measurement? Azurite, the source, the sink and the functions host, each a process.

Nothing starts a poll but who asks for one, and no flow's calls are limited.
"""

import asyncio
import base64
import json
import random
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from bench.processes import cpu_seconds, with_argument
from bench.source import ENVIRONMENT
from local.azurite import Azurite, running_azurite
from local.children import ROOT, Child, free_ports, running, wait_until
from shared.adapters import blobs, event_table, subscription_rows, subscription_table
from shared.adapters.cipher import Cipher
from shared.adapters.messages import encode_polls
from shared.adapters.rows import batches
from shared.adapters.storage import StorageAccount
from shared.domain.signatures import SigningSecret, new_secret
from shared.domain.subscribing import parse_filters
from shared.domain.subscriptions import Subscription, Trigger
from shared.ports import PollRequest, Queue

LONGEST_SECONDS = 240.0
HOST_SECONDS = 90.0
IDLE_SECONDS = 4.0  # by then the host looks at each of its queues as rarely as it ever does
_POLLED = "Executed 'Functions.poll' (Succeeded"
_TENANT, _APP = "00000001-aaaa-4bbb-8ccc-0123456789ab", "00000002-aaaa-4bbb-8ccc-0123456789ab"


@dataclass(frozen=True, slots=True)
class Size:
    """What there is at the source, and how many processes end when it grows."""

    sources: int = 0
    segments: int = 0
    processes: int = 0


@dataclass(frozen=True, slots=True)
class Sink:
    """The flow inbox."""

    child: Child
    port: int

    @property
    def url(self) -> str:
        """Where flows are: a number behind it makes one."""
        return f"http://127.0.0.1:{self.port}/flow/"

    def wait(self, distinct: int, seconds: float = LONGEST_SECONDS, *, beside: Sequence[Child] = ()) -> dict[str, Any]:
        """What came, once so many deliveries have. Raises BrokenRunError, at once when one of those beside ended."""
        problem = f"Not all of {distinct} deliveries came"
        wait_until(lambda: self._ask("counts")["distinct"] >= distinct, problem, seconds, (self.child, *beside))
        return self._ask("counts")

    def take(self, *, each: bool = False) -> dict[str, Any]:
        """What came, which is then forgotten."""
        return self._ask("told/each" if each else "told")

    def answer_after(self, milliseconds: int) -> None:
        """Be as slow as that from now on."""
        self._ask(f"delay/{milliseconds}")

    def _ask(self, what: str) -> dict[str, Any]:
        return ask(f"http://127.0.0.1:{self.port}/{what}")


@dataclass(frozen=True, slots=True)
class Running:
    """The app and what it needs."""

    azurite: Azurite
    storage: int
    source: int
    sink: Sink
    hosts: tuple[Child, ...]

    def poll(self) -> None:
        """Ask for a poll as the timer does."""
        asyncio.run(ask_for_poll(self.azurite.connection_string))

    def grow(self, processes: int | None = None) -> float:
        """Everything at the source changes, or only so many processes end; when."""
        query = "" if processes is None else f"?processes={processes}"
        return float(ask(f"http://127.0.0.1:{self.source}/grow{query}", "POST")["at"])

    def looked_at(self) -> float:
        """When a poll first looked at the source after it had changed."""
        return float(ask(f"http://127.0.0.1:{self.source}/asked")["at"])

    def wait(self, distinct: int) -> dict[str, Any]:
        """What came to the sink, once so many deliveries have. Raises BrokenRunError."""
        return self.sink.wait(distinct, beside=self.hosts)

    def log(self) -> str:
        """What the functions hosts have said."""
        return "".join(host.log.read_text(encoding="utf-8", errors="replace") for host in self.hosts)

    def cpu_seconds(self) -> dict[str, float]:
        """What the app, the storage emulator and the sink have used."""
        return {
            "app": cpu_seconds(*(host.process.pid for host in self.hosts)),
            "storage": cpu_seconds(self.storage),
            "sink": cpu_seconds(self.sink.child.process.pid),
        }


def ask(url: str, method: str = "GET") -> dict[str, Any]:
    """JSON from one of our own programs."""
    request = urllib.request.Request(url, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


@contextmanager
def running_sink(folder: Path) -> Iterator[Sink]:
    """Have the flow inbox."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.sink", "--port", str(port)]
    with running("sink", command, folder / "sink.log") as child:
        child.wait_until_listening(port)
        yield Sink(child, port)


@contextmanager
def running_app(
    folder: Path,
    size: Size,
    subscriptions: Sequence[Subscription],
    sink: Sink,
    idle_seconds: float = IDLE_SECONDS,
    hosts: int = 1,
) -> Iterator[Running]:
    """Have the app with its subscriptions: its first poll is done, and its queues have been idle for a while."""
    folder.mkdir(parents=True, exist_ok=True)
    (source,) = free_ports(1)
    key = Fernet.generate_key().decode()
    command = [sys.executable, "-m", "bench.source", "--port", str(source), "--sources", str(size.sources)]
    command += ["--segments", str(size.segments), "--processes", str(size.processes)]
    with (
        running_azurite(folder / "storage") as azurite,
        running("source", command, folder / "source.log") as child,
        ExitStack() as stack,
    ):
        child.wait_until_listening(source)
        asyncio.run(furnish(azurite.connection_string, key, subscriptions))
        settings = settings_of(azurite, source, key)
        programs = tuple(start_host(stack, folder, settings, port) for port in free_ports(hosts))
        found = Running(azurite, with_argument(str(azurite.queue_port)), source, sink, programs)
        rest(found, idle_seconds)
        yield found


def start_host(stack: ExitStack, folder: Path, settings: Mapping[str, str], port: int) -> Child:
    """One instance of the app."""
    command = [sys.executable, "-m", "local.host", "--app", str(ROOT), "--port", str(port), "--invoke", "direct"]
    program = stack.enter_context(running("functions host", command, folder / f"host-{port}.log", settings))
    program.wait_until_listening(port, HOST_SECONDS)
    return program


def rest(app: Running, seconds: float) -> None:
    """Have it take its baseline, and wait until it is as idle as it becomes."""
    idle_at = time.monotonic() + seconds
    time.sleep(random.uniform(0, seconds / 2))  # or all queues would be looked at in the same moment  # noqa: S311
    app.poll()
    wait_until(lambda: _POLLED in app.log(), "The first poll was not done", HOST_SECONDS, app.hosts)
    time.sleep(max(0.0, idle_at - time.monotonic()))


def settings_of(azurite: Azurite, source: int, key: str) -> dict[str, str]:
    """The app's settings: no limit to the calls a flow gets, and polls only when they are asked for."""
    return {
        "AzureWebJobsStorage": azurite.connection_string,
        "CALLBACK_ENCRYPTION_KEYS": key,
        "CALLBACK_ALLOW_LOOPBACK": "true",
        "DELIVERY_RATE_PER_SECOND": "0",
        "FAST_POLL_SECONDS": "0",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "ENVIRONMENTS": ENVIRONMENT,
        "CUSTOMER_INSIGHTS_API_URL": f"http://127.0.0.1:{source}/v1",
        "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "bench",
        "POLL_SCHEDULE": "0 0 0 1 1 *",
        "ENTRA_TENANT_IDS": _TENANT,
        "ENTRA_CLIENT_ID": _APP,
        "CALLING_APPS": _APP,
        "IDENTITY_ENDPOINT": f"http://127.0.0.1:{source}/msi/token",
        "IDENTITY_HEADER": "bench",
        "TZ": "UTC",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def order(number: int, trigger: Trigger, url: str, **asked: Any) -> Subscription:
    """A flow's standing order, with a secret to sign its calls as every new one has."""
    return Subscription(
        id=f"{ENVIRONMENT}.flow{number:06}",
        environment_id=ENVIRONMENT,
        trigger=trigger,
        fields=asked,
        filters=parse_filters(trigger, asked),
        callback_url=f"{url}{number}",
        created_at=datetime.now(UTC),
        signing_secrets=(SigningSecret(new_secret()),),
    )


async def furnish(connection: str, key: str, subscriptions: Sequence[Subscription]) -> None:
    """Write the subscriptions, a hundred rows at a time: this is not what is measured."""
    account, cipher = StorageAccount.from_connection_string(connection), Cipher([key])
    for name in (subscription_table.SUBSCRIPTIONS, subscription_table.ENVIRONMENTS, subscription_table.KEYS):
        await account.tables.create_table(name)
    await account.tables.create_table(event_table.EVENTS)
    for container in (blobs.CHECKPOINTS, blobs.CLAIMS):
        await account.blobs.create_container(container)
    for queue in Queue:
        await account.queues.create_queue(queue.value)
    table = account.tables.get_table_client(subscription_table.SUBSCRIPTIONS)
    for batch in batches([subscription_rows.to_row(one, cipher) for one in subscriptions]):
        await table.submit_transaction([("upsert", row) for row in batch])
    await account.close()


async def ask_for_poll(connection: str) -> None:
    """Ask for a poll as the timer does."""
    account = StorageAccount.from_connection_string(connection)
    body = base64.b64encode(encode_polls(PollRequest((ENVIRONMENT,)))).decode()
    await account.queues.get_queue_client(Queue.POLLS.value).send_message(body)
    await account.close()
