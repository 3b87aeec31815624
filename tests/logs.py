"""What do handlers of the root logger write, once logging was set up as the app does it?"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from shared.observability import RedactingFilter, set_up_logging


@contextmanager
def guarding(*handlers: logging.Handler) -> Iterator[logging.Logger]:
    """The root logger with these handlers beside its own, all of them guarded; afterwards it is as it was."""
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    before = list(root.handlers)
    set_up_logging()
    try:
        yield root
    finally:
        for one in before:
            for guard in [guard for guard in one.filters if isinstance(guard, RedactingFilter)]:
                one.removeFilter(guard)
        for handler in handlers:
            root.removeHandler(handler)


@contextmanager
def silence() -> Iterator[None]:
    """Nothing is logged: not thousands of refusals, and no half of a surrogate pair, which would stop pytest-xdist."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
