"""The package is tried alone: what is missing is named, and what differs from the checkout is told."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.children import ROOT
from local.errors import BrokenRunError
from local.package.folder import package, write
from local.package.timing import Share, group, shares_of
from local.package.trying import (
    AS_IN_AZURE,
    REFUSALS,
    TELEMETRY,
    Indexed,
    ask,
    indexed,
    refusal,
    require_all_imports,
    require_the_same,
)
from tests.package.trees import planted

PLATFORM = {"FUNCTIONS_WORKER_RUNTIME", "WEBSITE_SITE_NAME", "WEBSITE_HOSTNAME", "IDENTITY_ENDPOINT"}
TICK = """
import azure.functions as func
app = func.FunctionApp()

@app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
async def tick(timer: func.TimerRequest) -> None:
    {body}
"""


def app(folder: Path, before: str = "", body: str = "pass") -> Path:
    """An app of one function."""
    return planted(folder, {"function_app.py": before + TICK.format(body=body)})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this checkout."""
    folder = tmp_path_factory.mktemp("built") / "package"
    write(package(ROOT), folder, ROOT)
    return folder


def without(clean: Path, library: str, home: Path) -> Path:
    """An environment like the clean one that lacks a library."""
    subprocess.run([clean, "-m", "venv", "--without-pip", home], check=True, timeout=120)
    places = "import sysconfig; print(sysconfig.get_path('purelib'))"
    python = home / clean.relative_to(clean.parents[1])
    source, target = (
        Path(subprocess.run([one, "-c", places], capture_output=True, text=True, timeout=60, check=True).stdout.strip())
        for one in (clean, python)
    )
    for path in source.rglob("*"):
        parts = path.relative_to(source).parts
        if path.is_file() and "__pycache__" not in parts and Path(*parts[: library.count("/") + 1]) != Path(library):
            (target / Path(*parts)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / Path(*parts))
    return python


def test_a_library_that_is_not_in_the_requirements_is_named(clean: Path, built: Path, tmp_path: Path) -> None:
    python = without(clean, "aiohttp", tmp_path / "environment")
    with pytest.raises(BrokenRunError, match=r"requirements\.txt does not install aiohttp: .*requirements\.in"):
        indexed(python, built)


def test_a_library_that_is_needed_by_a_call_only_is_named(clean: Path, built: Path, tmp_path: Path) -> None:
    """Indexing does not notice: the first call would."""
    python = without(clean, "azure/identity", tmp_path / "environment")
    assert indexed(python, built).functions
    with pytest.raises(BrokenRunError, match=r"does not install what shared/\S+ needs azure\.identity"):
        require_all_imports(python, built)


def test_a_module_that_is_left_out_is_named(clean: Path, built: Path, tmp_path: Path) -> None:
    files = {path: content for path, content in package(ROOT).items() if path != "shared/domain/events.py"}
    write(files, tmp_path / "package", ROOT)
    with pytest.raises(BrokenRunError, match=r"shared\.domain\.events is not in the package: see \.funcignore"):
        indexed(clean, tmp_path / "package")


def test_the_checkout_is_out_of_reach(clean: Path, tmp_path: Path) -> None:
    """What is imported from anywhere else is told, and nothing of this process's environment is passed on."""
    with pytest.raises(BrokenRunError, match="does not install local"):
        indexed(clean, app(tmp_path / "a", before="import local.cli\n"))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "stray.py").write_text("", encoding="utf-8")
    reach = f"import sys\nsys.path.append({str(tmp_path / 'outside')!r})\nimport stray\n"
    with pytest.raises(BrokenRunError, match=r"imports what is not in it: .*stray\.py"):
        indexed(clean, app(tmp_path / "b", before=reach))


