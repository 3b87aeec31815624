"""What the settings promise: each is checked, every problem is named at once with what to do, no secret is shown."""

from collections.abc import Mapping

import pytest

from shared.adapters.cipher import Cipher
from shared.entra_settings import DEFAULT_AUTHORITY, EntraSettings
from shared.settings import (
    DEFAULT_API_SCOPE,
    DEFAULT_API_URL,
    DEFAULT_CALLBACK_HOSTS,
    DEFAULT_FLOW_SCOPE,
    DEFAULT_PARTITION_HOSTS,
    MonitorSettings,
    Settings,
    StorageSettings,
)
from tests.variables import APP, AZURE, CONNECTOR, KEY, NEEDED, OLDER_KEY, TENANT, problems, settings

UNRESOLVED = "@Microsoft.KeyVault(SecretUri=https://v/s)"
FIRST, SECOND = "0f8fad5b-d9cb-469f-a165-70867728950e", "7C9E6679-7425-40DE-944B-E07FC1F90AE7"


def test_what_is_not_set_has_a_default() -> None:
    assert settings() == Settings(
        storage=StorageSettings("UseDevelopmentStorage=true"),
        entra=EntraSettings(DEFAULT_AUTHORITY, (TENANT,), APP, f"api://{APP}", frozenset({CONNECTOR}), {}),
        environments=(),
        api_url=DEFAULT_API_URL,
        api_scope=DEFAULT_API_SCOPE,
        client_id="",
        subscription_keys={"": "ci-key"},
        callback_hosts=DEFAULT_CALLBACK_HOSTS,
        callback_encryption_keys=(KEY,),
        callback_allow_loopback=False,
        public_base_url="http://127.0.0.1:7071",
        fast_poll_seconds=20,
        delivery_rate_per_second=10,
        suspended_days=14,
        flow_token_hosts=(),
        flow_token_scope=DEFAULT_FLOW_SCOPE,
        partition_hosts=DEFAULT_PARTITION_HOSTS,
        managed_identity=False,
        monitor=MonitorSettings(),
    )


def test_every_setting_is_taken() -> None:
    read = settings(
        {
            "ENVIRONMENTS": f" {FIRST} , {SECOND},",
            "CUSTOMER_INSIGHTS_API_URL": "http://127.0.0.1:7072/v1",
            "CUSTOMER_INSIGHTS_API_SCOPE": "api://ci/.default",
            "AZURE_CLIENT_ID": "identity",
            "CALLBACK_ALLOWED_HOSTS": ".logic.azure.us, .Flow.Contoso.com",
            "CALLBACK_ENCRYPTION_KEYS": f"{KEY}, {OLDER_KEY}",
            "CALLBACK_ALLOW_LOOPBACK": "True",
            "PUBLIC_BASE_URL": "https://signals.contoso.com/",
            "FAST_POLL_SECONDS": "0",
            "DELIVERY_RATE_PER_SECOND": " 25 ",
            "SUSPENDED_DAYS": "30",
            "FLOW_TOKEN_HOSTS": " 0A.1b.environment.api.powerplatform.com, ",
            "PARTITION_HOSTS": ".blob.core.usgovcloudapi.net, .Storage.Contoso.com",
            "FLOW_TOKEN_SCOPE": "https://gov.service.flow.microsoft.us//.default",
            "IDENTITY_ENDPOINT": "http://127.0.0.1:1/token",
        }
    )
    assert read.environments == (FIRST.lower(), SECOND.lower())
    assert (read.api_url, read.api_scope, read.client_id) == (
        "http://127.0.0.1:7072/v1",
        "api://ci/.default",
        "identity",
    )
    assert read.callback_hosts == (".logic.azure.us", ".flow.contoso.com")
    assert read.partition_hosts == (".blob.core.usgovcloudapi.net", ".storage.contoso.com")
    assert read.callback_encryption_keys == (KEY, OLDER_KEY)
    assert (read.callback_allow_loopback, read.managed_identity) == (True, True)
    assert (read.public_base_url, read.fast_poll_seconds) == ("https://signals.contoso.com", 0)
    assert (read.delivery_rate_per_second, read.suspended_days) == (25, 30)
    assert read.flow_token_hosts == ("0a.1b.environment.api.powerplatform.com",)
    assert read.flow_token_scope == "https://gov.service.flow.microsoft.us//.default"


def test_in_azure_storage_is_reached_by_identity_and_the_address_is_known() -> None:
    read = settings(base=AZURE)
    assert read.storage == StorageSettings(
        blob_url="https://signals.blob.core.windows.net",
        queue_url="https://signals.queue.core.windows.net",
        table_url="https://signals.table.core.windows.net",
    )
    assert (read.public_base_url, read.managed_identity) == ("https://signals.azurewebsites.net", True)


