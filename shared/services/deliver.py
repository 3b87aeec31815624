"""Call the flows of a batch, side by side."""

import asyncio
from collections import Counter

from shared.domain.deliveries import DeliveryBatch
from shared.ports import Ports
from shared.services.serve_subscription import serve_subscription


async def deliver(ports: Ports, batch: DeliveryBatch) -> Counter[str]:
    """Make the attempts of a batch; answers how many events came to which end.

    A fault of ours is raised once every subscription had its turn, so that the host tries the message again.
    """
    turns = (serve_subscription(ports, batch, pair) for pair in batch.pairs)
    counts: Counter[str] = Counter()
    for result in await asyncio.gather(*turns, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        counts += result
    return counts
