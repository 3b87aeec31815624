"""`./dev package`, whole and for real."""

import re
from pathlib import Path

import pytest

from local.children import ROOT
from local.errors import LocalError
from local.package.folder import package
from local.package.main import TEMPLATE, main, unlike_azure


def test_the_package_is_built_started_alone_and_measured(
    clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The clean environment is the session's: the command finds it made."""
    capsys.readouterr()
    assert main(["--out", str(tmp_path / "made")]) == 0
    said = capsys.readouterr().out
    files = {
        file.relative_to(tmp_path / "made").as_posix() for file in (tmp_path / "made").rglob("*") if file.is_file()
    }
    assert files == package(ROOT).keys()
    for wanted in (
        rf"made has what goes to Azure: {len(files)} files, \d+ kB; \d+ kB zipped\.\n",
        r"  largest: requirements\.txt \d+ kB,",
        r"requirements\.txt installs \d+ packages, \d+\.\d MB .*\n  largest: .*cryptography \d+\.\d MB",
        r"With Python 3\.\d+ and these packages alone.*:\n",
        r"  \d+ functions \(.*\d+ http\), the same as in the checkout",
        r"  timers \d+, polling \d+, .*reports \d+\n",
        r"  without settings it refuses to: AzureWebJobsStorage: ",
        r"  without access to Key Vault it refuses to: A Key Vault reference is not resolved",
        r"A fresh process imports it in \d+\.\d\d s \(median of 5\)",
        r"  its libraries alone \(\d+ modules\): \d+\.\d\d s; with the app \d+\.\d\d times that\n",
        r"  its first call puts the rest together in \d+\.\d\d s, and with telemetry in \d+\.\d\d s\n",
        r"  longest: .*the app itself \d+ ms",
    ):
        assert re.search(wanted, said), f"{wanted} is not in\n{said}"


def test_another_python_than_the_one_in_azure_is_told() -> None:
    (azure,) = re.findall(r"^param pythonVersion string = '(.+)'$", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    assert unlike_azure(azure) == ""
    assert f"Azure runs Python {azure} by default" in unlike_azure("3.0")


def test_the_folder_alone_is_built_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--no-run", "--out", str(tmp_path / "made")]) == 0
    assert capsys.readouterr().out.count("\n") == 2
    assert main(["--no-run", "--out", str(tmp_path / "made")]) == 0, "it replaces its own"


@pytest.mark.parametrize("place", [ROOT, ROOT.parent, ROOT / "shared", ROOT / "functions", ROOT / "tests"])
def test_the_checkout_is_no_place_for_it(place: Path) -> None:
    with pytest.raises(LocalError, match="--out"):
        main(["--no-run", "--out", str(place)])
    assert (ROOT / "function_app.py").exists()


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LocalError, match="is no Python that runs"):
        main(["--python", str(tmp_path / "none"), "--out", str(tmp_path / "made")])
    assert not (tmp_path / "made").exists()
    with pytest.raises(SystemExit):
        main(["--unknown"])
    assert capsys.readouterr().err.count("\n") == 1
