"""Write the outputs of an `az deployment sub create` as lines NAME="value", as `azd env get-values` does."""

import argparse
import json
import sys
from typing import Any

from local.errors import LocalError
from scripts.azure_cli import az


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
    try:
        found = az(["deployment", "sub", "show", "--name", name, "--query", "properties.outputs"]) or {}
        lines = [line_of(output, one["value"]) for output, one in found.items()]
        account = az(["account", "show"]) or {}
    except LocalError as error:
        print(f"outputs: {error}", file=sys.stderr)
        return 1
    print("\n".join([*lines, line_of("AZURE_SUBSCRIPTION_ID", account.get("id", ""))]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
