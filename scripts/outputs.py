"""Write the outputs of an `az deployment sub create` as lines NAME="value", as `azd env get-values` does."""

import argparse
import json
import sys
from typing import Any

from local.errors import LocalError
from scripts.azure_cli import az
from scripts.deployment import run


def line_of(name: str, value: Any) -> str:
    """One output as a line; what is no text is written as JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name.upper()}="{quoted}"'


def main(arguments: list[str]) -> int:
    """Print the lines."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.outputs", description=__doc__)
    parser.add_argument("deployment", help="its name, as given to az deployment sub create --name")
    name = parser.parse_args(arguments).deployment
    return run("outputs", lambda: show(name))


def show(deployment: str) -> None:
    """Print the outputs, and the subscription that they are of."""
    found = az(["deployment", "sub", "show", "--name", deployment, "--query", "properties.outputs"])
    if not found:
        raise LocalError(f"The deployment {deployment} has no outputs: did it succeed?")
    for output, one in found.items():
        print(line_of(output, one["value"]))
    account = az(["account", "show"]) or {}
    print(line_of("AZURE_SUBSCRIPTION_ID", account.get("id", "")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
