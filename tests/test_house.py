"""Does the house agree with what is written about it, and is nothing in it that should not be?"""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from local.infra import settings_names
from tests.variables import NEEDED

ROOT = Path(__file__).parents[1]
READ_BY_THE_HOST = {"POLL_SCHEDULE", "FUNCTIONS_WORKER_RUNTIME"}
SECRETS = ("CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY", "CALLBACK_ENCRYPTION_KEYS", "ENTRA_CLIENT_SECRET")
SOURCES = ("shared", "functions", "local", "scripts", "bench")
HIDDEN_BUT_OURS = {".ci", ".funcignore", ".gitignore", ".github"}


def text_of(name: str) -> str:
    """A file of the house."""
    return (ROOT / name).read_text(encoding="utf-8")


def committed_files() -> Iterator[Path]:
    """Every text file that belongs to the house, judged by .gitignore."""
    ignored = GitIgnoreSpec.from_lines(text_of(".gitignore").splitlines())
    for top in ROOT.iterdir():
        if top.name.startswith(".") and top.name not in HIDDEN_BUT_OURS:
            continue
        for file in [top] if top.is_file() else top.rglob("*"):
            if file.is_file() and not ignored.match_file(file.relative_to(ROOT)):
                yield file


def modules(*places: str) -> list[str]:
    """Every module of these folders, as a path from the root."""
    return sorted(str(file.relative_to(ROOT).as_posix()) for place in places for file in (ROOT / place).rglob("*.py"))


def test_the_architecture_page_names_every_module_and_no_other() -> None:
    named = set(re.findall(r"`((?:shared|functions|local|scripts|bench)/[\w/]+\.py)`", text_of("ARCHITECTURE.md")))
    assert named == set(modules(*SOURCES))


@pytest.mark.parametrize("module", modules(*SOURCES, "tests"))
def test_every_module_says_what_it_answers(module: str) -> None:
    body = ast.parse(text_of(module))
    empty = not body.body
    assert empty or ast.get_docstring(body), f"{module} has no docstring"


def settings_read() -> set[str]:
    """Every setting that the app reads."""
    return settings_names.settings_read(NEEDED)


def settings_documented() -> set[str]:
    """Every setting that the settings page explains."""
    return settings_names.settings_documented(text_of("docs/settings.md"))


def test_the_settings_page_explains_every_setting_and_no_other() -> None:
    assert settings_documented() - READ_BY_THE_HOST == settings_read() - READ_BY_THE_HOST
    assert "POLL_SCHEDULE" in settings_documented()


def test_the_example_of_local_settings_holds_known_settings_only() -> None:
    example = json.loads(text_of("local.settings.example.json"))
    assert set(example["Values"]) <= settings_read() | READ_BY_THE_HOST
    assert example["IsEncrypted"] is False


def test_the_example_of_local_settings_holds_no_secret() -> None:
    values = json.loads(text_of("local.settings.example.json"))["Values"]
    for name in SECRETS:
        assert values[name] == "" or values[name].startswith("<")


@pytest.mark.parametrize("name", sorted(file.name for file in ROOT.glob("requirements*.txt")))
def test_every_requirement_is_pinned_with_its_hashes(name: str) -> None:
    """In one logical line: name==version, markers, hashes."""
    joined = re.sub(r"\\\n", " ", text_of(name))
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[A-Za-z0-9][\w.\-\[\]]*==\S+ ", line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line


def test_no_file_names_an_index_or_a_registry() -> None:
    """Where packages come from is the business of the machine that installs them."""
    place = re.compile(
        r"--(?:extra-)?index-url|--find-links|--trusted-host|registry\.npmjs|pythonhosted\.|\"resolved\":"
    )
    found = [
        file
        for file in committed_files()
        if file != Path(__file__) and place.search(file.read_bytes().decode(errors="replace"))
    ]
    assert found == []


def test_the_version_is_the_newest_of_the_changelog() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    (newest, *_) = re.findall(r"^## (\d+\.\d+\.\d+)", text_of("CHANGELOG.md"), re.MULTILINE)
    assert newest == version


@pytest.mark.parametrize("module", modules("tests", *SOURCES))
def test_nothing_is_mocked(module: str) -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(text_of(module)))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not {name for name in imported if name == "mock" or name.startswith("unittest")}


def published(path: str) -> bool:
    """Whether a file goes to Azure."""
    return not GitIgnoreSpec.from_lines(text_of(".funcignore").splitlines()).match_file(path)


@pytest.mark.parametrize(
    "path",
    [
        "function_app.py",
        "host.json",
        "requirements.txt",
        *modules("shared", "functions"),
    ],
)
def test_what_the_app_needs_is_published(path: str) -> None:
    assert published(path)


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_house.py",
        "local/run.py",
        "docs/settings.md",
        "bench/x.py",
        ".venv/bin/python",
        ".git/config",
        ".ci/run",
        ".local/storage/x",
        "dev",
        "local.settings.json",
        "requirements-dev.txt",
        "shared/__pycache__/x.cpython-311.pyc",
    ],
)
def test_what_the_app_does_not_need_is_not_published(path: str) -> None:
    assert not published(path)


def test_actions_of_workflows_are_pinned_to_commits() -> None:
    used = re.findall(r"uses: (\S+)", text_of(".github/workflows/deploy.yml"))
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in used)
