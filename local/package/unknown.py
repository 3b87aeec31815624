"""Which files of the package does git not know? Nobody has looked at them, and they are in no other checkout."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

SECONDS = 60


def unknown_to_git(root: Path, files: Iterable[str]) -> list[str]:
    """Those of the files; none where there is no git, or no repository of this folder."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    known = set(done.stdout.decode("utf-8", "replace").split("\0")) - {""}
    return sorted(set(files) - known) if known else []
