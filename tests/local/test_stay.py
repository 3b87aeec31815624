"""What is said about a run that stays up."""

import json
import shlex
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local.show import Screen
from local.sign_in import SignIn, Token, nobody
from local.stage import Addresses, Host, Stage
from local.stay import Watching, show_addresses, watching_line
from local.wire import Answer, first_line


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(404, {"error": {"code": "not_found"}}), "Waiting for the first look at e1"),
        (Answer(200, {"watching": False, "failingReason": ""}), "Waiting for the first look at e1"),
        (Answer(200, {"watching": True, "watches": 1, "failingReason": ""}), "Watching e1 (1 watch)"),
        (Answer(200, {"watching": True, "watches": 0}), "Watching e1 (0 watches)"),
        (Answer(200, {"failingReason": "insights_401"}), "Not watching e1: insights_401, see the host's log"),
        (Answer(401, {}), "Not known whether e1 is watched: the app refuses this run's own token (401)"),
        (Answer(500, ""), "Not watching e1: the app answered 500, see the host's log"),
    ],
)
def test_the_status_of_an_environment_in_a_sentence(answer: Answer, said: str) -> None:
    """So that a wrong key is seen at once."""
    assert watching_line("e1", answer) == said


def test_a_host_that_does_not_answer_is_asked_again() -> None:
    """It may be busy; whether it has ended is found elsewhere."""
    assert list(Watching("http://127.0.0.1:9", ("e1",), nobody()).news()) == []


def test_the_command_that_subscribes_can_be_pasted() -> None:
    """A shell reads it as one curl call whose body names the environment and a flow of the inbox; it signs in."""
    log = StringIO()
    screen = Screen(Console(file=log, width=80))
    addresses = Addresses(7071)
    host = Host(addresses.base, (), {}, Path("host.log"))
    stage = Stage(addresses, (host,), (), SignIn("./dev token", lambda: Token("", 0)))
    show_addresses(stage, screen, {"e1": "Contoso"}, simulated=True, paused=True)
    command = log.getvalue().partition("makes one:\n")[2].partition("\nThe simulated")[0]
    curl, url, option, body, header, bearer = shlex.split(command)
    assert (curl, url) == ("curl", "http://127.0.0.1:7071/api/triggers/data-source-refresh-succeeded")
    assert (header, bearer, option) == ("-H", "Authorization: Bearer $(./dev token)", "-d")
    assert json.loads(body) == {"environmentId": "e1", "callbackUrl": "http://127.0.0.1:7073/flows/Mine"}
    assert "Environment  e1  Contoso" in log.getvalue()
    assert "Token        ./dev token\n" in log.getvalue()


def test_an_error_of_the_app_is_told_in_its_own_words() -> None:
    """Not as the JSON that it came in."""
    assert first_line({"error": {"code": "x", "message": "threshold: is missing."}}) == "threshold: is missing"
    assert first_line("<html>\nmore") == "<html>"
    assert first_line("") == "nothing"
