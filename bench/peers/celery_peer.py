"""How does Celery over Redis do the job? As its users run it where nothing may be lost: acks late, processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import NotHere
from bench.peers.peer import CACHE, Peer, Programs, waiting
from bench.peers.redis_server import running_redis
from local.children import ROOT
from local.errors import LocalError
from local.package.environment import clean_environment

REQUIREMENTS = Path(__file__).with_name("requirements-celery.txt")
PROCESSES = 2
# Nothing that a single worker does not need: what it tells others costs time.
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")


@contextmanager
def celery(folder: Path) -> Iterator[Peer]:
    """Have Celery's worker, Redis and a producer, with their data and logs there. Raises NotHere."""
    try:
        python = str(clean_environment(REQUIREMENTS, cache=CACHE, what="Celery, to be measured beside the app"))
    except LocalError as error:
        raise NotHere(f"Celery: {error}") from None
    worker = [python, "-m", "celery", "--app", "bench.peers.celery_tasks", "worker", "--loglevel", "WARNING", *ALONE]
    worker += ["--pool", "prefork", "--concurrency", str(PROCESSES)]
    producer = [python, "-m", "bench.peers.celery_producer"]
    with running_redis(folder) as redis:
        environment = {"REDIS_URL": redis.url, "PYTHONPATH": str(ROOT)}
        with waiting(Programs("celery", producer, [worker], environment), redis.child, folder) as peer:
            yield peer
