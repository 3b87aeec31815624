"""Are resources held to the type data that is there, and is nothing claimed where there is none?"""

from functools import partial
from pathlib import Path

import pytest

from local.infra.findings import Check, Made, make
from local.infra.project import read_project
from local.infra.resource_types import azure_types
from local.infra.type_data import TypeData
from tests.infra.sample import APP_FILE, NETWORK_FILE, Sample
from tests.infra.sample_types import write_types

DEFECTS = [
    (APP_FILE, "tier: tier", "teir: tier", "did you mean 'tier'?", "    teir"),
    (APP_FILE, "tier: tier", "tier: 'Basik'", "'Basik' is not known, did you mean 'Basic'?", "    tie"),
    (APP_FILE, "tier: tier", "tier: 'Premium'", "'Premium' is not known, but 'Basic', 'Standard' are", "    tie"),
    (APP_FILE, "tier: tier", "tier: replicas > 1 ? 'Basic' : 'Best'", "'Best' is not known", "    tie"),
    (
        APP_FILE,
        "open: false\n    capacity",
        "open: 'no'\n    capacity",
        "bool is wanted and this is string",
        "    open",
    ),
    (
        APP_FILE,
        "open: false\n    capacity",
        "open: name\n    capacity",
        "bool is wanted and this is string",
        "    open",
    ),
    (APP_FILE, "capacity: 10", "capacity: 1000", "the value 1000 is not from 1 to 100", "    capacity"),
    (APP_FILE, "    capacity: 10\n", "", "'capacity' is missing", "  properties: {"),
    (APP_FILE, "{ name: endpoint }]", "{ host: endpoint }]", "hosts[0].host: there is no property 'host'", "    hosts"),
    (APP_FILE, "{ name: endpoint }]", "{ name: { a: endpoint } }]", "string is wanted and this is object", "    hosts"),
    (APP_FILE, "['blob', 'queue']", "['blob', 'queue', 'table', 'file']", "the length 4 is more than 3", "    hosts"),
    (
        APP_FILE,
        "hosts: [for endpoint in endpoints: { name: endpoint }]",
        "hosts: map(labels.x, one => { nam: one })",
        "'nam'",
        "    hosts",
    ),
    (
        APP_FILE,
        "password: password\n    key",
        "password: { a: password }\n    key",
        "string is wanted and this is object",
        "    password",
    ),
    (
        APP_FILE,
        "{ type: 'own', keyName: 'k' }",
        "{ type: 'own' }",
        "encryption: 'keyName' is missing",
        "    encryption",
    ),
    (APP_FILE, "{ type: 'platform' }", "{ type: 'platform', keyName: 'k' }", "no property 'keyName'", "    encryption"),
    (APP_FILE, "subnet: empty", "host: 'x'\n    subnet: empty", "host: it can only be read", "    host: "),
    (
        APP_FILE,
        "  tags: labels\n  sku: { name: 'Basic' }",
        "  tags: labels\n  sku: { name: 'Free' }",
        "'Free' is not allowed, but 'Basic', 'Standard' are",
        "  sku: ",
    ),
    (APP_FILE, "  tags: labels", "  tags: { a: true }", "tags.a: string is wanted and this is bool", "  tags: "),
    (
        APP_FILE,
        "union({ open: false }, { kind: 'x' })",
        "union({ open: false }, { knid: 'x' })",
        "'knid'",
        "      properties: union",
    ),
    (
        APP_FILE,
        "union({ open: false }, { kind: 'x' })",
        "union({ kind: 'x' }, {})",
        "'open' is missing",
        "      properties: union",
    ),
    (
        APP_FILE,
        "= account.properties.host",
        "= account.properties.hots",
        "has no 'properties.hots', did you mean",
        "output host",
    ),
    (APP_FILE, "copies[place].id", "copies[place].uri", "copies has no 'uri'", "output ids"),
    (APP_FILE, "account::service.name", "account::service.sku", "service has no 'sku'", "output child"),
    (
        NETWORK_FILE,
        "accounts@2024-01-01",
        "accounts@2023-01-01",
        "no type 'Test.Storage/accounts@2023-01-01'",
        "resource network",
    ),
    (
        NETWORK_FILE,
        "Test.Storage/accounts",
        "Test.Storage/account",
        "no type 'Test.Storage/account@",
        "resource network",
    ),
    (NETWORK_FILE, "'vnet${name}'", "'Vnet'", "'Vnet' does not fit ^[a-z]", "  name: "),
    (NETWORK_FILE, "'vnet${name}'", "'v'", "the length 1 is not from 3 to 40", "  name: "),
]


def made_on(sample: Sample, folder: Path) -> Made:
    """The check of the sample against the sample's own type data."""
    types = write_types(folder / "types")
    return make(Check("types", "", partial(azure_types, types)), read_project(sample.write(folder / "infra")))


def test_a_good_infrastructure_is_as_its_types_ask_for(tmp_path: Path) -> None:
    """With loops, conditions, nested resources, variants and merged objects."""
    assert made_on(Sample(), tmp_path).findings == ()


@pytest.mark.parametrize(("file", "old", "new", "says", "at"), DEFECTS, ids=[f"{n}" for n in range(len(DEFECTS))])
def test_a_defect_is_found_in_its_line(file: str, old: str, new: str, says: str, at: str, tmp_path: Path) -> None:
    """Each is said at least once."""
    sample = Sample()
    sample.change(file, old, new)
    found = made_on(sample, tmp_path).findings
    assert any(says in one.wrong for one in found), found
    assert {one.path.name for one in found} == {Path(file).name}
    lines = sample.files[file].splitlines()
    assert all(lines[one.line - 1].startswith(at) for one in found)


def test_what_may_be_more_is_not_said_to_lack_anything(tmp_path: Path) -> None:
    """A parameter may hold what is missing."""
    sample = Sample()
    sample.change(APP_FILE, "union({ open: false }, { kind: 'x' })", "union({ kind: 'x' }, labels)")
    assert made_on(sample, tmp_path).findings == ()


def test_without_type_data_the_check_is_not_done(tmp_path: Path) -> None:
    """And what to do is said."""
    project = read_project(Sample().write(tmp_path))
    made = make(Check("types", "", partial(azure_types, tmp_path / "nowhere")), project)
    assert (made.findings, "--types" in made.not_done) == ((), True)


def test_the_facts_of_our_own_are_found_by_name() -> None:
    """In any case, as Azure does."""
    types = TypeData(Path("nowhere"))
    found = types.find("microsoft.graph/Applications", "v1.0")
    assert found is not None
    assert found.body["properties"]["appId"]["flags"] == 2
    assert types.find("Microsoft.Graph/groups", "v1.0") is None