def test_an_app_that_breaks_is_told_in_its_own_words(clean: Path, tmp_path: Path) -> None:
    with pytest.raises(BrokenRunError, match=r"made does not start: function_app\.py:1: ValueError: no luck"):
        indexed(clean, app(tmp_path / "made", before="raise ValueError('no luck')\n"))
    with pytest.raises(BrokenRunError, match=r"made does not start: function_app\.py:1: SyntaxError: .*never closed"):
        indexed(clean, app(tmp_path / "made", before="x = y(\n"))
    with pytest.raises(BrokenRunError, match="exit code 3"):
        indexed(clean, app(tmp_path / "made", before="import os\nos._exit(3)\n"))


def test_the_right_settings_are_taken_and_each_missing_one_is_named(clean: Path, built: Path) -> None:
    said = refusal(clean, built, REFUSALS["without settings"])
    assert "AzureWebJobsStorage: " in said
    needless = {"AZURE_CLIENT_ID", *(name for name in AS_IN_AZURE if name.startswith("AzureWebJobsStorage"))}
    assert all(name in said for name in AS_IN_AZURE.keys() - PLATFORM - needless)
    assert "Key Vault reference is not resolved" in refusal(clean, built, REFUSALS["without access to Key Vault"])
    assert indexed(clean, built).functions


def test_it_is_tried_with_the_names_that_a_deployment_sets() -> None:
    """All of them but those of the platform are in the Bicep."""
    written = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "infra").rglob("*.bicep"))
    assert {name for name in {**AS_IN_AZURE, **TELEMETRY} if not re.search(rf"\b{name}\b", written)} == PLATFORM


def test_an_app_that_takes_any_settings_is_told(clean: Path, tmp_path: Path) -> None:
    with pytest.raises(BrokenRunError, match="does not refuse settings that will not do: it starts"):
        refusal(clean, app(tmp_path / "made"), {})


def test_imports_for_types_only_are_not_needed(clean: Path, tmp_path: Path) -> None:
    for condition in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        before = f"import typing\nfrom typing import TYPE_CHECKING\nif {condition}:\n    import _typeshed\n"
        require_all_imports(clean, app(tmp_path / condition, before=before))
    with pytest.raises(BrokenRunError, match=r"function_app\.py needs no_such_thing"):
        require_all_imports(clean, app(tmp_path / "made", body="import no_such_thing"))


def test_the_trial_leaves_the_package_as_it_is(clean: Path, built: Path) -> None:
    """No bytecode: what is sent has none."""
    before = sorted(built.rglob("*"))
    indexed(clean, built)
    ask(clean, "duration", built)
    assert sorted(built.rglob("*")) == before


def test_a_package_that_declares_something_else_is_told() -> None:
    tick = {"name": "tick", "family": "timers", "kind": "timer", "bindings": []}
    drain = {**tick, "name": "drain"}
    both, one = Indexed({"tick": tick, "drain": drain}, ()), Indexed({"tick": tick}, ())
    require_the_same(both, both)
    assert both.counts("kind") == {"timer": 2}
    for package_, checkout, said in (
        (one, both, "drain is in the checkout and not in the package"),
        (both, one, "drain is in the package and not in the checkout"),
        (one, Indexed({"tick": {**tick, "bindings": ["x"]}}, ()), "tick is another one"),
    ):
        with pytest.raises(BrokenRunError, match=said):
            require_the_same(package_, checkout)


def test_time_is_summed_up_by_library() -> None:
    report = """import time: self [us] | cumulative | imported package
import time:       100 |        100 |   aiohttp.helpers
import time:      2000 |       2100 | aiohttp
import time:      3000 |       3000 |     azure.core.pipeline
import time:      1000 |       9000 | azure.storage.blob
import time:      4000 |       9000 |   shared.domain.events
import time:       500 |       9500 | function_app
something else
"""
    assert shares_of(report) == [
        Share("the app itself", 0.0045, 2),
        Share("azure.core", 0.003, 1),
        Share("aiohttp", 0.0021, 2),
        Share("azure.storage", 0.001, 1),
    ]
    assert group("msal") == "msal"
