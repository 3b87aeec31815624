"""How does the run talk to what it started? Small JSON over HTTP on loopback, past any proxy."""

from typing import NamedTuple

import urllib3

from local.errors import BrokenRunError

TIMEOUT_SECONDS = 30.0
# A connection for each call: one that is kept would break when its server is killed and started again.
POOL = urllib3.PoolManager(retries=False, timeout=TIMEOUT_SECONDS, headers={"Connection": "close"})


class Answer(NamedTuple):
    """What came back: the status, and the body as JSON or, when it is none, as text."""

    status: int
    body: object


def ask(method: str, url: str, body: object = None, token: str = "") -> Answer:
    """One call; raises when nothing answers."""
    headers = {**POOL.headers, **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        response = POOL.request(method, url, headers=headers, json=body)
    except urllib3.exceptions.HTTPError as error:
        raise BrokenRunError(f"{method} {url} got no answer ({type(error).__name__}).") from None
    try:
        return Answer(response.status, response.json())
    except ValueError:
        return Answer(response.status, response.data.decode("utf-8", errors="replace"))


def get_list(url: str) -> list[dict[str, object]]:
    """A JSON list of objects."""
    status, body = ask("GET", url)
    if status != 200 or not isinstance(body, list):
        raise BrokenRunError(f"GET {url} answered {status}: {first_line(body)}")
    return [item for item in body if isinstance(item, dict)]


def get_object(url: str, token: str = "") -> dict[str, object]:
    """A JSON object."""
    status, body = ask("GET", url, token=token)
    if status != 200 or not isinstance(body, dict):
        raise BrokenRunError(f"GET {url} answered {status}: {first_line(body)}")
    return body


def first_line(body: object) -> str:
    """Enough of an answer to know what is wrong: its own message, where it is an error of the app."""
    error = body.get("error") if isinstance(body, dict) else None
    said = error.get("message", body) if isinstance(error, dict) else body
    return (str(said).strip().splitlines() or ["nothing"])[0][:200].rstrip(".")
