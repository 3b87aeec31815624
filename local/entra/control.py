"""What is out of order on purpose? Outages, users who must sign in anew or have not consented; and what was asked."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

import msgspec
from aiohttp import web

from local.entra.directory import user_of
from local.entra.issuer import Issuer

Kind = Literal["keys", "metadata", "token", "msi"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Wanted = TypeVar("Wanted")


class Outage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """503 for every request of a kind, or for the next so many."""

    kind: Kind
    times: int | None = None


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new signing key; the old one stays published for a while, or not."""

    keep_old: bool = True


class ForUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something is so for a user (by login or object id), or not any more."""

    user: str
    on: bool = True


@dataclass(slots=True)
class Control:
    """The state that tests and people change."""

    requests: Counter[str] = field(default_factory=Counter)
    down: dict[str, int | None] = field(default_factory=dict)
    challenged: set[str] = field(default_factory=set)
    without_consent: set[str] = field(default_factory=set)

    def is_down(self, kind: Kind) -> bool:
        """Count a request; whether it finds nobody in."""
        self.requests[kind] += 1
        left = self.down.get(kind, 0)
        if left is None:
            return True
        if left > 0:
            self.down[kind] = left - 1
        return left > 0

    def reset(self) -> None:
        """Put everything in order, and count from nothing."""
        self.requests.clear()
        self.down.clear()
        self.challenged.clear()
        self.without_consent.clear()

    def state(self, issuer: Issuer) -> dict[str, Any]:
        """All of it, as JSON."""
        return {
            "requests": {kind: self.requests[kind] for kind in KINDS},
            "down": {kind: left for kind, left in self.down.items() if left != 0},
            "challenged": sorted(self.challenged),
            "withoutConsent": sorted(self.without_consent),
            "keys": [key.id for key in issuer.published_keys()],
        }


def control_routes(control: Control, issuer: Issuer) -> list[web.RouteDef]:
    """POST /control/..., GET /control/state; each answers the state."""

    def answer() -> web.Response:
        return web.json_response(control.state(issuer))

    async def state(_: web.Request) -> web.Response:
        return answer()

    async def down(request: web.Request) -> web.Response:
        wanted = await _read(request, Outage)
        control.down[wanted.kind] = wanted.times
        return answer()

    async def rotate(request: web.Request) -> web.Response:
        issuer.rotate(keep_old=(await _read(request, Rotation)).keep_old)
        return answer()

    async def challenge(request: web.Request) -> web.Response:
        _set(control.challenged, await _read(request, ForUser))
        return answer()

    async def revoke(request: web.Request) -> web.Response:
        _set(control.without_consent, await _read(request, ForUser))
        return answer()

    async def reset(_: web.Request) -> web.Response:
        control.reset()
        return answer()

    posts = {"down": down, "rotate": rotate, "challenge": challenge, "revoke": revoke, "reset": reset}
    return [web.get("/control/state", state), *(web.post(f"/control/{name}", act) for name, act in posts.items())]


def _set(users: set[str], wanted: ForUser) -> None:
    user = user_of(wanted.user) or user_of(f"{wanted.user}@contoso.example")
    if user is None:
        raise web.HTTPBadRequest(text=f"There is no user {wanted.user!r}.")
    (users.add if wanted.on else users.discard)(user.oid)


async def _read(request: web.Request, kind: type[Wanted]) -> Wanted:
    return msgspec.json.decode(await request.read() or b"{}", type=kind)
