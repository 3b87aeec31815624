"""Read the raw data of a partition, a piece at a time; all pieces together are the file."""

import base64
from dataclasses import dataclass

from shared.acting import InsightsActions
from shared.domain.callers import Caller
from shared.domain.catalog import Entity, Partition
from shared.errors import NotFound
from shared.ports import Ports


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a file: as text that ends with a line where it can, or in base64 if it is no text."""

    name: str
    content: str
    encoding: str
    has_header: bool | None
    start: int
    bytes: int
    total_bytes: int
    version: str = ""

    @property
    def next_start(self) -> int | None:
        """Where the next piece begins; None at the file's end."""
        end = self.start + self.bytes
        return end if self.bytes and end < self.total_bytes else None


async def read_partition(
    ports: Ports,
    caller: Caller,
    actions: InsightsActions,
    place: tuple[str, str, str],
    *,
    start: int,
    length: int,
    version: str = "",
) -> Piece:
    """A piece of a partition, which `place` names: environment, entity, partition.

    Raises NotFound, InsightsError, and Conflict when the file is no more the version that earlier pieces are of.
    """
    environment_id, entity, name = place
    found = _partition(await actions.entity(environment_id, entity), name)
    stretch = await ports.partitions.read(caller, found.location, start=start, length=length, version=version)
    at_end = start + len(stretch.content) >= stretch.total_bytes
    text, used = _as_text(stretch.content, at_end=at_end)
    content = base64.b64encode(stretch.content).decode() if text is None else text
    size = len(stretch.content) if text is None else used
    encoding = "base64" if text is None else "utf-8"
    return Piece(name, content, encoding, found.has_header, start, size, stretch.total_bytes, stretch.version)


def _partition(entity: Entity, name: str) -> Partition:
    for one in entity.partitions:
        if one.name == name:
            return one
    raise NotFound("The entity has no partition of that name.", reason="partition_not_found")


def _as_text(content: bytes, *, at_end: bool) -> tuple[str | None, int]:
    """The text up to its last line end, or up to its last whole character, and how many bytes that took."""
    if b"\0" in content:
        return None, 0
    whole = content if at_end else content[: content.rfind(b"\n") + 1] or content
    for cut in range(min(4, len(whole))) if whole else (0,):  # a piece of no bytes would look like the file's end
        part = whole[: len(whole) - cut] if cut else whole
        try:
            return part.decode(), len(part)
        except UnicodeDecodeError:
            if at_end:
                break
    return None, 0
