"""Can the parameter files be filled in as docs/deploy.md says, and is what does not fit told with its place?"""

from pathlib import Path

import pytest

from local.infra.agreement import AGREEMENT
from local.infra.findings import Finding, make
from local.infra.gates import GATES
from local.infra.project import read_project
from tests.infra.seeding import red, seeded

FILES = ("dev", "test", "prod")
ONE, OTHER = "8c7f4a51-6d2e-4b1a-9f3c-1d2e3f4a5b6c", "9D8F4A51-6d2e-4b1a-9f3c-1d2e3f4a5b6d"
MAIL = "CustomerInsightsOperations2026Team@contoso.com"  # as long and mixed as a key
GIVEN = f"""param environmentIds = ['{ONE}', '{OTHER}'] // {ONE} is production
param callingApps = ['{OTHER}']
param applicationEnvironments = {{ '{OTHER.replace("-", "")}': '{ONE},{OTHER}' }}
param entraTenantIds = ['{ONE}', '{OTHER}']
param createAppRegistrations = false
param entraClientId = '{ONE}'
param entraAppIdUri = 'api://{ONE}'
param connectorClientId = clientOfTheConnector
param alertEmails = ['{MAIL}', 'me@contoso.com']
var clientOfTheConnector = '{OTHER}'
"""
FALSE = [
    ("location", "'North Europe'", "the name of a region"),
    ("environmentIds", "['contoso-prod']", "an id of 8-4-4-4-12"),
    ("environmentIds", f"[\n  '{ONE}'\n  '{ONE.replace('-', '')}'\n]", "an id of 8-4-4-4-12"),
    ("callingApps", "['my-app']", "an id of 8-4-4-4-12"),
    ("entraTenantIds", "['contoso.onmicrosoft.com']", "an id of 8-4-4-4-12"),
    ("connectorClientId", "'connector'", "an id of 8-4-4-4-12"),
    ("entraAppIdUri", "'my app'", "a URI"),
    ("applicationEnvironments", f"{{ '{ONE}': '*' }}", "a client id without its dashes"),
    ("applicationEnvironments", f"{{ '{ONE.replace('-', '')}': 'all' }}", "ids with commas between them"),
    ("alertEmails", "['operations']", "a mail address"),
    ("budgetStart", "'2026-11-15'", "the first of a month"),
    ("budgetStart", "'November'", "the first of a month"),
]


def without(text: str, *names: str) -> str:
    """A parameter file without the lines of some parameters."""
    return "".join(
        f"{line}\n" for line in text.splitlines() if not line.startswith(tuple(f"param {n} =" for n in names))
    )


def filled(folder: Path, stem: str, text: str) -> Path:
    """The infrastructure with a parameter file that says this as well."""
    seeded(folder, [])
    path = folder / "infra" / f"{stem}.bicepparam"
    names = [line.split()[1] for line in text.splitlines() if line.startswith("param ")]
    path.write_text(without(path.read_text(encoding="utf-8"), *names) + text, encoding="utf-8")
    return path


def findings(folder: Path) -> list[Finding]:
    """What the checks find in it."""
    project = read_project(folder / "infra")
    return [one for check in (*GATES, *AGREEMENT) for one in make(check, project).findings]


@pytest.mark.parametrize("stem", FILES)
def test_ids_addresses_and_regions_are_no_secrets_where_they_belong(stem: str, tmp_path: Path) -> None:
    filled(tmp_path, stem, GIVEN + "param location = 'northeurope'\nparam budgetStart = '2026-11-01'\n")
    assert findings(tmp_path) == []


@pytest.mark.parametrize("stem", FILES)
def test_a_name_in_letters_of_both_sizes_is_no_secret(stem: str, tmp_path: Path) -> None:
    filled(tmp_path, stem, "param environmentName = 'Signals_Dev2'\n")
    assert findings(tmp_path) == []


def test_a_secret_is_one_wherever_it_is_filled_in(tmp_path: Path) -> None:
    key = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB0cD3eF6gH9jK2="
    for number, line in enumerate(
        (f"param tags = {{ a: '{ONE}' }}", f"param callingApps = ['{key}']", f"param environmentIds = ['{key}']")
    ):
        filled(tmp_path / str(number), "dev", f"{line}\n")
        assert "no secret is written out" in red(read_project(tmp_path / str(number) / "infra"))


@pytest.mark.parametrize("stem", FILES)
@pytest.mark.parametrize(
    ("name", "value", "wanted"), FALSE, ids=[f"{n}-{place}" for place, (n, *_) in enumerate(FALSE)]
)
def test_what_has_not_its_form_is_told_with_its_line(
    stem: str, name: str, value: str, wanted: str, tmp_path: Path
) -> None:
    path = filled(tmp_path, stem, f"param {name} = {value}\n")
    project = read_project(tmp_path / "infra")
    check = next(one for one in AGREEMENT if one.name == "parameter files are filled in right")
    (finding,) = make(check, project).findings
    written = path.read_text(encoding="utf-8").splitlines()[finding.line - 1]
    assert (finding.path, finding.wrong.partition(":")[0]) == (path, name)
    assert wanted in finding.wrong
    assert finding.wrong.split("'")[1] in written


def test_a_setting_that_is_no_text_is_told_with_its_line(tmp_path: Path) -> None:
    path = filled(tmp_path, "prod", "param furtherSettings = {\n  PARTITION_HOSTS: 5\n}\n")
    (finding,) = (one for one in findings(tmp_path) if "PARTITION_HOSTS is" in one.wrong and "text" in one.wrong)
    assert finding.wrong == "PARTITION_HOSTS is 5, and each setting is a text"
    assert path.read_text(encoding="utf-8").splitlines()[finding.line - 1] == "  PARTITION_HOSTS: 5"
    assert (finding.path, finding.plans) == (path, ("prod",))
