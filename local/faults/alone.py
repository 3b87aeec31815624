"""Is this the only run in its checkout? Two would write the same files, and each would judge what the other wrote."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalError

if sys.platform != "win32":
    import fcntl


@contextmanager
def alone(folder: Path, command: str = "./dev faults") -> Iterator[None]:
    """Hold the folder for as long as the block runs. Raises LocalError when another does. Windows has no such lock."""
    with (folder / "lock").open("a") as file:
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalError(f"Another {command} goes on in this checkout: wait for its end.") from None
        yield
