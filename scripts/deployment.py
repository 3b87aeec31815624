"""What do the outputs of a deployment say? From the variables that azd gives its hooks, or from a file of lines."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from local.connector.deployment import read_outputs
from local.errors import LocalError


def values_of(file: Path | None) -> Mapping[str, str]:
    """The outputs: lines such as NAME="value" of `azd env get-values` or scripts.outputs; without a file, variables."""
    return os.environ if file is None else read_outputs(file)


def needed(values: Mapping[str, str], name: str) -> str:
    """One output that has to be there."""
    value = values.get(name, "").strip()
    if not value:
        raise LocalError(
            f"{name} is not known. azd gives it to its hooks; elsewhere write the outputs into a file:"
            " python3 -m scripts.outputs DEPLOYMENT > deployment.env, and add --from deployment.env."
        )
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
