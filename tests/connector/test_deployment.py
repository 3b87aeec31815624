"""Which values a connector is built for: each mistake is one line that says what to write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.connector.deployment import NO_HOST, NO_ID, VALUES, deployment_of, host_problem
from local.errors import LocalError
from tests.connector.deployed import CLIENT, GOOD, RESOURCE

OF_API = RESOURCE.removeprefix("api://")


def test_an_option_counts_more_than_the_file() -> None:
    found = deployment_of({"host": "Other.example.com"}, {value.output: GOOD[name] for name, value in VALUES.items()})
    assert (found.host, found.client_id) == ("other.example.com", CLIENT)


def test_any_tenant_signs_in_only_where_that_is_written_out() -> None:
    """A registration of a single tenant, which is the usual kind, fails at common."""
    assert deployment_of({**GOOD, "tenant_id": "common"}).tenant_id == "common"
    with pytest.raises(LocalError, match="--tenant-id: is missing"):
        deployment_of({**GOOD, "tenant_id": None})


WRONG = [
    ("host", "https://my-signals.azurewebsites.net", "more than a host: write my-signals.azurewebsites.net"),
    ("host", "my-signals.azurewebsites.net/api", "write my-signals.azurewebsites.net"),
    ("host", "my-signals.azurewebsites.net:443", "write my-signals.azurewebsites.net"),
    ("host", "localhost", "is no host"),
    ("host", "127.0.0.1", "is no host"),
    ("host", "my_signals.azurewebsites.net", "is no host"),
    ("host", "-a.example.com", "is no host"),
    ("host", NO_HOST, "is still the placeholder"),
    ("host", NO_HOST.upper(), "is still the placeholder"),
    ("host", "", "is missing (in --from: SIGNALS_HOST)"),
    ("client_id", "", "is missing (in --from: CONNECTOR_CLIENT_ID)"),
    ("client_id", "my-connector", "is no GUID"),
    ("client_id", NO_ID, "is still the placeholder"),
    ("client_id", CLIENT[:-1], "is no GUID"),
    ("resource_uri", "", "is missing (in --from: ENTRA_APP_ID_URI)"),
    ("resource_uri", "signals", "is no Application ID URI"),
    ("resource_uri", "http://signals.example.com", "is no Application ID URI"),
    ("resource_uri", f"api://{NO_ID}", "is still the placeholder"),
    ("resource_uri", f"{RESOURCE}/Insights.Read", f"ends in the scope Insights.Read: write {RESOURCE}"),
    ("resource_uri", f"{RESOURCE}/triggers.manage", f"write {RESOURCE}"),
    ("resource_uri", "https://contoso.com/signals/Things.ReadWrite.All", "write https://contoso.com/signals"),
    ("resource_uri", f"{RESOURCE}/.default", f"write {RESOURCE}"),
    ("resource_uri", f"{OF_API}/Insights.Write", f"write {OF_API}"),
    ("resource_uri", f"api://{CLIENT}", "connector's own registration"),
    ("resource_uri", CLIENT.upper(), "connector's own registration"),
    ("tenant_id", "contoso", "is no GUID"),
    ("tenant_id", NO_ID, "is still the placeholder"),
]


@pytest.mark.parametrize(("name", "text", "said"), WRONG)
def test_what_is_wrong_is_said_in_one_line_that_names_the_option(name: str, text: str, said: str) -> None:
    with pytest.raises(LocalError) as caught:
        deployment_of({**GOOD, name: text})
    (line,) = str(caught.value).splitlines()
    assert VALUES[name].option in line
    assert line.startswith("--")
    assert said in line


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(LocalError) as caught:
        deployment_of({}, {"SIGNALS_HOST": "https://x.example.com/"})
    first, *others, last = str(caught.value).splitlines()
    assert first == "SIGNALS_HOST in --from: 'https://x.example.com/' is more than a host: write x.example.com"
    assert [line.partition(":")[0] for line in others] == ["--client-id", "--resource-uri", "--tenant-id"]
    assert last == "--from has SIGNALS_HOST"


def test_a_file_without_names_is_said_to_have_none() -> None:
    with pytest.raises(LocalError, match=r"--from has no line NAME=value$"):
        deployment_of({}, {})


@pytest.mark.parametrize("resource", [RESOURCE, OF_API, "https://contoso.com/signals", "api://contoso.com/signals.v2"])
def test_each_form_of_a_resource_is_taken(resource: str) -> None:
    assert deployment_of({**GOOD, "resource_uri": resource}, {}).resource_uri == resource


LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@given(
    st.lists(LABEL, min_size=1, max_size=4),
    st.sampled_from(["https://", "http://"]),
    st.from_regex(r"[/?#][ -~]*", fullmatch=True),
)
def test_an_address_is_answered_with_its_host(labels: list[str], scheme: str, rest: str) -> None:
    host = ".".join([*labels, "example"])
    assert host_problem(host) == ""
    assert host_problem(scheme + host + rest).endswith(f"write {host}")
