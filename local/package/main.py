"""What goes to Azure? `./dev package` builds that folder, starts it in an environment of its own and measures it."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from local.children import ROOT
from local.errors import LocalError
from local.options import OneLineParser
from local.package.environment import clean_environment, who
from local.package.folder import REQUIREMENTS, Files, largest, package, write, zip_size
from local.package.saying import say
from local.package.timing import PROCESSES, first_call_seconds, import_seconds, shares
from local.package.trying import (
    REFUSALS,
    TELEMETRY,
    Indexed,
    ask,
    indexed,
    of_the_checkout,
    refusal,
    require_all_imports,
    require_the_same,
)
from local.package.unknown import unknown_to_git

TEMPLATE = ROOT / "infra" / "main.bicep"
DEFAULT_OUT = ROOT / "dist" / "package"
DESCRIPTION = "Build the folder that Azure gets, start it in a clean environment, and print its size and import time."
LARGEST_FILES, LARGEST_PACKAGES, SLOWEST = 5, 5, 10


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = OneLineParser(prog="./dev package", description=DESCRIPTION)
    made.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="default dist/package; replaced")
    made.add_argument("--no-run", action="store_true", help="build the folder only")
    made.add_argument("--python", type=Path, default=Path(sys.executable), metavar="PATH", help="default: this one")
    return made


def main(arguments: list[str]) -> int:
    """Build it, try it, measure it."""
    options = parser().parse_args(arguments)
    out: Path = options.out
    version, _ = who(options.python)
    if ROOT.is_relative_to(out.resolve()):
        raise LocalError(f"--out: {out} holds this checkout: name a folder of its own")
    files = package(ROOT)
    write(files, out, ROOT)
    say_what_is_in_it(files, out)
    if not options.no_run:
        python = clean_environment(out / REQUIREMENTS, options.python)
        say_what_is_installed(python, out)
        say(f"With Python {version} and these packages alone{unlike_azure(version)}:")
        found = say_what_it_declares(python, out)
        say_how_long_it_takes(python, out, found.libraries)
    return 0


def say_what_is_in_it(files: Files, out: Path) -> None:
    """Files and sizes."""
    total, zipped = kilobytes(sum(map(len, files.values()))), kilobytes(zip_size(files))
    say(f"{near(out)} has what goes to Azure: {len(files)} files, {total}; {zipped} zipped.")
    listed = (f"{path} {kilobytes(size)}" for path, size in largest(files, LARGEST_FILES))
    say(f"  largest: {', '.join(listed)}")
    unknown = unknown_to_git(ROOT, files)
    if unknown:
        say(f"Warning: git does not know {len(unknown)} of them, and they go all the same: {', '.join(unknown)}")


def say_what_is_installed(python: Path, out: Path) -> None:
    """What the build in Azure adds to it."""
    sizes = {str(name): int(size) for name, size in ask(python, "sizes", out).items()}
    ordered = sorted(sizes.items(), key=lambda one: (-one[1], one[0]))[:LARGEST_PACKAGES]
    say(f"{REQUIREMENTS} installs {len(sizes)} packages, {megabytes(sum(sizes.values()))} (bytecode included).")
    say(f"  largest: {', '.join(f'{name} {megabytes(size)}' for name, size in ordered)}")


def unlike_azure(version: str, template: Path = TEMPLATE) -> str:
    """That Azure runs the app with another Python, where nothing else is asked for."""
    found = re.search(r"^param pythonVersion string = '([\d.]+)'", template.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None or found[1] == version:
        return ""
    return f" (Azure runs Python {found[1]} by default: try that one too, with --python)"


def say_what_it_declares(python: Path, out: Path) -> Indexed:
    """What is indexed in the clean environment, and what is refused there."""
    found = indexed(python, out)
    require_the_same(found, of_the_checkout())
    require_all_imports(python, out)
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.counts("kind").items())
    say(f"  {len(found.functions)} functions ({kinds}), the same as in the checkout; all imports are there.")
    say(f"  {', '.join(f'{family} {count}' for family, count in found.counts('family').items())}")
    for when, settings in REFUSALS.items():
        say(f"  {when} it refuses to: {' '.join(refusal(python, out, settings).split())}")
    return found


def say_how_long_it_takes(python: Path, out: Path, libraries: Sequence[str]) -> None:
    """What a cold start pays for imports."""
    whole, alone = import_seconds(python, out), import_seconds(python, out, libraries)
    say(f"A fresh process imports it in {whole:.2f} s (median of {PROCESSES}), without bytecode of its own.")
    say(f"  its libraries alone ({len(libraries)} modules): {alone:.2f} s; with the app {whole / alone:.2f} times that")
    quiet, telling = first_call_seconds(python, out), first_call_seconds(python, out, TELEMETRY)
    say(f"  its first call puts the rest together in {quiet:.2f} s, and with telemetry in {telling:.2f} s")
    listed = (f"{share.name} {share.seconds * 1000:.0f} ms" for share in shares(python, out)[:SLOWEST])
    say(f"  longest: {', '.join(listed)}")


def near(path: Path) -> Path:
    """A path as it is written from here."""
    whole = path.resolve()
    return whole.relative_to(Path.cwd()) if whole.is_relative_to(Path.cwd()) else whole


def kilobytes(size: int) -> str:
    """A size of a file or a few."""
    return f"{size / 1024:.0f} kB"


def megabytes(size: int) -> str:
    """A size of packages."""
    return f"{size / 1024**2:.1f} MB"
