"""How much is tried? A little in `./dev test`, all of it in `./dev faults`."""

import os
from typing import TypeVar

T = TypeVar("T")
VARIABLE = "FAULTS_PROFILE"
FULL = os.environ.get(VARIABLE) == "full"


def pick(quick: T, full: T) -> T:
    """What this run is to use: the first in `./dev test`, the second in `./dev faults`."""
    return full if FULL else quick