def test_other_clouds_give_the_three_addresses() -> None:
    addresses = {
        f"AzureWebJobsStorage__{service}ServiceUri": f"https://s.{service}.core.usgovcloudapi.net"
        for service in ("blob", "queue", "table")
    }
    base = {name: value for name, value in AZURE.items() if name != "AzureWebJobsStorage__accountName"}
    read = settings({**addresses, "AzureWebJobsStorage__clientId": "storage-identity"}, base)
    assert read.storage.table_url == "https://s.table.core.usgovcloudapi.net"
    assert read.storage.client_id == "storage-identity"


WRONG = [
    ({"AzureWebJobsStorage": ""}, "AzureWebJobsStorage"),
    ({"AzureWebJobsStorage": "", "AzureWebJobsStorage__blobServiceUri": "https://x"}, "AzureWebJobsStorage"),
    ({"CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": " "}, "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY"),
    ({"CALLBACK_ENCRYPTION_KEYS": ""}, "CALLBACK_ENCRYPTION_KEYS"),
    ({"CALLBACK_ENCRYPTION_KEYS": "hunter2"}, "CALLBACK_ENCRYPTION_KEYS"),
    ({"CALLBACK_ENCRYPTION_KEYS": f"{KEY},<a key>"}, "CALLBACK_ENCRYPTION_KEYS"),
    ({"CALLBACK_ENCRYPTION_KEYS": "ключ"}, "CALLBACK_ENCRYPTION_KEYS"),
    ({"ENVIRONMENTS": f"{FIRST};{SECOND}"}, "ENVIRONMENTS"),
    ({"ENVIRONMENTS": "../secrets"}, "ENVIRONMENTS"),
    ({"CUSTOMER_INSIGHTS_API_URL": "http://api.contoso.com"}, "CUSTOMER_INSIGHTS_API_URL"),
    ({"CUSTOMER_INSIGHTS_API_URL": "http://127.0.0.1.evil.example"}, "CUSTOMER_INSIGHTS_API_URL"),
    ({"CUSTOMER_INSIGHTS_API_URL": "ftp://x"}, "CUSTOMER_INSIGHTS_API_URL"),
    *(
        ({name: value}, name)
        for name in ("CALLBACK_ALLOWED_HOSTS", "PARTITION_HOSTS")
        for value in ("logic.azure.com", ".com", "*", ".blob.core.windows.net,com")
    ),
    ({"PUBLIC_BASE_URL": "http://signals.contoso.com"}, "PUBLIC_BASE_URL"),
    *(
        ({name: value}, name)
        for name in ("FAST_POLL_SECONDS", "DELIVERY_RATE_PER_SECOND", "SUSPENDED_DAYS")
        for value in ("often", "-1", "3601", "1.5", "²", "1e3")
    ),
]


@pytest.mark.parametrize(("changes", "name"), WRONG)
def test_a_wrong_setting_is_named_in_one_line_with_what_to_do(changes: Mapping[str, str], name: str) -> None:
    (line,) = problems(changes)
    said, _, todo = line.partition(": ")
    assert said == name
    assert len(todo) > 20


def test_all_problems_are_named_at_once() -> None:
    """So that a first start does not take as many tries as there are settings."""
    lines = problems({"FAST_POLL_SECONDS": "x", "PUBLIC_BASE_URL": "x", "ENVIRONMENTS": "!"}, base={})
    assert [line.partition(":")[0] for line in lines] == [
        "AzureWebJobsStorage",
        "ENTRA_CLIENT_ID",
        "ENTRA_TENANT_IDS",
        "CALLING_APPS",
        "ENVIRONMENTS",
        "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY",
        "CALLBACK_ENCRYPTION_KEYS",
        "PUBLIC_BASE_URL",
        "FAST_POLL_SECONDS",
        "POLL_SCHEDULE",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"POLL_SCHEDULE": ""}, "POLL_SCHEDULE"),
        ({"POLL_SCHEDULE": "every minute"}, "POLL_SCHEDULE"),
        ({"CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": UNRESOLVED}, "A Key Vault reference"),
    ],
)
def test_what_would_start_and_then_do_nothing_is_refused(changes: Mapping[str, str], said: str) -> None:
    assert any(said in line for line in problems(changes))


@pytest.mark.parametrize("blank", ["", " ", "\n", "\t", ",", " ,\n,"])
def test_older_keys_alone_encrypt_nothing(blank: str) -> None:
    keys = {"CALLBACK_ENCRYPTION_KEYS": blank, "CALLBACK_ENCRYPTION_KEYS_PREVIOUS": KEY}
    (problem,) = problems(keys)
    assert problem.startswith("CALLBACK_ENCRYPTION_KEYS: set it to a Fernet key")


