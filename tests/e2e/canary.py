"""Looks for secrets in everything that an app leaves behind: logs, answers, tables, blobs, queues, the disk below."""

import base64
import logging
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

from shared.adapters.storage import StorageAccount

LOUD = ("", "azure", "aiohttp", "asyncio", "shared", "functions", "local")


def forms_of(secret: str) -> list[bytes]:
    """What a secret looks like in plain text, in base64 at each of its three places, and in hex."""
    plain = secret.encode()
    forms = [plain, plain.hex().encode(), plain.hex().upper().encode()]
    for shift in range(3):
        coded = base64.b64encode(b"x" * shift + plain + b"xxx")
        first = -(-shift * 4 // 3)  # characters that what stands before has a part in
        whole = coded[first : (shift + len(plain)) * 8 // 6]
        forms += [whole, whole.replace(b"+", b"-").replace(b"/", b"_")]
    return list(dict.fromkeys(forms))


@dataclass(slots=True)
class Haystack:
    """Texts by the place they are from."""

    texts: dict[str, set[bytes]] = field(default_factory=dict)

    def add(self, place: str, text: str | bytes) -> None:
        """Keep a text, also without its percent-encoding and its base64, where it has any."""
        raw = text.encode(errors="surrogatepass") if isinstance(text, str) else text
        plain = unquote_to_bytes(raw)
        kept = self.texts.setdefault(place, set())
        kept |= {raw, plain, unquote_to_bytes(plain)}
        with suppress(ValueError):
            kept.add(base64.b64decode(raw, validate=True))

    def add_all(self, place: str, texts: Iterable[str | bytes]) -> None:
        """Keep several."""
        for text in texts:
            self.add(place, text)

    def places_of(self, secrets: Iterable[str]) -> set[str]:
        """Where any of the secrets is, in any form."""
        whole = {place: b"\0".join(texts) for place, texts in self.texts.items()}
        needles = [form for secret in secrets for form in forms_of(secret)]
        return {place for place, text in whole.items() if any(needle in text for needle in needles)}

    async def add_storage(self, account: StorageAccount) -> None:
        """Every row, blob and message that can be seen."""
        async for table in account.tables.list_tables():
            async for row in account.tables.get_table_client(table.name).list_entities():
                for name, value in row.items():
                    self.add(f"table {table.name}", f"{name}={value}")
                    self.add(f"table {table.name}", value if isinstance(value, bytes) else str(value))
        async for container in account.blobs.list_containers():
            client = account.blobs.get_container_client(container.name)
            async for blob in client.list_blobs():
                content = await (await client.download_blob(blob.name)).readall()
                self.add(f"blob {container.name}", f"{blob.name} {blob.metadata}")
                self.add(f"blob {container.name}", content)
        async for queue in account.queues.list_queues():
            for message in await account.queues.get_queue_client(queue.name).peek_messages(max_messages=32):
                self.add(f"queue {queue.name}", message.content or "")

    def add_disk(self, folder: Path) -> None:
        """Every file of an emulator that has ended: also messages that are hidden, and what was removed since."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                top = file.relative_to(folder).parts[0]
                self.add(f"disk {top.removesuffix('.json').strip('_')}", file.read_bytes())


class LogKeeper(logging.Handler):
    """Keeps all of a record as it comes: text, arguments, exception with its causes, and what was given as `extra`."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        parts = [record.name, record.getMessage(), repr(record.args), record.exc_text or "", record.stack_info or ""]
        for error in _with_causes(record.exc_info[1] if record.exc_info else None):
            parts += [*traceback.format_exception(error), repr(error), repr(error.__dict__)]
        parts += [f"{name}={value!r}" for name, value in record.__dict__.items() if name not in ("exc_info", "args")]
        self.texts.append("\n".join(parts))


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that led to it, also what `from None` hides: some handlers send it along."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
