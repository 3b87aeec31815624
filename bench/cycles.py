"""How many messages can the storage emulator take, hand out and forget a second? What no app on it can pass."""

import asyncio
import time

from azure.storage.queue.aio import QueueClient

AT_ONCE = 16
_QUEUE = "cycles"


async def cycles_a_second(connection: str, size: int, count: int) -> float:
    """Send, receive and delete so many messages of so many bytes, several at once, each in three calls."""
    async with QueueClient.from_connection_string(connection, _QUEUE) as queue:
        await queue.create_queue()
        await _cycles(queue, "." * size, AT_ONCE)  # connects
        began = time.monotonic()
        await _cycles(queue, "." * size, count)
        took = time.monotonic() - began
        await queue.delete_queue()
    return count / took


async def _cycles(queue: QueueClient, text: str, count: int) -> None:
    left = iter(range(count))

    async def go_on() -> None:
        for _ in left:
            await queue.send_message(text)
            while (message := await queue.receive_message()) is None:
                pass
            await queue.delete_message(message)

    await asyncio.gather(*(go_on() for _ in range(AT_ONCE)))
