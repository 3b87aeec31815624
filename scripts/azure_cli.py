"""How is Azure asked? With the Azure CLI of whoever runs the script, through Azure Resource Manager only."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from local.errors import LocalError

SECONDS = 120
ABSENT = ("Not Found", "NotFound")
# What lies above it is not there: that is a mistake of whoever asks, and no answer.
ABOVE = ("SubscriptionNotFound", "ResourceGroupNotFound", "ParentResourceNotFound", "VaultNotFound")


def az(arguments: Sequence[str]) -> Any:
    """What az answers, as JSON; None for nothing. Raises LocalError with what az said."""
    program = shutil.which("az")
    if program is None:
        raise LocalError("The Azure CLI (az) is needed: install it, then az login.")
    asked = " ".join(["az", *takewhile(lambda word: not word.startswith("-"), arguments)])
    try:
        done = subprocess.run(
            [program, *arguments, "--output", "json"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LocalError(f"{asked} gave no answer within {SECONDS} seconds.") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["nothing"]
        raise LocalError(f"{asked} failed: {' '.join(said)[:600]}")
    try:
        return json.loads(done.stdout) if done.stdout.strip() else None
    except ValueError:
        raise LocalError(f"{asked} did not answer with JSON: {done.stdout[:80]!r}") from None


def get(url: str) -> Any:
    """A resource, or None when there is none."""
    try:
        return az(["rest", "--method", "get", "--url", url])
    except LocalError as error:
        said = str(error)
        if any(word in said for word in ABSENT) and not any(word in said for word in ABOVE):
            return None
        raise


def send(method: str, url: str, body: Mapping[str, object] | None = None) -> Any:
    """Change a resource. The body goes by a file that only its owner reads: arguments are seen by every program."""
    if body is None:
        return az(["rest", "--method", method, "--url", url])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "body.json")
        file.touch(mode=0o600)
        file.write_text(json.dumps(body), encoding="utf-8")
        return az(["rest", "--method", method, "--url", url, "--body", f"@{file}"])
