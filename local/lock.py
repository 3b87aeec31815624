"""Which versions does the app run with? Compiles the .in files into locked ones with hashes, for every Python."""

import importlib.util
import subprocess
import sys

from local.children import ROOT
from local.errors import LocalError
from local.machine import pip_install
from local.options import OneLineParser

OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "-q")
LOCKED = {
    "requirements.in": "requirements.txt",
    "requirements-dev.in": "requirements-dev.txt",
    "bench/peers/requirements-celery.in": "bench/peers/requirements-celery.txt",
    "local/checkov/requirements.in": "local/checkov/requirements.txt",
    "local/faults/tools/requirements.in": "local/faults/tools/requirements.txt",
}


def compile_requirements(arguments: list[str]) -> int:
    """Compile each requirements.in from PyPI into versions with hashes, for every Python."""
    parser = OneLineParser(prog="./dev lock", description=compile_requirements.__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("uv") is None:
        print("Installing uv, which compiles requirements (requirements-lock.txt)", flush=True)
        pip_install(ROOT / "requirements-lock.txt")
    for source, locked in LOCKED.items():
        print(f"Compiling {source} to {locked}", flush=True)
        command = [sys.executable, "-m", "uv", "pip", "compile", *OPTIONS, source, "-o", locked]
        command += ["--upgrade"] if options.upgrade else []
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1].strip()
            raise LocalError(f"{source} could not be compiled: {reason}")
    return 0
