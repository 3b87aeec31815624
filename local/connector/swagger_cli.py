"""Does another reader, swagger-cli from npm, take the definition too? It is installed once below .local."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.children import ROOT
from local.connector.findings import Finding
from local.connector.package import DEFINITION
from local.connector.schemas import shortened
from local.errors import LocalError
from local.machine import NpmProgram, npm_command

SWAGGER_CLI = NpmProgram(
    name="swagger-cli",
    is_a="a second reader of the definition",
    size="10 MB on disk",
    lock=ROOT / "local" / "npm" / "swagger",
    home=ROOT / ".local" / "swagger",
    script="@apidevtools/swagger-cli/bin/swagger-cli.js",
)
MOST_SECONDS = 120


def against_swagger_cli(
    file: Path, program: NpmProgram = SWAGGER_CLI, environment: Mapping[str, str] = os.environ
) -> Iterator[Finding]:
    """What swagger-cli does not allow in the definition, or why it could not be asked."""
    try:
        command = npm_command(program, environment)
    except LocalError as error:
        yield Finding(program.name, str(error).rstrip("."), "Or leave it out with --without-node")
        return
    done = subprocess.run(
        [*command, "validate", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=MOST_SECONDS,
    )
    if done.returncode:
        yield Finding(DEFINITION, shortened(done.stderr.strip() or done.stdout.strip()), "Follow Swagger 2.0")
