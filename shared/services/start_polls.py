"""On a tick, ask for a poll of every watched environment."""

from collections.abc import Sequence

from shared.ports import PollRequest, Ports

ENVIRONMENTS_PER_MESSAGE = 16


async def start_polls(ports: Ports, listed: Sequence[str]) -> int:
    """Ask for polls of the listed environments and of those with a subscription; answers how many there are."""
    watched = sorted({*listed, *await ports.subscriptions.environments()})
    step = ENVIRONMENTS_PER_MESSAGE
    requests = [PollRequest(tuple(watched[start : start + step])) for start in range(0, len(watched), step)]
    await ports.queues.send_polls(requests)
    return len(watched)
