"""Where is the Functions app in a folder? Imports its script as Azure's worker does."""

import importlib
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import azure.functions as func

from local.host.errors import HostError

SCRIPT_SETTING = "PYTHON_SCRIPT_FILE_NAME"


def script_of(app_dir: Path, settings: Mapping[str, str]) -> Path:
    """Find the script that holds the app, and make its folder importable."""
    script = app_dir / settings.get(SCRIPT_SETTING, "function_app.py")
    if not script.is_file():
        raise HostError(f"no {script.name} in {app_dir}; name the folder of the app with --app")
    if str(app_dir) not in sys.path:
        sys.path.insert(0, str(app_dir))
    return script


def load_app(script: Path) -> func.FunctionRegister:
    """Import the script and give its one top-level app."""
    module = _import(script)
    apps = [value for value in vars(module).values() if isinstance(value, func.FunctionRegister)]
    if len(apps) != 1:
        raise HostError(f"{script.name} must hold one top-level FunctionApp; it holds {len(apps)}")
    return apps[0]


def indexed(script: Path, app: func.FunctionRegister) -> list[func.Function]:
    """Ask the app for its functions; that works once, for the names are checked on the way."""
    try:
        return list(app.get_functions())
    except ValueError as error:
        raise HostError(f"{script.name}: {error}") from error


def _import(script: Path) -> ModuleType:
    try:
        return importlib.import_module(script.stem)
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise HostError(f"{script.name} does not load: {what}{_place(error, script.parent)}") from error


def _place(error: Exception, app_dir: Path) -> str:
    """Name the last line of the app's own code on the way to the error."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(app_dir)]
    return f" ({Path(own[-1].filename).relative_to(app_dir)} line {own[-1].lineno})" if own else ""
