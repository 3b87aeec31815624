"""Does the app in a folder load, what does it declare, and how long does that take? Run by another Python, by path.

Standard library only, and run with -I: whatever else is imported comes from that Python's environment or the folder.
"""

import ast
import asyncio
import importlib
import importlib.metadata
import inspect
import json
import os
import sys
import sysconfig
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SCRIPT = "function_app"


def index(folder: Path) -> dict[str, Any]:
    """Import the app and list its functions, as Azure's worker does at its start."""
    # Some systems put something of their own into every Python.
    before = frozenset(sys.modules)
    sys.path.insert(0, str(folder))
    app = importlib.import_module(SCRIPT).app
    functions = [declared(one) for one in app.get_functions()]
    return {"functions": functions, "libraries": libraries(), "elsewhere": elsewhere(folder, before)}


def declared(function: Any) -> dict[str, Any]:
    """What the host is told of a function, and the module that it is in."""
    code = inspect.unwrap(function.get_user_function())
    trigger = function.get_trigger().get_dict_repr()
    return {
        "name": function.get_function_name(),
        "family": code.__module__.rpartition(".")[2],
        "kind": trigger["type"].removesuffix("Trigger"),
        "bindings": sorted(json.dumps(one.get_dict_repr(), default=str) for one in function.get_bindings()),
    }


def libraries() -> list[str]:
    """What was imported from the environment, in that order."""
    places = {str(Path(sysconfig.get_path(name)).resolve()) for name in ("purelib", "platlib")}
    return [
        name
        for name, module in list(sys.modules.items())
        if any((getattr(module, "__file__", None) or "").startswith(place + os.sep) for place in places)
    ]


def elsewhere(folder: Path, before: frozenset[str]) -> list[str]:
    """What was imported since from neither the folder nor this Python nor its environment."""
    known = {folder.resolve(), *(Path(one).resolve() for one in (sys.prefix, sys.base_prefix, *standard()))}
    since = [module for name, module in list(sys.modules.items()) if name not in before]
    files = [Path(file).resolve() for module in since if (file := getattr(module, "__file__", None))]
    return sorted(str(file) for file in files if not known.intersection(file.parents))


def standard() -> Iterator[str]:
    """Where the standard library is; some systems keep it apart."""
    for name in ("stdlib", "platstdlib"):
        yield sysconfig.get_path(name)


def imports(folder: Path) -> dict[str, list[str]]:
    """What the app imports anywhere, in functions too, and cannot have: who needs what."""
    sys.path.insert(0, str(folder))
    found = []
    for file in sorted(folder.rglob("*.py")):
        for name in sorted(imported(ast.parse(file.read_bytes(), str(file)))):
            try:
                importlib.import_module(name)
            except ImportError as error:
                lacking = getattr(first(error), "name", None) or name
                found.append(f"{file.relative_to(folder).as_posix()} needs {lacking}")
    return {"missing": found}


def imported(tree: ast.AST) -> set[str]:
    """The modules that a module imports, wherever in it; not those that only a type checker sees."""
    found: set[str] = set()
    unseen = {part for node in ast.walk(tree) if for_types_only(node) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if node in unseen:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def for_types_only(node: ast.AST) -> bool:
    """Is this `if TYPE_CHECKING`?"""
    return isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING"


def duration(folder: Path) -> dict[str, Any]:
    """How long the app takes to be imported; or what is named on the standard input, one after the other."""
    names = json.loads(sys.stdin.read()) or [SCRIPT]
    sys.path.insert(0, str(folder))
    began = time.perf_counter()
    for name in names:
        importlib.import_module(name)
    return {"seconds": time.perf_counter() - began}


def first_call(folder: Path) -> dict[str, Any]:
    """How long the first call of a function takes to put together what it needs."""
    index(folder)
    return {"seconds": asyncio.run(building())}


async def building() -> float:
    """The seconds."""
    bootstrap = importlib.import_module("shared.bootstrap")
    began = time.perf_counter()
    house = bootstrap.build(os.environ)
    seconds = time.perf_counter() - began
    await house.close()
    return seconds


def sizes(_folder: Path) -> dict[str, Any]:
    """How many bytes each installed package has on disk."""
    found: Counter[str] = Counter()
    for one in importlib.metadata.distributions():
        files = [Path(str(one.locate_file(file))) for file in one.files or ()]
        found[one.metadata["Name"]] += sum(file.stat().st_size for file in files if file.is_file())
    return dict(found)


QUESTIONS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "index": index,
    "imports": imports,
    "duration": duration,
    "first_call": first_call,
    "sizes": sizes,
}


def first(error: BaseException) -> BaseException:
    """Where it began, if it is about an import: libraries say it once more in words of their own."""
    cause = error.__cause__
    return first(cause) if isinstance(error, ImportError) and isinstance(cause, ImportError) else error


def where(error: BaseException, folder: Path) -> str:
    """The file and line of the folder's own that it comes from; nothing when that cannot be said."""
    frames = [(one.filename, one.lineno) for one in traceback.extract_tb(error.__traceback__)]
    frames += [(error.filename, error.lineno)] if isinstance(error, SyntaxError) and error.filename else []
    ours = [(Path(file).resolve(), line) for file, line in frames if Path(file).resolve().is_relative_to(folder)]
    return f"{ours[-1][0].relative_to(folder).as_posix()}:{ours[-1][1]}" if ours else ""


def main(question: str, folder: str) -> None:
    """Print the answer as JSON; an exception of the app is an answer too."""
    try:
        answer = QUESTIONS[question](Path(folder))
    except Exception as error:
        cause = first(error)
        said = cause.msg if isinstance(cause, SyntaxError) else str(cause)
        answer = {"error": type(cause).__name__, "said": said, "module": getattr(cause, "name", None)}
        answer["where"] = where(cause, Path(folder).resolve())
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
