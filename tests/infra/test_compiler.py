"""Is the real compiler asked where there is one, and is nothing claimed where there is none?"""

import sys
from pathlib import Path

import pytest

from local.infra.compiler import Commands, commands, compiled
from local.infra.findings import Check, Made, make
from local.infra.project import read_project
from tests.infra.sample import NETWORK, NETWORK_FILE, PARAMETER_FILE, Sample

STAND_IN = """
import sys
from pathlib import Path
command, path = sys.argv[1], Path(sys.argv[-1])
if command == "build" and path.name == "network.bicep":
    print(f'{path}(3,7) : Error BCP057: The name "x" does not exist.', file=sys.stderr)
    raise SystemExit(1)
if command == "lint" and path.name == "app.bicep":
    print(f'WARNING: {path}(9,1) : Warning no-unused-params: Parameter "y" is never used.', file=sys.stderr)
if command == "build-params":
    print("Something else went wrong", file=sys.stderr)
    raise SystemExit(2)
"""


def made_by(script: str, folder: Path, sample: Sample | None = None) -> Made:
    """What the check says with a program that does as the script says."""
    program = folder / "bicep.py"
    program.write_text(script, encoding="utf-8")
    base = (sys.executable, str(program))
    found: Commands = ((*base, "build"), (*base, "build-params"), (*base, "lint"))
    project = read_project((sample or Sample()).write(folder / "infra"))
    return make(Check("compiler", "", lambda asked: compiled(found, asked)), project)


def test_what_the_compiler_says_is_found(tmp_path: Path) -> None:
    """Errors of builds, and an end that nothing explains; warnings are told, and turn nothing red."""
    made = made_by(STAND_IN, tmp_path)
    said = {(one.path.name, one.line, one.rule, one.wrong) for one in made.findings}
    assert made.notes == ('app.bicep:9: warning no-unused-params: Parameter "y" is never used',)
    assert said == {
        ("network.bicep", 3, "BCP057", 'The name "x" does not exist'),
        (PARAMETER_FILE, 1, "", "the compiler ended with 2: Something else went wrong"),
    }


def test_a_compiler_that_says_nothing_finds_nothing(tmp_path: Path) -> None:
    """The check was made."""
    made = made_by("", tmp_path)
    assert (made.findings, made.not_done) == ((), "")


def test_what_is_silenced_in_the_file_stays_silent(tmp_path: Path) -> None:
    """Also when a linter does not look at comments."""
    sample = Sample()
    silenced = f"#disable-next-line BCP057\n{NETWORK}"
    sample.files[NETWORK_FILE] = silenced
    found = made_by(STAND_IN.replace("(3,7)", "(2,7)"), tmp_path, sample).findings
    assert "network.bicep" not in {one.path.name for one in found}


@pytest.mark.parametrize(
    ("there", "first"),
    [
        ({"bicep", "az"}, ("bicep", "build", "--stdout")),
        ({"az"}, ("az", "bicep", "build", "--stdout", "--file")),
        (set(), None),
    ],
)
def test_the_compiler_is_bicep_or_that_of_az(there: set[str], first: tuple[str, ...] | None) -> None:
    """Whichever is on the PATH."""
    found = commands(lambda name: name if name in there else None)
    assert (found[0] if found else None) == first


def test_without_a_compiler_the_check_is_not_done(tmp_path: Path) -> None:
    """Nothing claims a compile that did not happen, also when az cannot get its own compiler."""
    project = read_project(Sample().write(tmp_path / "infra"))
    made = make(Check("compiler", "", lambda asked: compiled(None, asked)), project)
    assert (made.findings, "az bicep install" in made.not_done) == ((), True)
    nowhere = (str(tmp_path / "none"),)
    made = make(Check("compiler", "", lambda asked: compiled((nowhere, nowhere, nowhere), asked)), project)
    assert "cannot be started" in made.not_done
    cannot_get = 'import sys\nsys.exit("ERROR: Error while attempting to retrieve: https://aka.ms/BicepLatestRelease")'
    assert "no Bicep compiler here" in made_by(cannot_get, tmp_path).not_done
