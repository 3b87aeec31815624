"""Do the scripts put secrets where they belong, never read one, and say what to do when something is missing?"""

import base64
import io
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.errors import LocalError
from scripts import next_steps, outputs, vault
from scripts.deployment import names_of, values_of
from tests.scripts.standin_az import install

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in of az is a program with a #! line")
KEYS, SUBSCRIPTION = "callback-encryption-keys", "customer-insights-subscription-key"
VALUES = {
    "AZURE_SUBSCRIPTION_ID": "11111111-1111-1111-1111-111111111111",
    "AZURE_RESOURCE_GROUP": "rg-x",
    "KEY_VAULT_NAME": "kv-x",
    "FUNCTION_APP_NAME": "func-x",
    "SECRET_NAMES": json.dumps([KEYS, SUBSCRIPTION]),
    "SIGNALS_HOST": "func-x.azurewebsites.net",
    "IDENTITY_NAME": "id-x",
    "IDENTITY_PRINCIPAL_ID": "22222222-2222-2222-2222-222222222222",
    "CONNECTOR_CLIENT_ID": "44444444-4444-4444-4444-444444444444",
    "ENTRA_CLIENT_ID": "33333333-3333-3333-3333-333333333333",
}


class Desk:
    """A folder with the stand-in, and what happened there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        install(folder)

    def calls(self) -> list[list[str]]:
        """Every call of az, without its last two arguments."""
        lines = (self.folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)[:-2] for line in lines]

    def secret(self, name: str) -> dict[str, Any]:
        """What was put under a name."""
        kept: dict[str, Any] = json.loads((self.folder / "resources" / name).read_text(encoding="utf-8"))
        return kept

    def app_reads(self, status: str, version: str) -> None:
        """What Azure says of the app's setting for older keys."""
        uri = f"https://kv-x.vault.azure.net/secrets/{KEYS}/{version}"
        answer = {"status": status, "reference": f"@Microsoft.KeyVault(SecretUri={uri})"}
        place = self.folder / "resources" / vault.PREVIOUS_KEYS
        place.write_text(json.dumps({"answer": answer}), encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with everything that azd gives its hooks, and nobody at the keyboard."""
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(vault.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return Desk(tmp_path)


def test_missing_secrets_are_made_and_the_app_reads_them(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(vault.VARIABLE, "the-subscription-key")
    assert vault.main(["ensure"]) == 0
    assert len(base64.urlsafe_b64decode(desk.secret(KEYS)["properties"]["value"])) == 32
    assert desk.secret(SUBSCRIPTION)["properties"] == {"value": "the-subscription-key"}
    assert desk.calls()[-1][1:3] == ["--method", "post"]
    assert "sites/func-x/config/configreferences/appsettings/refresh" in desk.calls()[-1][-1]


def test_a_second_run_writes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(vault.VARIABLE, "the-subscription-key")
    vault.main(["ensure"])
    before = len(desk.calls())
    assert vault.main(["ensure"]) == 0
    assert [call[2] for call in desk.calls()[before:]] == ["get", "get"]


def test_no_secret_is_an_argument_or_printed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Arguments are seen by every program of the machine; the file that carries a secret is its owner's alone."""
    monkeypatch.setenv(vault.VARIABLE, "the-subscription-key")
    vault.main(["ensure"])
    made = desk.secret(KEYS)["properties"]["value"]
    said = "".join(capsys.readouterr())
    seen = json.dumps(desk.calls()) + said
    assert "the-subscription-key" not in seen
    assert made not in seen
    assert desk.secret(KEYS)["mode"] == 0o600


def test_without_anybody_to_ask_it_says_which_key_is_missing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert vault.main(["ensure"]) == 1
    assert f"{SUBSCRIPTION}: not there yet" in capsys.readouterr().err
    assert desk.secret(KEYS), "what can be made is made"


def test_each_environment_has_its_own_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    one = "0" * 31 + "1"
    monkeypatch.setenv("SECRET_NAMES", json.dumps([f"{SUBSCRIPTION}-{one}"]))
    monkeypatch.setenv(f"{vault.VARIABLE}__{one}", "its-key")
    assert vault.main(["ensure"]) == 0
    assert desk.secret(f"{SUBSCRIPTION}-{one}")["properties"] == {"value": "its-key"}


@pytest.mark.parametrize(
    "reference",
    [None, ("Resolved", "0"), ("SecretNotFound", "1"), ("Resolved", "11")],
    ids=["none", "older", "broken", "other"],
)
def test_the_callback_key_stays_while_the_app_does_not_read_it_by_the_other_setting(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, reference: tuple[str, str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(vault.VARIABLE, "key")
    vault.main(["ensure"])
    first = desk.secret(KEYS)
    if reference:
        desk.app_reads(*reference)
    assert vault.main(["new-callback-key"]) == 1
    assert desk.secret(KEYS) == first
    assert "does not read the newest version" in capsys.readouterr().err


def test_the_callback_key_is_replaced_once_the_app_reads_the_older_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(vault.VARIABLE, "key")
    vault.main(["ensure"])
    first = desk.secret(KEYS)
    capsys.readouterr()
    assert vault.main(["current-callback-key"]) == 0
    assert capsys.readouterr().out.strip() == f"https://kv-x.vault.azure.net/secrets/{KEYS}/1"
    desk.app_reads("Resolved", "1")
    assert vault.main(["new-callback-key"]) == 0
    second = desk.secret(KEYS)
    assert second != first
    assert vault.main(["new-callback-key"]) == 1, "the second key is not read by that setting"
    assert desk.secret(KEYS) == second


def test_a_refusal_of_azure_is_shown_and_ends_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STANDIN_AZ", "Forbidden")
    assert vault.main(["ensure"]) == 1
    assert "az rest failed: ERROR: Forbidden" in capsys.readouterr().err


def test_without_az_it_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert vault.main(["ensure"]) == 1
    assert "az login" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "KEY_VAULT_NAME", "SECRET_NAMES"])
def test_a_missing_output_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(name)
    assert vault.main(["ensure"]) == 1
    assert f"{name} is not known" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["a,b", "{}", "[1]", '"a"'])
