"""Is what a build would write over an earlier build of this connector? Anything else is not ours to replace."""

import json
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from local.connector.package import DEFINITION
from local.errors import LocalError

Read = Callable[[str], bytes]
OF_DESKTOPS = (".DS_Store", "Thumbs.db", "desktop.ini")


def refuse_what_is_not_ours(folder: Path, archive: Path, files: Mapping[str, bytes]) -> None:
    """Raise LocalError when the folder or the zip holds what no build of this connector has written."""
    try:
        if folder.is_dir():
            names = {one.name for one in folder.iterdir()}
            refuse(folder, names, lambda name: (folder / name).read_bytes(), files)
        if archive.exists():
            with zipfile.ZipFile(archive) as there:
                refuse(archive, there.namelist(), there.read, files)
    except zipfile.BadZipFile:
        raise LocalError(f"--out: {archive} is no zip: move it away, or name another folder") from None
    except OSError as error:
        raise LocalError(f"--out: {error.filename or archive} cannot be read: {error}") from None


def refuse(place: Path, names: Collection[str], read: Read, files: Mapping[str, bytes]) -> None:
    """Raise LocalError when these are no files of an earlier build; nothing at all is no harm."""
    others = sorted(name for name in set(names) - files.keys() if name not in OF_DESKTOPS)
    if others:
        raise LocalError(f"--out: {place} holds more than an earlier build ({others[0]}): name another folder")
    if names and (DEFINITION not in names or title_of(read(DEFINITION)) != title_of(files[DEFINITION])):
        raise LocalError(
            f"--out: {place} holds something else than an earlier build: delete it, or name another folder"
        )


def title_of(definition: bytes) -> object:
    """The connector that a definition is of, if it is one."""
    try:
        return json.loads(definition)["info"]["title"]
    except (ValueError, KeyError, TypeError):
        return None
