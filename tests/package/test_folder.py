"""What is in the package: all that the app needs and nothing else, and where it is written."""

from pathlib import Path

import pytest

from local.children import ROOT
from local.errors import LocalError
from local.package.folder import largest, package, title_of, write, zip_size
from tests.package.trees import OURS, planted

APP = '"""The app."""\n'


def there(folder: Path) -> set[str]:
    """Every file of a folder."""
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_the_package_is_the_app_and_nothing_else() -> None:
    modules = {
        file.relative_to(ROOT).as_posix() for part in ("functions", "shared") for file in (ROOT / part).rglob("*.py")
    }
    assert package(ROOT).keys() == {"function_app.py", "host.json", "requirements.txt", *modules}


def test_nothing_that_lies_beside_the_app_is_in_it(tree: Path) -> None:
    """No settings, no keys, no caches, no tests; a folder that nobody has thought of neither."""
    assert package(tree).keys() == set(OURS)


def test_files_are_as_they_are_in_the_checkout() -> None:
    assert all(content == (ROOT / path).read_bytes() for path, content in package(ROOT).items())


@pytest.mark.parametrize(
    "path", ["host.json.bak", "requirements.txt.orig", "shared/settings.py.bak", "functions/timers.py-old"]
)
def test_what_only_one_tool_would_send_is_told(tree: Path, path: str) -> None:
    """Func takes a pattern for the beginning of a path."""
    (tree / path).write_text("", encoding="utf-8")
    with pytest.raises(LocalError, match=r"\.funcignore: tools would send different files: .*\(func only\)") as failure:
        package(tree)
    assert path in str(failure.value)


@pytest.mark.parametrize("name", ["function_app.py", "host.json", "requirements.txt"])
def test_an_app_that_cannot_start_is_no_package(tree: Path, name: str) -> None:
    (tree / name).unlink()
    with pytest.raises(LocalError, match=f"{name} does not go"):
        package(tree)


def test_without_rules_there_is_no_package(tmp_path: Path) -> None:
    """Tools would send everything."""
    with pytest.raises(LocalError, match=r"\.funcignore cannot be read"):
        package(tmp_path)


def test_an_earlier_package_is_replaced_whole(tree: Path, tmp_path: Path) -> None:
    """A module that is no more is not left there; a desktop's files and bytecode are no harm."""
    earlier = {"function_app.py": APP.encode(), "shared/former.py": b""}
    write(earlier, tmp_path / "made", tree)
    planted(tmp_path / "made", {".DS_Store": "", "shared/__pycache__/former.pyc": ""})
    (tmp_path / "made" / ".funcignore").unlink()
    write(package(tree), tmp_path / "made", tree)
    assert there(tmp_path / "made") == set(OURS)
    assert {path.name for path in tmp_path.iterdir()} == {"checkout", "made"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("local.settings.json", "{}"),
        ("notes.txt", ""),
        ("function_app.py", '"""Somebody\'s."""\n'),
        ("function_app.py", "not Python"),
        ("shared/a.py", ""),
    ],
    ids=["settings", "notes", "another app", "no app", "no script"],
)
def test_what_no_package_has_written_is_not_replaced(tree: Path, tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / "made" / path).parent.mkdir(parents=True)
    (tmp_path / "made" / path).write_text(text, encoding="utf-8")
    with pytest.raises(LocalError, match=r"^--out: .*name another( folder)?$"):
        write(package(tree), tmp_path / "made", tree)
    assert there(tmp_path / "made") == {path}


def test_the_checkout_is_not_replaced(tree: Path) -> None:
    before = there(tree)
    for place in (tree, tree / "shared", tree / "functions", tree.parent):
        with pytest.raises(LocalError, match="--out"):
            write(package(tree), place, tree)
    assert there(tree) == before


def test_a_file_or_a_whole_drive_is_no_place(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place, said in ((tmp_path / "file", "no folder"), (Path(tmp_path.anchor), "whole drive")):
        with pytest.raises(LocalError, match=said):
            write(package(tree), place, tree)


def test_a_place_that_cannot_be_written_is_one_line_and_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LocalError, match="cannot be written") as failure:
        write(package(tree), tmp_path / "file" / "made", tree)
    assert "\n" not in str(failure.value)
    assert {path.name for path in tmp_path.iterdir()} == {"checkout", "file"}


def test_sizes(tmp_path: Path) -> None:
    files = {"a.py": b"a" * 3000, "b.py": b"b", "c.py": b"c" * 10}
    assert largest(files, 2) == [("a.py", 3000), ("c.py", 10)]
    assert 300 < zip_size(files) < 1000
    assert zip_size(files) == zip_size(dict(reversed(files.items())))


def test_a_script_says_what_it_is() -> None:
    assert title_of(b'"""The app."""') == "The app."
    assert title_of(b"x = 1") is None
    assert title_of(b"\x00(") is None
