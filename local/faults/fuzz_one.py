"""What does one target make of an input that broke it, or, with atheris, of as many as there is time for?

`python -m local.faults.fuzz_one TARGET FILE` runs an input again; fuzz.py starts it with --tools.
"""

import logging
import sys
from pathlib import Path
from random import Random

from local.faults.damages import damaged

TOOLS = "--tools"


def main(first: str, *rest: str) -> None:
    """Take one input, or fuzz with libFuzzer's options."""
    logging.disable(logging.CRITICAL)
    if first != TOOLS:
        from local.faults.targets import TARGETS

        TARGETS[first].take(Path(rest[0]).read_bytes())
        print("It is read, or refused as it should be.")
        return
    tools, target, *options = rest
    sys.path.append(tools)  # behind ours: the app's own packages count
    _fuzz(target, options)


def _fuzz(target: str, options: list[str]) -> None:
    import atheris  # type: ignore[import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["shared", "functions", "jwt", "msal"]):
        from local.faults.targets import TARGETS
    seeds = TARGETS[target].seeds()

    def another(body: bytes, most: int, seed: int) -> bytes:
        """Half of the inputs are damaged as JSON is; what msgspec does in C tells libFuzzer nothing."""
        chance = Random(seed)  # noqa: S311 - libFuzzer's own
        found: bytes = damaged(chance, [body, *seeds]) if chance.random() < 1 / 2 else atheris.Mutate(body, most)
        return found[:most]

    atheris.Setup([sys.argv[0], *options], TARGETS[target].take, custom_mutator=another)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