@pytest.mark.parametrize(
    "keys",
    [
        {"CALLBACK_ENCRYPTION_KEYS": UNRESOLVED},
        {"CALLBACK_ENCRYPTION_KEYS": f"{KEY}, {UNRESOLVED}"},
        {"CALLBACK_ENCRYPTION_KEYS_PREVIOUS": UNRESOLVED},
    ],
    ids=["newest", "older", "previous"],
)
def test_a_key_that_is_not_resolved_is_told_as_that_and_nothing_else(keys: Mapping[str, str]) -> None:
    (problem,) = problems(keys)
    assert problem.startswith("A Key Vault reference is not resolved")


def test_an_environment_without_a_key_is_named() -> None:
    key = {f"CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY__{FIRST.replace('-', '')}": "own"}
    base = {name: value for name, value in NEEDED.items() if name != "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY"}
    (line,) = problems({**key, "ENVIRONMENTS": f"{FIRST},{SECOND}"}, base)
    assert SECOND.lower() in line


@pytest.mark.parametrize("marker", ["WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID"])
@pytest.mark.parametrize(
    "change",
    [
        {"CALLBACK_ALLOW_LOOPBACK": "true"},
        {"CUSTOMER_INSIGHTS_API_URL": "http://127.0.0.1:7072/v1"},
        {"PUBLIC_BASE_URL": "http://127.0.0.1:7071"},
    ],
)
def test_what_is_for_one_machine_is_refused_in_azure(marker: str, change: Mapping[str, str]) -> None:
    base = {name: value for name, value in AZURE.items() if name != "WEBSITE_SITE_NAME"}
    (line,) = problems(change, {**base, marker: "signals"})
    assert line.startswith(next(iter(change)))


def test_the_repr_shows_no_secret() -> None:
    storage = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=storage-secret"
    read = settings({"AzureWebJobsStorage": storage, "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "ci-secret"})
    for secret in ("storage-secret", "ci-secret", KEY):
        assert secret not in repr(read)


def test_a_problem_shows_no_secret() -> None:
    lines = problems({"CALLBACK_ENCRYPTION_KEYS": "half-a-secret", "FAST_POLL_SECONDS": "x"})
    assert "half-a-secret" not in " ".join(lines)


def test_an_environment_has_its_own_key_or_the_one_for_all() -> None:
    own = f"CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY__{FIRST.replace('-', '')}"
    read = settings({own: " own-key "})
    assert read.subscription_key(FIRST) == "own-key"
    assert read.subscription_key(FIRST.upper()) == "own-key"
    assert read.subscription_key(SECOND) == "ci-key"


def test_keys_of_environments_are_enough() -> None:
    base = {name: value for name, value in NEEDED.items() if name != "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY"}
    read = settings({f"CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY__{SECOND.replace('-', '')}": "own"}, base)
    assert (read.subscription_key(SECOND), read.subscription_key(FIRST)) == ("own", "")


@pytest.mark.parametrize(
    "host", [".environment.api.powerplatform.com", "prod-01.westeurope.logic.azure.com", "hooks.example.com"]
)
def test_a_token_is_for_hosts_of_one_environment_only(host: str) -> None:
    (problem,) = problems({"FLOW_TOKEN_HOSTS": f"0a.1b.environment.api.powerplatform.com,{host}"})
    assert problem.startswith("FLOW_TOKEN_HOSTS: each entry is the whole host")


def test_the_token_for_flows_is_asked_for_with_two_slashes() -> None:
    """The resource of Power Automate ends with one, and the scope adds another: with one only the token is refused."""
    assert settings().flow_token_scope == "https://service.flow.microsoft.com//.default"


@pytest.mark.parametrize("name", ["DELIVERY_RATE_PER_SECOND", "SUSPENDED_DAYS", "FLOW_TOKEN_SCOPE", "PARTITION_HOSTS"])
def test_a_setting_that_is_empty_has_its_default(name: str) -> None:
    """As the portal leaves it when somebody clears the field."""
    assert settings({name: ""}) == settings()


@pytest.mark.parametrize("keys", [KEY, f"{KEY},{OLDER_KEY}"], ids=["one", "two"])
def test_keys_that_are_taken_are_keys_that_encrypt(keys: str) -> None:
    """What the settings let pass must not stop the app later."""
    cipher = Cipher(settings({"CALLBACK_ENCRYPTION_KEYS": keys}).callback_encryption_keys)
    assert cipher.decrypt(cipher.encrypt("text")) == "text"
