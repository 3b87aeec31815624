"""What does a look at everything cost, of an environment of this size? Run as a process of its own.

`python -m bench.growth_run FOLDER 0` makes the checkpoint of a first look, elsewhere than where looks are measured;
with a number of loops it tells CPU seconds and the memory of one look as JSON.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from bench.answers import client, look
from bench.apart import forget_peak, memory_bytes
from shared.adapters.documents import decode_state, encode_state
from shared.domain.checkpoint import EnvironmentState
from shared.domain.detection import detect
from shared.domain.watches import Watches

CHECKPOINT = "checkpoint"


async def poll(folder: Path) -> bytes:
    """The whole of it: the document that was kept, the answers, what changed, the document to keep."""
    kept = folder / CHECKPOINT
    before = decode_state(kept.read_bytes()) if kept.exists() else EnvironmentState()
    snapshot = await look(client(lambda name: (folder / name).read_bytes()), before.checkpoint)
    return encode_state(EnvironmentState(detect(before.checkpoint, snapshot, Watches()).checkpoint))


def main(folder: Path, warm: Path, loops: int) -> None:
    """Measure, once everything that is loaded with the first look is there."""
    with asyncio.Runner() as runner:
        runner.run(poll(warm))
        if not loops:
            (folder / CHECKPOINT).write_bytes(runner.run(poll(folder)))
            print("{}")
            return
        forget_peak()
        at_start = memory_bytes("VmRSS")
        runner.run(poll(folder))
        needed = memory_bytes("VmHWM") - at_start
        began = time.process_time()
        for _ in range(loops):
            runner.run(poll(folder))
        print(json.dumps({"cpu_seconds": (time.process_time() - began) / loops, "bytes": needed}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