def test_names_that_are_no_list_are_refused(text: str) -> None:
    with pytest.raises(LocalError, match="no JSON list"):
        names_of({"SECRET_NAMES": text}, "SECRET_NAMES")


def test_outputs_of_a_deployment_come_back_as_they_were(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outputs.main(["signals-dev"]) == 0
    file = tmp_path / "deployment.env"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    found = values_of(file)
    assert found["FUNCTION_APP_NAME"] == "func-x"
    assert names_of(found, "SECRET_NAMES") == ["a", 'b"c']
    assert found["ON"] == "true"


@given(text=st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_any_output_survives_its_line(text: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "deployment.env")
        file.write_text(outputs.line_of("name", text), encoding="utf-8")
        assert values_of(file) == {"NAME": text}


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert vault.main(["ensure", "--from", "nowhere.env"]) == 1
    assert "nowhere.env cannot be read" in capsys.readouterr().err


def test_the_next_steps_have_their_names_in_them(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert next_steps.main([]) == 0
    said = capsys.readouterr().out
    assert all(VALUES[name] in said for name in ("IDENTITY_NAME", "SIGNALS_HOST", "ENTRA_CLIENT_ID"))
    assert said.count("\n\n") >= 5


def test_consent_that_was_granted_is_no_step(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    without = list(next_steps.steps(VALUES))
    assert len(list(next_steps.steps({**VALUES, "ADMIN_CONSENT_GRANTED": "true"}))) == len(without) - 1


def test_without_azd_the_steps_speak_of_parameters_and_of_publishing() -> None:
    with_azd = "\n".join(next_steps.steps({**VALUES, "AZURE_ENV_NAME": "x", "ALERT_RECEIVERS": "0"}))
    without = "\n".join(next_steps.steps({**VALUES, "ALERT_RECEIVERS": "0"}))
    assert "SIGNALS_ALERT_EMAILS" in with_azd
    assert "alertEmails" in without
    assert ("func azure functionapp publish" in with_azd, "func azure functionapp publish" in without) == (False, True)


@pytest.mark.parametrize("key", ["", "two words"])
def test_no_key_and_no_key_at_all_write_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(vault.VARIABLE, key)
    assert vault.main(["new-subscription-key"]) == 1
    assert "othing was written" in capsys.readouterr().err
    assert not (desk.folder / "resources").exists()


@pytest.mark.parametrize("above", ["SubscriptionNotFound", "ResourceGroupNotFound"])
def test_what_is_missing_above_the_secret_is_no_missing_secret(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, above: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STANDIN_AZ", above)
    assert vault.main(["current-callback-key"]) == 1
    assert f"az rest failed: ERROR: {above}" in capsys.readouterr().err


def test_an_answer_that_is_no_json_is_one_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STANDIN_AZ", "talks")
    assert vault.main(["ensure"]) == 1
    assert "did not answer with JSON" in capsys.readouterr().err


def test_a_deployment_without_outputs_is_no_success(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STANDIN_AZ", "empty")
    assert outputs.main(["signals-dev"]) == 1
    assert "did it succeed?" in capsys.readouterr().err


def test_a_file_without_outputs_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Dear diary,", encoding="utf-8")
    assert vault.main(["ensure", "--from", str(file)]) == 1
    assert "azd env get-values" in capsys.readouterr().err
