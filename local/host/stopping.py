"""How does a loop sleep and still hear at once that the host stops?"""

import asyncio


async def stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    """Sleep, but no longer than until the host stops; tells whether it does."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return stop.is_set()
    return True
