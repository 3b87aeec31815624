"""Which bytes does a flow get? Those of the events that the app itself finds."""

from bench.answers import client, look
from bench.source import Source
from shared.adapters.messages import encode_event
from shared.domain.detection import detect
from shared.domain.watches import Watches


async def bodies(processes: int) -> list[bytes]:
    """The bodies of the calls of a flow when so many processes ended."""
    source = Source(sources=0, segments=0, processes=processes)
    api = client(source.answer)
    before = detect(None, await look(api, None), Watches())
    source.grow()
    found = detect(before.checkpoint, await look(api, before.checkpoint), Watches())
    return [encode_event(event) for event in found.events]
