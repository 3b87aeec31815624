"""How fast can one process call flows that does nothing else? `python -m bench.bare JOB` tells it as JSON.

One aiohttp session, the bytes at hand, no queue, nothing kept: what is lost is lost. It is the limit of what can be
reached with this client.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import msgspec
from yarl import URL

from bench.jobs import Job, read_job

AT_ONCE = 64
Call = tuple[URL, bytes, dict[str, str]]


class _Named(msgspec.Struct):
    id: str


def calls_of(job: Job) -> Iterator[Call]:
    """Each event for each flow, made before anything is measured as far as it is the same for several."""
    urls = [URL(url, encoded=True) for url in job.subscribers]
    for item in job.items:
        name = msgspec.json.decode(item, type=_Named).id
        headers = {"Content-Type": "application/json", "webhook-id": name}
        for url in urls:
            yield url, bytes(item), headers


async def post_all(session: aiohttp.ClientSession, calls: Iterator[Call]) -> None:
    """Make them, always so many at once."""

    async def post() -> None:
        for url, body, headers in calls:
            async with session.post(url, data=body, headers=headers) as answer:
                answer.raise_for_status()

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(post())


async def connect(session: aiohttp.ClientSession, url: URL) -> None:
    """Open all connections: a call that is no delivery on each."""

    async def get() -> None:
        async with session.get(url) as answer:
            await answer.read()

    await asyncio.gather(*(get() for _ in range(AT_ONCE)))


async def run(job: Job) -> dict[str, float]:
    """Deliver a job: when that began, and the CPU time that it took."""
    calls = list(calls_of(job))
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        await connect(session, calls[0][0].with_path("/counts"))
        began_at, used = time.time(), time.process_time()
        await post_all(session, iter(calls))
        return {"began_at": began_at, "cpu_seconds": time.process_time() - used}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(read_job(Path(sys.argv[1]))))))
