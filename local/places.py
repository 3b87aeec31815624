"""Where does a run keep its data, and at which port does it begin?"""

import shutil
from pathlib import Path

from local.children import ROOT
from local.machine import require_writable

DEFAULT_PORT = 7071


def run_folder(name: str, port: int) -> Path:
    """Where a run keeps its data; runs at other ports have folders of their own."""
    return ROOT / ".local" / (name if port == DEFAULT_PORT else f"{name}-{port}")


def fresh_folder(folder: Path) -> Path:
    """The folder, made anew and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    require_writable(folder)
    return folder
