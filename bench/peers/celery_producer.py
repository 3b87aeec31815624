"""How do the changes get into Celery? A job file is named on a line of input, and each of its calls becomes a task."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.peers.celery_tasks import app, deliver


def enqueue(job: dict[str, Any]) -> float:
    """Queue all of it over one connection; when that began."""
    started_at = time.time()
    with app.producer_or_acquire() as producer:
        for item in job["items"]:
            for url in job["subscribers"]:
                deliver.apply_async((url, item), producer=producer)
    return started_at


def tell(**what: float) -> None:
    """Answer a line."""
    print(json.dumps(what), flush=True)


def main() -> None:
    """Connect, then do what is asked for."""
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=5)
    tell()
    for line in sys.stdin:
        tell(started_at=enqueue(json.loads(Path(line.strip()).read_bytes())))


if __name__ == "__main__":
    main()
