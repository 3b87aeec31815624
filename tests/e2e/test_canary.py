"""No secret leaves the app: marked callback URLs and signing secrets pass every outcome, and then everything that the
app has written, said or kept is searched for them.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import azure.functions as func
import pytest
from azure.storage.queue import TextBase64EncodePolicy

from local.azurite import running_azurite
from shared.adapters.queues import StorageQueues
from shared.adapters.storage import StorageAccount
from shared.observability import RedactingFilter, set_up_logging
from shared.ports import Queue
from tests.e2e.canary import LOUD, Haystack, LogKeeper
from tests.e2e.canary_story import CANARY, telling
from tests.e2e.hostile_flows import hostile_flows

PLANTED = "PLANTEDw5Ha1Yp6Gs3Xe9Uj2Fo7"
SEEN = {"answer", "log", "table planted", "blob planted", "queue planted"}
ON_DISK = {"disk azurite_db_table", "disk blobstorage", "disk queuestorage"}
HIDDEN = "HIDDENt4Wc8Rk1Mz5Qv9Bd3Ln7"


@dataclass(slots=True)
class Logs:
    """All that is logged at DEBUG: as it comes, and as the handlers of the platform get it."""

    raw: LogKeeper = field(default_factory=LogKeeper)
    guarded: LogKeeper = field(default_factory=LogKeeper)


@pytest.fixture
def logs() -> Iterator[Logs]:
    root, logs = logging.getLogger(), Logs()
    levels = {name: logging.getLogger(name).level for name in LOUD}
    root.addHandler(logs.guarded)
    set_up_logging()
    root.handlers.insert(0, logs.raw)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield logs
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    root.removeHandler(logs.raw)
    root.removeHandler(logs.guarded)
    for handler in root.handlers:
        for guard in [one for one in handler.filters if isinstance(one, RedactingFilter)]:
            handler.removeFilter(guard)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that hangs is given up soon; what has to wait is to be seen at once."""
    put = StorageQueues._put

    async def put_at_once(self: StorageQueues, queue: Queue, body: bytes, delay_seconds: int) -> None:
        await put(self, queue, body, 0)

    monkeypatch.setattr(StorageQueues, "_put", put_at_once)
    monkeypatch.setattr("shared.adapters.callback_sender.TIMEOUT_SECONDS", 0.3)


async def plant(account: StorageAccount, found: Haystack) -> None:
    """A marker in every place, in several forms: a search that does not find it would find nothing."""
    url = f"https://x.logic.azure.com/w?sig={PLANTED}"
    table = await account.tables.create_table("planted")
    await table.upsert_entity({"PartitionKey": "a", "RowKey": "b", "Body": url.encode()})
    container = await account.blobs.create_container("planted")
    await container.upload_blob("x", quote(url, safe=""))
    queue = account.queues.get_queue_client("planted", message_encode_policy=TextBase64EncodePolicy())
    await queue.create_queue()
    await queue.send_message(url)
    hidden = await account.queues.create_queue("planted-and-hidden")
    await hidden.send_message(HIDDEN, visibility_timeout=600)
    found.add("answer", url)
    logging.getLogger("shared.x").debug("fine", extra={"at": url})


async def test_no_secret_leaves_the_app(
    functions: Sequence[func.Function], tmp_path: Path, logs: Logs, capfd: pytest.CaptureFixture[str]
) -> None:
    """In no log at DEBUG, no answer, no row, no blob, no message, nor anywhere on the emulator's disk.

    An error of ours that tells the URL comes last: the raw log has it then, what the platform's handlers get has not.
    """
    found, told = Haystack(), Haystack()
    with running_azurite(tmp_path / "storage") as azurite:
        async with hostile_flows() as flows, telling(functions, azurite.connection_string, flows) as story:
            await story.play()
            found.add_all("log", logs.raw.texts)
            so_far = len(logs.raw.texts)
            assert any("A fault at subscription" in text for text in logs.raw.texts)
            await story.our_error_tells_the_url()
            told.add_all("log", logs.raw.texts[so_far:])
            found.add_all("answer", story.answers())
            await plant(story.app.house.storage, found)
            await found.add_storage(story.app.house.storage)
    found.add_disk(tmp_path / "storage")
    found.add_all("log", [*logs.guarded.texts, *capfd.readouterr(), (tmp_path / "storage.log").read_text()])
    assert told.places_of([CANARY]) == {"log"}
    assert found.places_of([PLANTED]) >= SEEN | ON_DISK
    assert found.places_of([HIDDEN]) == {"disk queuestorage"}
    assert found.places_of(story.secrets) == set()
