"""A stand-in of the Azure CLI: it keeps what is put, answers what is there, and writes down every call."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

PROGRAM = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.scripts.standin_az import main
sys.exit(main({folder!r}, sys.argv[1:]))
"""
ROOT = Path(__file__).parents[2]
OUTPUTS = {"FUNCTION_APP_NAME": {"value": "func-x"}, "secreT_NAMES": {"value": ["a", 'b"c']}, "on": {"value": True}}


def install(folder: Path) -> Path:
    """Put it into a folder for PATH."""
    program = folder / "az"
    program.write_text(PROGRAM.format(python=sys.executable, root=str(ROOT), folder=str(folder)), encoding="utf-8")
    program.chmod(0o755)
    return program


def main(folder: str, arguments: list[str]) -> int:
    """Answer one call."""
    with Path(folder, "calls.jsonl").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps(arguments) + "\n")
    mood = os.environ.get("STANDIN_AZ", "")
    if mood in ("talks", "empty"):
        print("Welcome!" if mood == "talks" else "")
        return 0
    if mood:
        print(f"ERROR: {mood}: no", file=sys.stderr)
        return 1
    if arguments[0] == "rest":
        return _rest(Path(folder), arguments)
    answers: dict[str, Any] = {"deployment": OUTPUTS, "account": {"id": "11111111-1111-1111-1111-111111111111"}}
    print(json.dumps(answers[arguments[0]]))
    return 0


def _rest(folder: Path, arguments: list[str]) -> int:
    given = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    place = folder / "resources" / given["--url"].split("?")[0].rsplit("/", 1)[-1]
    place.parent.mkdir(exist_ok=True)
    if given["--method"] == "put":
        body = Path(given["--body"].removeprefix("@"))
        mode = stat.S_IMODE(body.stat().st_mode)
        version = 1 + (json.loads(place.read_text(encoding="utf-8"))["version"] if place.exists() else 0)
        kept = {"mode": mode, "version": version, **json.loads(body.read_text(encoding="utf-8"))}
        place.write_text(json.dumps(kept), encoding="utf-8")
    elif given["--method"] == "get" and not place.exists():
        print('ERROR: Not Found({"error":{"code":"SecretNotFound"}})', file=sys.stderr)
        return 3
    elif given["--method"] == "get":
        kept = json.loads(place.read_text(encoding="utf-8"))
        uri = f"https://kv-x.vault.azure.net/secrets/{place.name}/{kept.get('version')}"
        print(json.dumps({"properties": kept.get("answer", {"secretUriWithVersion": uri})}))
    return 0
