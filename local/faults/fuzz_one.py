"""What does one target make of an input that broke it, or, with atheris, of as many as there is time for?

`python -m local.faults.fuzz_one TARGET FILE` runs an input again; fuzz.py starts it with --tools.
"""

import logging
import sys
from pathlib import Path

TOOLS = "--tools"


def main(target: str, *rest: str) -> None:
    """Take one input, or fuzz with libFuzzer's options."""
    logging.disable(logging.CRITICAL)
    if rest[0] != TOOLS:
        from local.faults.targets import TARGETS

        TARGETS[target].take(Path(rest[0]).read_bytes())
        print("It is read, or refused as it should be.")
        return
    sys.path.append(rest[1])  # behind ours: the app's own packages count
    _fuzz(target, list(rest[2:]))


def _fuzz(target: str, options: list[str]) -> None:
    import atheris  # type: ignore[import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["shared", "functions", "jwt", "msal"]):
        from local.faults.targets import TARGETS
    atheris.Setup([sys.argv[0], *options], TARGETS[target].take)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
