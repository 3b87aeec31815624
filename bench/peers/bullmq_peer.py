"""How does BullMQ over Redis do the job? As its users run it: jobs added in bulk, many at once in each worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import NotHere
from bench.peers.peer import CACHE, Peer, Programs, waiting
from bench.peers.redis_server import running_redis
from local.errors import LocalError
from local.machine import NpmProgram, npm_command

HERE = Path(__file__).with_name("bullmq")
BULLMQ = NpmProgram(
    name="BullMQ",
    is_a="a queue of jobs to be measured beside the app",
    size="20 MB on disk",
    lock=HERE,
    home=CACHE / "bullmq",
    script="bullmq/package.json",
)
WORKERS = 1


@contextmanager
def bullmq(folder: Path) -> Iterator[Peer]:
    """Have BullMQ's workers, Redis and a producer, with their data and logs there. Raises NotHere."""
    try:
        node, _ = npm_command(BULLMQ)
    except LocalError as error:
        raise NotHere(f"BullMQ: {error}") from None
    worker, producer = ([node, str(HERE / name)] for name in ("worker.js", "producer.js"))
    with running_redis(folder) as redis:
        environment = {"REDIS_PORT": str(redis.port), "NODE_PATH": str(BULLMQ.home / "node_modules")}
        with waiting(Programs("bullmq", producer, [worker] * WORKERS, environment), redis.child, folder) as peer:
            yield peer
