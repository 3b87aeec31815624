"""`./dev token` and what a run signs in with, against a stand-in that runs."""

from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from local.cli import main
from local.entra.directory import API, CONNECTOR, INSIGHTS, TENANT, USERS
from local.errors import BrokenRunError
from local.places import run_folder
from local.sign_in import APPLICATIONS, WHO, NotRunningError, SignIn, Token, fetch_token, nobody
from tests.entra import Entra, running_entra
from tests.ports import free_base


@pytest.fixture(scope="module")
def base() -> int:
    return free_base()


@pytest.fixture(scope="module")
def entra(tmp_path_factory: pytest.TempPathFactory, base: int) -> Iterator[Entra]:
    """A stand-in where a run at the base has it."""
    with running_entra(tmp_path_factory.mktemp("runs") / "entra", base + 6) as found:
        yield found


@pytest.fixture
def runs(entra: Entra, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which runs are looked for; the stand-in's is the simulated run's there."""
    root = entra.certificate.folder.parent
    monkeypatch.setattr("local.token.run_folder", lambda name, _port: root if name == "run" else root / "none")
    return root


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("who", WHO)
def test_everybodys_token_is_one_line(entra: Entra, base: int, capsys: pytest.CaptureFixture[str], who: str) -> None:
    """So that a shell can put it into a header."""
    assert main(["token", "--as", who, "--port", str(base)]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    claims = entra.issuer.claims_of(said.strip(), API.client_id)
    assert claims
    objects = {**{name: app.object_id for name, app in APPLICATIONS.items()}, **{user.key: user.oid for user in USERS}}
    assert (claims["oid"], claims["tid"]) == (objects[who], TENANT)


@pytest.mark.usefixtures("runs")
def test_it_is_the_makers_through_the_connector_unless_told_otherwise(
    entra: Entra, base: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "--port", str(base)]) == 0
    claims = entra.issuer.claims_of(capsys.readouterr().out.strip(), API.client_id)
    assert claims
    assert (claims["azp"], claims["scp"]) == (CONNECTOR.id, " ".join(API.scopes))
    assert main(["token", "--port", str(base), "--scope", f"{INSIGHTS.uri}/.default"]) == 0
    assert entra.issuer.claims_of(capsys.readouterr().out.strip(), INSIGHTS.uri)


@pytest.mark.usefixtures("runs")
def test_a_scope_that_is_not_there_is_told_in_entras_words(base: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "--port", str(base), "--scope", f"{API.uri}/Insights.All"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("./dev token: maker gets no token: AADSTS650053: ")
    assert said.count("\n") == 1


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("made", [False, True])
def test_where_nothing_runs_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], made: bool
) -> None:
    """Also where an earlier run has left its certificate."""
    if made:
        (tmp_path / "entra").mkdir()
        (tmp_path / "entra" / "ca.pem").write_bytes(b"")
    monkeypatch.setattr("local.token.run_folder", lambda *_: tmp_path)
    nowhere = free_base()
    assert main(["token", "--port", str(nowhere)]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"./dev token: No ./dev run is up at port {nowhere}: start one first, or name its first port with --port.\n"
    )


def test_runs_at_other_ports_have_folders_of_their_own() -> None:
    assert run_folder("run", 7071).name == "run"
    assert run_folder("real", 7471).name == "real-7471"


def test_a_token_is_fetched_anew_some_minutes_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("local.sign_in.time.monotonic", lambda: now)
    given = iter(["first", "second"])
    sign_in = SignIn("", lambda: Token(next(given), 3600))
    assert [sign_in.token(), sign_in.token()] == ["first", "first"]
    now += 3299
    assert sign_in.token() == "first"
    now += 1
    assert sign_in.token() == "second"


def test_nobody_has_no_token() -> None:
    assert nobody().token() == ""


def test_a_refusal_is_not_the_same_as_nobody_there(entra: Entra) -> None:
    authority, ca = entra.issuer.authority, entra.certificate.ca
    with pytest.raises(BrokenRunError, match="AADSTS500011") as refused:
        fetch_token(authority, ca, "daemon", "https://nowhere.example/.default")
    assert not isinstance(refused.value, NotRunningError)
    assert jwt.get_unverified_header(fetch_token(authority, ca, "daemon").text)["kid"] == entra.issuer.key.id
    with pytest.raises(NotRunningError):
        fetch_token("https://127.0.0.1:1", ca, "daemon")
