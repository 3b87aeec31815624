"""How long do imports take? Run as a process of its own: `python -m bench.cold_run app|sdks` tells JSON.

It imports next to nothing itself, so that what it is asked about is imported here and not before.
"""

import sys
import time

SDKS = (
    "azure.functions",
    "azure.core.pipeline.transport",
    "azure.storage.blob.aio",
    "azure.storage.queue.aio",
    "azure.data.tables.aio",
    "aiohttp",
    "msgspec",
    "cryptography.fernet",
)


def import_app() -> None:
    """As the Functions worker does: import the script, list its functions."""
    from function_app import app

    if not app.get_functions():
        raise LookupError("no function was indexed")


def import_sdks() -> None:
    """What the app imports of others, and nothing of its own."""
    for name in SDKS:
        __import__(name)


def main(what: str) -> None:
    """Import and tell."""
    cpu, wall = time.process_time(), time.perf_counter()
    (import_app if what == "app" else import_sdks)()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    import json

    print(json.dumps({"cpu": cpu, "wall": wall, "modules": sorted(sys.modules)}))


if __name__ == "__main__":
    main(sys.argv[1])
