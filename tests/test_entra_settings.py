"""What the settings of signing in promise: whose tokens count is said in full, or the app does not start."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.entra_settings import DEFAULT_AUTHORITY, EntraSettings
from shared.errors import SettingsInvalid
from tests.certificates import certificate
from tests.variables import APP, CONNECTOR, DAEMON, NEEDED, TENANT, problems, settings

OF_DAEMON = f"APPLICATION_ENVIRONMENTS__{DAEMON.replace('-', '')}"
ENVIRONMENT = "0f8fad5b-d9cb-469f-a165-70867728950e"
PEM = "".join(certificate()[:2]).strip()
BROKEN = "\n".join(f"-----BEGIN {what}-----\nMII\n-----END {what}-----" for what in ("PRIVATE KEY", "CERTIFICATE"))
REFERENCE = "@Microsoft.KeyVault(SecretUri=https://v/s)"
A_LIST = "with commas between them."
NOT_A_GUID = (
    "",
    " ",
    "common",
    "<client id of the app registration>",
    APP[:-1],
    f"{APP}0",
    f"{{{APP}}}",
    APP.replace("-", ""),
    f"{APP}\u0661",
)


def entra(changes: Mapping[str, str] | None = None) -> EntraSettings:
    """The settings of signing in, with changes."""
    return settings(changes).entra


def test_every_setting_is_taken() -> None:
    """Ids in any case, with blanks around them."""
    read = entra(
        {
            "ENTRA_AUTHORITY": " https://login.microsoftonline.us/ ",
            "ENTRA_TENANT_IDS": f" {TENANT.upper()} , {DAEMON},",
            "ENTRA_CLIENT_ID": f" {APP.upper()} ",
            "ENTRA_APP_ID_URI": " https://signals.contoso.com/api ",
            "ENTRA_CLIENT_SECRET": " secret ",
            "ENTRA_CLIENT_CERTIFICATE": PEM.replace("\n", "\\n"),
            "CALLING_APPS": f"{CONNECTOR.upper()}, {DAEMON}",
            OF_DAEMON: f" {ENVIRONMENT.upper()} ,",
        }
    )
    assert (read.authority, read.app_id_uri) == (
        "https://login.microsoftonline.us",
        "https://signals.contoso.com/api",
    )
    assert (read.tenant_ids, read.client_id) == ((TENANT, DAEMON), APP)
    assert (read.client_secret, read.client_certificate) == ("secret", PEM)
    assert read.calling_apps == frozenset({CONNECTOR, DAEMON})
    assert read.environments_of(DAEMON) == {ENVIRONMENT}


@pytest.mark.parametrize(
    "name", ["ENTRA_AUTHORITY", "ENTRA_APP_ID_URI", "ENTRA_CLIENT_SECRET", "ENTRA_CLIENT_CERTIFICATE"]
)
@pytest.mark.parametrize("empty", ["", " "])
def test_a_setting_that_is_empty_has_its_default(name: str, empty: str) -> None:
    assert entra({name: empty}) == entra()
    assert (entra().authority, entra().app_id_uri) == (DEFAULT_AUTHORITY, f"api://{APP}")


@pytest.mark.parametrize("wrong", NOT_A_GUID)
def test_without_a_client_id_nothing_starts(wrong: str) -> None:
    (line,) = problems({"ENTRA_CLIENT_ID": wrong})
    assert line == "ENTRA_CLIENT_ID: set it to the client id of this app's registration in Entra ID."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ENTRA_TENANT_IDS", f"the ids of the tenants whose tokens are taken, {A_LIST}"),
        (
            "CALLING_APPS",
            "the client ids of the apps that may call, with commas between them, "
            "or to * for any app that Entra ID lets in.",
        ),
    ],
)
@pytest.mark.parametrize("wrong", [*NOT_A_GUID, f"{APP};{DAEMON}", f"{APP},*", f"{APP},common", ","])
def test_every_entry_of_a_list_is_an_id(name: str, said: str, wrong: str) -> None:
    """In particular no tenant is any tenant, and no star hides in a list."""
    assert problems({name: wrong}) == [f"{name}: set it to {said}"]


def test_no_tenant_can_stand_for_all() -> None:
    for name in ("*", "common", "organizations", "consumers"):
        (line,) = problems({"ENTRA_TENANT_IDS": name})
        assert line.startswith("ENTRA_TENANT_IDS: ")


def test_a_star_lets_every_app_call_that_entra_id_lets_in() -> None:
    assert entra({"CALLING_APPS": " * "}).calling_apps is None
    assert entra().calling_apps == frozenset({CONNECTOR})


@pytest.mark.parametrize(
    "wrong",
    [
        "http://login.microsoftonline.com",
        "login.microsoftonline.com",
        "https://",
        "https:///common",
        "https://login.microsoftonline.com/common",
        "https://login.microsoftonline.com?x",
        "https://login.microsoftonline.com#x",
        "https://user@login.microsoftonline.com",
        "https://login.microsoftonline.com:port",
        "https://[",
        "https://a b",
        'https://a"b',
        "https://a\nb",
    ],
)
def test_the_authority_is_https_and_a_host(wrong: str) -> None:
    """It goes into a header as well."""
    (line,) = problems({"ENTRA_AUTHORITY": wrong})
    assert line == f"ENTRA_AUTHORITY: must be https:// and a host, such as {DEFAULT_AUTHORITY}."


@pytest.mark.parametrize("wrong", ["signals", "http://signals", "api://", "api://a b", "api://é", "api://" + "x" * 201])
def test_the_application_id_uri_is_one(wrong: str) -> None:
    (line,) = problems({"ENTRA_APP_ID_URI": wrong})
    assert line.startswith("ENTRA_APP_ID_URI: must be the registration's Application ID URI, such as api://")


@pytest.mark.parametrize(
    "wrong", ["MII", BROKEN, PEM.partition("-----BEGIN CERT")[0], PEM.partition("-----BEGIN CERT")[2]]
)
def test_a_certificate_comes_with_its_key(wrong: str) -> None:
    (line,) = problems({"ENTRA_CLIENT_CERTIFICATE": wrong})
    assert line == "ENTRA_CLIENT_CERTIFICATE: must hold a private key and its certificate, both as PEM."


@pytest.mark.parametrize("written", [DAEMON.replace("-", ""), DAEMON, DAEMON.replace("-", "_"), DAEMON.upper()])
def test_environments_of_an_application_are_named_by_its_client_id(written: str) -> None:
    read = entra({f"APPLICATION_ENVIRONMENTS__{written}": ENVIRONMENT})
    assert read.environments_of(DAEMON) == {ENVIRONMENT}
    assert read.environments_of(CONNECTOR) == frozenset()


@pytest.mark.parametrize(("listed", "found"), [("", set()), (" , ", set()), ("*", {"*"}), (f"{ENVIRONMENT},*", None)])
def test_an_application_may_ask_about_what_is_listed_only(listed: str, found: set[str] | None) -> None:
    expected = {ENVIRONMENT, "*"} if found is None else found
    assert entra({OF_DAEMON: listed}).environments_of(DAEMON) == expected


@pytest.mark.parametrize("wrong", [f"{ENVIRONMENT};{ENVIRONMENT}", "../x", "<id>", "**"])
def test_what_is_listed_are_environment_ids(wrong: str) -> None:
    (line,) = problems({OF_DAEMON: wrong})
    assert line == f"{OF_DAEMON}: list environment ids with commas between them, or * for all."


@pytest.mark.parametrize("name", ["", "daemon", DAEMON[:-1], f"{DAEMON}0"])
def test_environments_of_nobody_are_a_mistake(name: str) -> None:
    """A list that no application is found by would be found out by its 403."""
    (line,) = problems({f"APPLICATION_ENVIRONMENTS__{name}": "*"})
    assert line.endswith(": its name must end in the client id of an application, without dashes.")


@pytest.mark.parametrize("name", ["ENTRA_CLIENT_SECRET", "ENTRA_CLIENT_CERTIFICATE"])
def test_a_key_vault_reference_that_is_not_resolved_is_named(name: str) -> None:
    lines = problems({name: REFERENCE})
    assert "A Key Vault reference is not resolved: give the app's identity access to the secret." in lines


def test_the_repr_shows_no_secret() -> None:
    shown = repr(settings({"ENTRA_CLIENT_SECRET": "entra-secret", "ENTRA_CLIENT_CERTIFICATE": PEM}))
    assert "entra-secret" not in shown
    assert "PRIVATE KEY" not in shown


def test_a_problem_shows_no_secret() -> None:
    changes = {"ENTRA_CLIENT_SECRET": "entra-secret", "ENTRA_CLIENT_CERTIFICATE": "half-a-certificate"}
    lines = " ".join(problems({**changes, "ENTRA_CLIENT_ID": ""}))
    assert "entra-secret" not in lines
    assert "half-a-certificate" not in lines


NAMES = ("ENTRA_TENANT_IDS", "ENTRA_CLIENT_ID", "ENTRA_APP_ID_URI", "ENTRA_AUTHORITY", "CALLING_APPS", OF_DAEMON)


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=60)))
def test_nothing_but_a_named_problem_keeps_the_app_from_its_settings(changes: dict[str, str]) -> None:
    """No text in any of them is another error."""
    try:
        read = settings(changes, NEEDED)
    except SettingsInvalid:
        for line in problems(changes):
            assert line.partition(":")[0] in changes
    else:
        assert read.entra.tenant_ids
        assert read.entra.calling_apps is None or read.entra.calling_apps
