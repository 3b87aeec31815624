"""What do the outputs of a deployment say? From the variables that azd gives its hooks, or from a file of lines."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from local.connector.deployment import read_outputs
from local.errors import LocalError

HOW = (
    "write the outputs into a file and add --from deployment.env."
    " With azd: azd env get-values > deployment.env"
    " With the Azure CLI: python3 -m scripts.outputs DEPLOYMENT > deployment.env"
)


def run(script: str, work: Callable[[], None]) -> int:
    """Do the work of a script; its exit code, and in one line why it did not work."""
    try:
        work()
    except LocalError as error:
        print(f"{script}: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        return 130
    return 0


def values_of(file: Path | None) -> Mapping[str, str]:
    """The outputs: lines such as NAME="value" of `azd env get-values` or scripts.outputs; without a file, variables."""
    if file is None:
        return os.environ
    found = read_outputs(file)
    if not found:
        raise LocalError(f'{file} has no line such as NAME="value": {HOW}')
    return found


def needed(values: Mapping[str, str], name: str) -> str:
    """One output that has to be there."""
    value = values.get(name, "").strip()
    if not value:
        raise LocalError(f"{name} is not known: {HOW}")
    return value


def names_of(values: Mapping[str, str], name: str) -> list[str]:
    """An output that is a list."""
    text = needed(values, name)
    try:
        listed = json.loads(text)
    except ValueError:
        listed = None
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise LocalError(f"{name} is no JSON list of names: {text[:80]}")
    return listed
