"""What git does not know, and goes to Azure all the same, is told."""

import shutil
import subprocess
from pathlib import Path

import pytest

from local.package.folder import package
from local.package.main import say_what_is_in_it
from local.package.saying import broken
from local.package.unknown import unknown_to_git

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")


def git(folder: Path, *arguments: str) -> None:
    """Do it there."""
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True, timeout=60)


@needs_git
def test_files_that_are_new_are_named(tree: Path) -> None:
    git(tree, "init", "-q")
    git(tree, "add", "-f", "--", "function_app.py", "host.json", "requirements.txt", "functions", "shared/settings.py")
    files = package(tree)
    assert unknown_to_git(tree, files) == ["shared/domain/detection/progress.py", "shared/domain/events.py"]
    git(tree, "add", "-f", "--", "shared/domain")
    assert unknown_to_git(tree, files) == []


@needs_git
def test_a_folder_that_is_no_checkout_is_not_spoken_of(tree: Path, tmp_path: Path) -> None:
    """Be it in no repository, or in that of somebody else."""
    assert unknown_to_git(tree, package(tree)) == []
    git(tmp_path, "init", "-q")
    assert unknown_to_git(tree, package(tree)) == []


def test_without_git_nothing_is_said(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert unknown_to_git(tree, package(tree)) == []


def test_the_warning_names_them(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("local.package.main.unknown_to_git", lambda *_: ["shared/new.py"])
    say_what_is_in_it(package(tree), tree)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Warning: git does not know 1 of them, and they go all the same: shared/new.py"
    )


def test_a_line_is_broken_between_words_below_its_own_beginning() -> None:
    text = "  largest: shared/adapters/subscription_table.py 13 kB, a-long-name-with-dashes 2 kB"
    lines = broken(text, "  ", 40).splitlines()
    assert max(map(len, lines)) <= 44
    assert lines[0].startswith("  largest:")
    assert all(line.startswith("      ") for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == text.strip()
