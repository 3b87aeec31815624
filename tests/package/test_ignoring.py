"""How func and azd read .funcignore, and that both read ours alike."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.package.ignoring import goes_by_azd, goes_by_func
from tests.package.trees import OTHERS, OURS, funcignore

NAMES = st.one_of(
    st.sampled_from(
        (
            "shared",
            "functions",
            "domain",
            "tests",
            ".git",
            "function_app.py",
            "host.json",
            "requirements.txt",
            "a.py",
            "a.pyc",
        )
    ),
    st.text("abcxyz_.-0159", min_size=1, max_size=8).filter(lambda name: name.strip(".")),
)
# git and azd each leave out some paths of their own, whatever is said.
KNOWN_TO_BOTH = [path for path in (*OURS, *OTHERS) if ".git/" not in path and "local.settings.json" not in path]
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git says what git's rules mean")
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "path", "left_out"),
    [
        ("tests", "tests", True),
        ("tests", "tests/test_a.py", True),
        ("/tests", "tests/test_a.py", True),
        ("tests", "shared/tests/test_a.py", False),
        ("__pycache__", "__pycache__/a.pyc", True),
        ("__pycache__", "shared/__pycache__/a.pyc", False),
        ("**/__pycache__", "shared/__pycache__/a.pyc", True),
        ("**/__pycache__", "__pycache__/a.pyc", False),
        ("*.pyc", "a.pyc", True),
        ("*.pyc", "shared/a.pyc", False),
        ("dev", "dev-notes/a.txt", True),
        ("dev", "developers/a.txt", False),
        ("function", "function_app.py", False),
        ("requirements*.in", "requirements-dev.in", True),
        ("requirements*.in", "requirements.in", False),
        (".*", ".venv/lib/a.py", True),
        (".*", ".env", True),
        ("[ab].txt", "a.txt", False),
        ("[ab].txt", "[ab].txt", True),
        ("a.txt", "axtxt", False),
        ("# tests", "tests/test_a.py", False),
        ("  tests \r", "tests/test_a.py", True),
        ("", "tests/test_a.py", False),
        ("tests/", "tests/test_a.py", True),
        ("tests/", "tests/.env", False),
    ],
)
def test_a_pattern_is_to_func_the_beginning_of_a_path(pattern: str, path: str, left_out: bool) -> None:
    assert goes_by_func(pattern)(path) is not left_out


@pytest.mark.parametrize("text", ["*\n!shared/*.py", "!shared/*.py\n*", "!/shared/*.py\n**"])
def test_what_is_kept_goes_by_func_in_whatever_order_it_is_said(text: str) -> None:
    goes = goes_by_func(text)
    assert goes("shared/a.py")
    assert goes("shared/a.py.bak"), "a pattern is the beginning of a path"
    assert not goes("shared/a.pyc")
    assert not goes("shared/domain/a.py")


@pytest.mark.parametrize(
    "path", [".git/config", "a/.git/x", ".VSCode/x", "local.settings.json", "a/Local.Settings.json", ".funcignore"]
)
def test_some_never_go_by_func(path: str) -> None:
    assert not goes_by_func("")(path)
    assert not goes_by_func(f"!{path}")(path)


@pytest.mark.parametrize("path", ["local.settings.json", "shared/local.settings.json", ".funcignore"])
def test_some_never_go_by_azd(path: str) -> None:
    assert not goes_by_azd("")(path)


@pytest.mark.parametrize("path", OURS)
def test_what_the_app_needs_goes(path: str) -> None:
    assert goes_by_func(funcignore())(path)
    assert goes_by_azd(funcignore())(path)


@pytest.mark.parametrize("path", OTHERS)
def test_nothing_else_goes(path: str) -> None:
    assert not goes_by_func(funcignore())(path)
    assert not goes_by_azd(funcignore())(path)


@given(PATHS)
def test_whatever_lies_about_only_the_app_goes(path: str) -> None:
    """By azd exactly; by func also what a file of the app is the beginning of, and what has no word in its name:
    `./dev package` tells of both.
    """
    top, _, rest = path.partition("/")
    alone = path in ("function_app.py", "host.json", "requirements.txt")
    inside = (top == "shared" and bool(rest)) or (top == "functions" and path.count("/") == 1)
    by_func, by_azd = goes_by_func(funcignore())(path), goes_by_azd(funcignore())(path)
    if ".git" not in path.split("/"):
        assert by_azd is (alone or (inside and path.endswith(".py")))
    if by_azd and not path.endswith("/.py"):
        assert by_func
    if by_func:
        assert (
            alone
            or not re.search(r"\w", path, re.ASCII)
            or path.startswith(("function_app.py", "host.json", "requirements.txt"))
            or (top in ("shared", "functions") and ".py" in rest)
        )


@pytest.mark.parametrize("line", ["!/functions/", "!/shared/"])
def test_said_without_brackets_func_would_take_the_whole_folder(line: str) -> None:
    goes = goes_by_func(f"{funcignore()}\n{line}")
    assert goes(f"{line[2:]}key.pem")


def ignored_by_git(folder: Path, text: str) -> set[str]:
    """Which paths git would not look at."""
    (folder / ".gitignore").write_text(text, encoding="utf-8")
    git = ["git", "-c", f"core.excludesFile={os.devnull}"]
    subprocess.run([*git, "init", "-q", str(folder)], check=True, capture_output=True, timeout=60)
    done = subprocess.run(
        [*git, "check-ignore", "--no-index", "--stdin"],
        cwd=folder,
        input="\n".join(KNOWN_TO_BOTH),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return set(done.stdout.splitlines())


@needs_git
@pytest.mark.parametrize(
    "text",
    [funcignore(), "*.pyc\n__pycache__\n/local\n", "**\n!/shared/**/*.py\n", "*\n!*/\n!*.py\ntests\n", "shared/\n"],
    ids=["ours", "names", "nothing", "modules", "a folder"],
)
def test_azd_follows_the_rules_of_git(tmp_path: Path, text: str) -> None:
    goes = goes_by_azd(text)
    assert {path for path in KNOWN_TO_BOTH if not goes(path)} == ignored_by_git(tmp_path, text)


@needs_git
@pytest.mark.parametrize("line", ["!/[f]unctions/", "!/[s]hared/", "!/[s]hared/**/"])
def test_without_these_lines_the_rules_of_git_look_into_no_folder(tmp_path: Path, line: str) -> None:
    assert ignored_by_git(tmp_path, funcignore()).isdisjoint(OURS)
    assert not ignored_by_git(tmp_path, funcignore().replace(f"{line}\n", "\n")).isdisjoint(OURS)
