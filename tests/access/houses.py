"""The house of a running test, with other parts."""

import asyncio
from dataclasses import replace
from typing import Any

from shared import bootstrap
from shared.bootstrap import House


def rebuilt(**changed: Any) -> House:
    """Put other parts into the house where the functions look for theirs; the stage closes it."""
    loop = asyncio.get_running_loop()
    bootstrap._houses[loop] = replace(bootstrap._houses[loop], **changed)
    return bootstrap._houses[loop]
