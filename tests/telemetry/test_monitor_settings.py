"""Which connection strings are taken, and with which identity is told?"""

import pytest
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.monitor.opentelemetry.exporter._connection_string_parser import ConnectionStringParser
from hypothesis import given
from hypothesis import strategies as st

from shared import bootstrap
from shared.errors import SettingsInvalid
from shared.settings import MonitorSettings
from tests.functions.support import VARIABLES
from tests.telemetry.ingestion import KEY
from tests.variables import AZURE, problems, settings

NAME = "APPLICATIONINSIGHTS_CONNECTION_STRING"
AT_HOME = "https://westeurope-5.in.applicationinsights.azure.com/"
WHOLE = f"InstrumentationKey={KEY};IngestionEndpoint={AT_HOME}"
LOOPBACK = f"InstrumentationKey={KEY};IngestionEndpoint=http://127.0.0.1:1/"


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        f" {WHOLE} ",
        f"instrumentationkey={KEY};ingestionendpoint={AT_HOME}",
        f"{WHOLE};LiveEndpoint=https://x.example/;ApplicationId={KEY}",
        WHOLE.replace("https", "HTTPS"),
        f"InstrumentationKey={KEY};EndpointSuffix=applicationinsights.azure.cn",
        f"InstrumentationKey={KEY};EndpointSuffix=ai.contoso.com;Location=westus2",
    ],
)
def test_a_connection_string_as_the_portal_shows_it_is_taken_and_not_shown(text: str) -> None:
    found = settings({NAME: text, "WEBSITE_INSTANCE_ID": "i"}, AZURE).monitor
    assert found == MonitorSettings(text.strip(), role="signals", instance="i", on_this_machine=False)
    assert KEY not in repr(settings({NAME: text}))


@pytest.mark.parametrize(
    "text",
    [
        "x",
        KEY,
        f"InstrumentationKey={KEY}",
        f"IngestionEndpoint={AT_HOME}",
        f"InstrumentationKey=mine;IngestionEndpoint={AT_HOME}",
        f"InstrumentationKey={KEY.upper()};IngestionEndpoint={AT_HOME}",
        f"{WHOLE};",
        f"{WHOLE};InstrumentationKey={KEY}",
        f"{WHOLE};Other=a=b",
        f"{WHOLE};other",
        f"{WHOLE};Authorization=AAD",
        f"InstrumentationKey={KEY};EndpointSuffix=",
        f"InstrumentationKey={KEY};EndpointSuffix=ai.contoso.com;Location=",
        f"InstrumentationKey={KEY};EndpointSuffix=ai.contoso.com;IngestionEndpoint=",
        WHOLE.replace("https", "http"),
        "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/c)",
    ],
)
def test_any_other_is_a_problem_that_says_what_to_do_and_shows_nothing(text: str) -> None:
    (problem,) = problems({NAME: text})
    assert problem.startswith(f"{NAME}: copy it from the overview of the Application Insights resource")
    assert KEY not in problem


def test_a_semicolon_at_its_end_is_told() -> None:
    """Storage takes one there, the exporter does not."""
    assert "no semicolon at its end" in problems({NAME: f"{WHOLE};"})[0]


def test_without_tls_it_goes_to_this_machine_only_and_not_from_azure() -> None:
    assert settings({NAME: LOOPBACK}).monitor.on_this_machine
    assert problems({NAME: LOOPBACK}, AZURE)


PARTS = st.sampled_from(
    [
        f"InstrumentationKey={KEY}",
        f"INSTRUMENTATIONKEY={KEY}",
        f"IngestionEndpoint={AT_HOME}",
        "EndpointSuffix=x.example",
        "Location=west",
        "AadAudience=a",
        "x=",
        "",
    ]
)


@given(st.lists(PARTS | st.text(max_size=20)).map(";".join))
def test_whatever_is_taken_can_be_read_by_the_exporter(text: str) -> None:
    try:
        taken = settings({NAME: text}).monitor.connection_string
    except SettingsInvalid:
        return
    assert taken == text.strip()
    if taken:
        assert ConnectionStringParser(taken).endpoint in (AT_HOME, "https://dc.x.example", "https://west.dc.x.example")


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({NAME: WHOLE, "IDENTITY_ENDPOINT": "http://127.0.0.1:1/token"}, ManagedIdentityCredential),
        ({NAME: WHOLE}, DefaultAzureCredential),
        ({NAME: LOOPBACK, "IDENTITY_ENDPOINT": "http://127.0.0.1:1/token"}, type(None)),
    ],
)
async def test_telemetry_goes_with_the_apps_identity_and_no_token_without_tls(
    variables: dict[str, str], kind: type[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/token")
    monkeypatch.setenv("IDENTITY_HEADER", "x")
    house = bootstrap.build({**VARIABLES, **variables, "AZURE_CLIENT_ID": KEY})
    assert house.monitor is not None
    assert type(house.monitor._credential) is kind
    await house.close()
