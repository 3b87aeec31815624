"""Which functions does Microsoft's runtime find in an app, and does it run one of each kind? Prints JSON."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from azure.functions.meta import Datum

from local.host.invoke import Invocation
from local.host.loading import script_of
from local.host.runtime import RuntimeInvoker

_VALUES = {
    "timerTrigger": Datum('{"IsPastDue": false, "ScheduleStatus": {}, "Schedule": {}}', "json"),
    "queueTrigger": Datum("{}", "string"),
    "httpTrigger": Datum(
        {
            "method": Datum("GET", "string"),
            "url": Datum("http://127.0.0.1/", "string"),
            "headers": {},
            "query": {},
            "params": {"name": Datum("x", "string")},
            "body": Datum(b"", "bytes"),
        },
        "http",
    ),
}


async def probe(app_dir: Path) -> dict[str, Any]:
    """Index the app and invoke the first function of each kind."""
    script_of(app_dir, os.environ)
    invoker = await RuntimeInvoker.open(app_dir)
    invoked: dict[str, str | None] = {}
    for found in invoker.functions:
        kind = found.trigger.type
        if kind not in invoked:
            invocation = Invocation("probe", found.name, _VALUES[kind], {"Id": Datum("m-1", "string")})
            invoked[kind] = (await invoker.invoke(invocation)).error
    invoker.close()
    return {"functions": [found.name for found in invoker.functions], "invoked": invoked}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(probe(Path(sys.argv[1]).resolve()))))
