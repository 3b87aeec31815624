"""What is in the package, and how large is it? The files that go to Azure, written to a folder of their own."""

import ast
import io
import os
import shutil
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from local.errors import LocalError
from local.package.ignoring import NAME, goes_by_azd, goes_by_func

Files = Mapping[str, bytes]
APP = "function_app.py"
REQUIREMENTS = "requirements.txt"
NEEDED = (APP, "host.json", REQUIREMENTS)
OF_DESKTOPS = (".DS_Store", "Thumbs.db", "desktop.ini")
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
MOST_NAMED = 3


def package(root: Path) -> Files:
    """Every file that goes to Azure, by its path. Raises LocalError when tools would send different ones."""
    goes = rules(root)
    try:
        files = {path: (root / path).read_bytes() for path in chosen(goes, paths(root))}
    except OSError as error:
        raise LocalError(f"{error.filename} cannot be read: {error.strerror}") from None
    missing = [name for name in NEEDED if name not in files]
    if missing:
        raise LocalError(f"{NAME}: {missing[0]} does not go to Azure, and the app does not start without it")
    return files


def rules(root: Path) -> tuple[Callable[[str], bool], Callable[[str], bool]]:
    """How func and how azd choose. Raises LocalError."""
    try:
        text = (root / NAME).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{root / NAME} cannot be read: {error}") from None
    return goes_by_func(text), goes_by_azd(text)


def paths(root: Path) -> Iterator[str]:
    """Every file in the folder."""
    for folder, _, names in os.walk(root):
        above = Path(folder).relative_to(root).as_posix()
        yield from names if above == "." else (f"{above}/{name}" for name in names)


def chosen(goes: tuple[Callable[[str], bool], Callable[[str], bool]], among: Iterator[str]) -> list[str]:
    """What both tools send, in order. Raises LocalError with what only one of them sends."""
    by_func, by_azd = goes
    sent: list[str] = []
    differing: list[str] = []
    for path in among:
        verdicts = by_func(path), by_azd(path)
        if verdicts == (True, True):
            sent.append(path)
        elif True in verdicts:
            differing.append(f"{path} ({'func' if verdicts[0] else 'azd'} only)")
    if differing:
        raise LocalError(f"{NAME}: tools would send different files: {first(differing)}. Move them away, or name them")
    return sorted(sent)


def first(names: Collection[str]) -> str:
    """The first few, and how many more there are."""
    listed = sorted(names)
    more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    return ", ".join(listed[:MOST_NAMED]) + more


def write(files: Files, folder: Path, root: Path) -> None:
    """Put the files there, in the place of an earlier package. Raises LocalError; what was there is then untouched."""
    whole = folder.resolve()
    refuse_what_is_not_ours(whole, files, root)
    draft, former = (whole.with_name(f"{whole.name}.{os.getpid()}.{end}") for end in ("partial", "former"))
    try:
        for path, content in files.items():
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            (draft / path).write_bytes(content)
        if whole.exists():
            whole.rename(former)
        draft.rename(whole)
    except OSError as error:
        raise LocalError(f"{folder} cannot be written: {error}") from None
    finally:
        for left in (draft, former):
            shutil.rmtree(left, ignore_errors=True)


def refuse_what_is_not_ours(folder: Path, files: Files, root: Path) -> None:
    """Raise LocalError when the folder holds what no earlier package did: another's app, or anything beside ours."""
    if not folder.name:
        raise LocalError(f"--out: {folder} is a whole drive: name a folder in it")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise LocalError(f"--out: {folder} is no folder: name another")
    by_func, by_azd = rules(root)
    there = [path for path in paths(folder) if Path(path).name not in OF_DESKTOPS and not path.endswith(".pyc")]
    others = [path for path in there if not (by_func(path) and by_azd(path))]
    if others:
        raise LocalError(f"--out: {folder} holds more than an earlier package ({first(others)}): name another folder")
    if there and (APP not in there or title_of((folder / APP).read_bytes()) != title_of(files[APP])):
        raise LocalError(f"--out: {folder} holds something else than an earlier package: delete it, or name another")


def title_of(script: bytes) -> str | None:
    """What the app says of itself."""
    try:
        return ast.get_docstring(ast.parse(script))
    except (SyntaxError, ValueError):
        return None


def zip_size(files: Files) -> int:
    """How large the zip is that the tools send, nearly: they press it as zlib does by default."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, FIRST_DAY_OF_ZIP), files[path], zipfile.ZIP_DEFLATED)
    return len(made.getvalue())


def largest(files: Files, count: int) -> list[tuple[str, int]]:
    """The largest files, the largest first."""
    return sorted(((path, len(content)) for path, content in files.items()), key=lambda one: (-one[1], one[0]))[:count]
