"""What a real tenant needs."""

import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from local.children import ROOT
from local.errors import LocalError
from local.real import DEFAULTS, environment_ids, missing, own_sign_in, own_token, settings
from local.sign_in import EARLY_SECONDS, Token

COMPLETE = {"ENVIRONMENTS": "a,b", "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "k"}


def test_each_missing_setting_has_its_line() -> None:
    """An empty one is missing too; signing in is not tried before."""
    assert len(missing({"ENVIRONMENTS": " "}, lambda _: "not tried")) == 2


def test_signing_in_is_tried_last() -> None:
    """What is wrong with it is the only line then."""
    assert missing(COMPLETE, lambda _: "run az login") == ["run az login"]
    assert missing(COMPLETE, lambda _: "") == []


def test_the_environment_wins(tmp_path: Path) -> None:
    """As with Azure's own tools."""
    file = tmp_path / "local.settings.json"
    file.write_text('{"IsEncrypted": false, "Values": {"ENVIRONMENTS": "file", "OTHER": "x"}}')
    assert settings(file, {"ENVIRONMENTS": "shell"}) == {**DEFAULTS, "ENVIRONMENTS": "shell", "OTHER": "x"}
    assert settings(tmp_path / "none.json", {"A": "b"}) == {**DEFAULTS, "A": "b"}


def test_a_broken_settings_file(tmp_path: Path) -> None:
    """The file is named."""
    file = tmp_path / "local.settings.json"
    file.write_text('{"Values": {')
    with pytest.raises(LocalError, match=r"local\.settings\.json cannot be read"):
        settings(file, {})


def test_the_example_as_it_is_counts_as_nothing(tmp_path: Path) -> None:
    """Its placeholders are not settings; as empty ones they win over the file that the host reads too."""
    file = tmp_path / "local.settings.json"
    file.write_bytes(b"\xef\xbb\xbf" + (ROOT / "local.settings.example.json").read_bytes())
    found = settings(file, {})
    assert found["ENVIRONMENTS"] == found["CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY"] == ""
    assert len(missing(found, lambda _: "not tried")) == 2
    assert all("put <" not in problem for problem in missing(found, lambda _: ""))


def test_keys_of_single_environments_suffice() -> None:
    """The general key is for those that have none of their own."""
    own = {"ENVIRONMENTS": "a", "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY__a": "k", "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": ""}
    assert missing(own, lambda _: "") == []


def test_the_sign_in_is_tried_with_the_scope_of_the_settings() -> None:
    """Another cloud has another one."""
    tried: list[str] = []

    def sign_in(scope: str) -> str:
        tried.append(scope)
        return ""

    missing({**COMPLETE, "CUSTOMER_INSIGHTS_API_SCOPE": "https://other/.default"}, sign_in)
    missing(COMPLETE, sign_in)
    assert tried == ["https://other/.default", "https://api.ci.ai.microsoft.com/.default"]


def test_an_empty_schedule_is_the_usual_one(tmp_path: Path) -> None:
    """The host would not start without one."""
    assert settings(tmp_path / "none.json", {"POLL_SCHEDULE": ""})["POLL_SCHEDULE"] == "0 * * * * *"


def test_environment_ids() -> None:
    """Blanks and placeholders are no ids."""
    assert environment_ids(" a, ,00000000-0000-0000-0000-000000000000,<id>,b ") == ("a", "b")


def test_without_a_registration_of_ones_own_the_stand_in_guards() -> None:
    """The example's placeholder is none."""
    assert own_sign_in({}) is None
    assert own_sign_in({"ENTRA_CLIENT_ID": " "}) is None


@pytest.mark.parametrize(
    ("given", "resource"),
    [({}, "api://11"), ({"ENTRA_APP_ID_URI": "https://contoso.example/signals"}, "https://contoso.example/signals")],
)
def test_with_one_who_signed_in_calls(given: dict[str, str], resource: str) -> None:
    """The command is Azure's own."""
    found = own_sign_in({"ENTRA_CLIENT_ID": "11", **given})
    assert found
    assert found.command == f"az account get-access-token --resource {resource} --query accessToken --output tsv"


def test_its_token_is_for_the_app_and_nobody_signed_in_is_no_end_of_the_run() -> None:
    """It is asked for again later: the app's own answer says meanwhile what is wrong."""
    expires_on = int(time.time()) + 3600
    found = own_token("api://11", lambda: nullcontext(Signed(AccessToken("for api://11/.default", expires_on))))
    assert found.text == "for api://11/.default"
    assert 3500 < found.seconds <= 3600
    assert own_token("api://11", lambda: nullcontext(Signed(None))) == Token("", EARLY_SECONDS + 60)


@dataclass(frozen=True)
class Signed:
    """A credential that gives one token, or none."""

    token: AccessToken | None

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        if self.token is None:
            raise ClientAuthenticationError("nobody")
        assert self.token.token == f"for {scopes[0]}"
        return self.token
