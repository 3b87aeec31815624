"""Is there a Python on this machine that Microsoft's runtime supports (3.13 or newer)? Finds and readies it."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local.host.runtime import runtime_is_installed

_WANTED = ((3, 14), (3, 13))
_LOCKS = ("requirements.txt", "requirements-dev.txt")
_INSTALL_SECONDS = 900


def newer_python(repository: Path) -> Path | None:
    """Give a Python with the locked requirements and the runtime, made below .cache/; None when there is none."""
    if runtime_is_installed():
        return Path(sys.executable)
    found = next(_found(), None)
    return None if found is None else _environment(repository, *found)


def _found() -> Iterator[tuple[Path, str]]:
    """Look on the PATH and among pyenv's versions."""
    for major, minor in _WANTED:
        version = f"{major}.{minor}"
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        named = [Path(path) for name in (f"python{version}", "python3") if (path := shutil.which(name))]
        for candidate in [*named, *sorted(pyenv.glob(f"{version}*/bin/python"))]:
            if _version(candidate) == version:
                yield candidate, version


def _version(python: Path) -> str | None:
    """Ask a Python who it is; a shim of pyenv may have nothing behind it."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([python, "-c", question], capture_output=True, text=True, timeout=30, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def _environment(repository: Path, python: Path, version: str) -> Path:
    """Make the virtual environment, or take the one that these locks made before."""
    digest = hashlib.sha256(b"".join((repository / lock).read_bytes() for lock in _LOCKS)).hexdigest()[:12]
    home = repository / ".cache" / f"python{version}-{digest}"
    if not home.exists():
        # Made aside and renamed when whole, so that neither a crash nor a twin leaves half of one.
        draft = home.with_name(f"{home.name}.{os.getpid()}")
        _make(python, draft, repository)
        try:
            draft.rename(home)
        except OSError:
            shutil.rmtree(draft)
    return home / "bin" / "python"


def _make(python: Path, home: Path, repository: Path) -> None:
    print(f"installing the requirements for {python} (once, about a minute)", file=sys.stderr)
    subprocess.run([python, "-m", "venv", home], check=True, timeout=_INSTALL_SECONDS)
    locks = [part for lock in _LOCKS for part in ("-r", str(repository / lock))]
    install = ["-m", "pip", "install", "-qq", "--require-hashes", *locks]
    subprocess.run([home / "bin" / "python", *install], check=True, timeout=_INSTALL_SECONDS)
