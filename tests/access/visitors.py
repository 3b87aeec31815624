"""Everybody who could stand before a door, and how each of them is to be answered."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from local.entra.directory import (
    ADMIN,
    DAEMON,
    FOREIGN_TENANT,
    INSIGHTS,
    MAKER,
    NOBODYS_APP,
    SCOPES,
    TENANT,
    VIEWER,
    User,
)
from shared.domain.access import Permission
from tests.access.doors import Door
from tests.tokens import MINT, bearer

EVERYWHERE, ELSEWHERE = frozenset({"*"}), frozenset({"e0e0e0e0-0000-4000-8000-00000000000f"})
OWNER, OWNER_APP = f"{TENANT}/{MAKER.oid}", f"{TENANT}/{DAEMON.object_id}"
Headers = Callable[[Permission], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Its headers by what a door needs, and the status that it gets: always the same one, or the door's.

    Who is turned away by its token alone must not have had anything looked up.
    """

    headers: Headers
    status: Callable[[Door], int]
    owner: str = OWNER
    roles: tuple[str, ...] | None = None
    listed: frozenset[str] = EVERYWHERE
    owns: bool = True
    query: Headers = lambda _: {}

    @property
    def turned_away(self) -> int:
        """The status that it gets at every door, if it is a refusal."""
        status = self.status(Door(right=0, unlisted=0, roleless=0, stranger=0))
        return status if status in (401, 403) else 0


def as_user(need: Permission, person: User = MAKER) -> str:
    """The token that is just enough: the scope that is needed, or the administrator's role and any scope."""
    if need is Permission.ADMIN:
        return MINT.user(person, scopes=(Permission.READ,), roles=[need])
    return MINT.user(person, scopes=(need,))


def as_app(roles: Sequence[str]) -> dict[str, str]:
    """An application's header."""
    return bearer(MINT.app(DAEMON, roles=list(roles)))


def others(need: Permission) -> tuple[str, ...]:
    """Every scope but the one that is needed."""
    return tuple(scope for scope in SCOPES if scope != need)


def forged() -> dict[str, str]:
    """What App Service's own authentication would say of an administrator."""
    said = {"tid": TENANT, "oid": ADMIN.oid, "roles": "Insights.Admin", "scp": " ".join(SCOPES)}
    claims = [{"typ": name, "val": value} for name, value in said.items()]
    principal = base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()
    names = {"ID": ADMIN.oid, "NAME": ADMIN.login, "IDP": "aad"}
    of_platform = {f"X-MS-CLIENT-PRINCIPAL-{name}": value for name, value in names.items()}
    return {"X-MS-CLIENT-PRINCIPAL": principal, **of_platform, "X-MS-TOKEN-AAD-ACCESS-TOKEN": MINT.user(ADMIN)}


def unknown(headers: Headers, **more: object) -> Visitor:
    """Who is not known."""
    return Visitor(headers, lambda _: 401, **more)  # type: ignore[arg-type]


def without(headers: Headers) -> Visitor:
    """Who is known and may not."""
    return Visitor(headers, lambda _: 403)


def stranger(headers: Headers) -> Visitor:
    """Who may, but owns nothing."""
    return Visitor(headers, lambda door: door.stranger or door.right, owns=False)


def welcome(headers: Headers, **more: object) -> Visitor:
    """Who may."""
    return Visitor(headers, lambda door: door.right, **more)  # type: ignore[arg-type]


VISITORS: Mapping[str, Visitor] = {
    "no token": unknown(lambda _: {}),
    "an empty header": unknown(lambda _: {"Authorization": ""}),
    "a scheme without a token": unknown(lambda _: {"Authorization": "Bearer "}),
    "garbage": unknown(lambda _: bearer("garbage")),
    "Basic": unknown(lambda _: {"Authorization": f"Basic {base64.b64encode(b'admin:admin').decode()}"}),
    "a good token as Basic": unknown(lambda need: {"Authorization": f"Basic {as_user(need)}"}),
    "a good token without a scheme": unknown(lambda need: {"Authorization": as_user(need)}),
    "two tokens": unknown(lambda need: bearer(f"{as_user(need)}, Bearer {as_user(need)}")),
    "a function key": unknown(lambda _: {"x-functions-key": "key"}),
    "forged headers of the platform": unknown(lambda _: forged()),
    "forged headers beside garbage": unknown(lambda _: {**forged(), **bearer("garbage")}),
    "a token in the query": unknown(lambda _: {}, query=lambda need: {"access_token": as_user(need)}),
    "wrong tenant": unknown(lambda _: bearer(MINT.user(MAKER, tenant=FOREIGN_TENANT))),
    "wrong audience": unknown(lambda _: bearer(MINT.user(MAKER, resource=INSIGHTS))),
    "an application of a wrong audience": unknown(lambda _: bearer(MINT.app(DAEMON, resource=INSIGHTS))),
    "through an app that nobody listed": without(lambda need: bearer(MINT.user(MAKER, app=NOBODYS_APP))),
    "user without the scope": without(lambda _: bearer(MINT.user(MAKER, scopes=("User.Read",)))),
    "user with every other scope": without(lambda need: bearer(MINT.user(MAKER, scopes=(*others(need), "User.Read")))),
    "user with a role for the scope": without(lambda n: bearer(MINT.user(MAKER, scopes=("x",), roles=[n]))),
    "administrator without a scope": without(lambda _: bearer(MINT.user(ADMIN, scopes=("User.Read",)))),
    "application without the role": without(lambda _: as_app([])),
    "application with every other role": without(lambda need: as_app(others(need))),
    "application at an environment that is not listed": Visitor(
        lambda need: as_app([need]), lambda door: door.unlisted, owner=OWNER_APP, listed=ELSEWHERE
    ),
    "application without any environment": Visitor(
        lambda need: as_app([need]), lambda door: door.unlisted, owner=OWNER_APP, listed=frozenset()
    ),
    "user without a role at Customer Insights": Visitor(
        lambda need: bearer(as_user(need)), lambda door: door.roleless, roles=()
    ),
    "another owner": stranger(lambda need: bearer(as_user(need, VIEWER))),
    "an application that is no owner": stranger(lambda need: as_app([need])),
    "the right user": welcome(lambda need: bearer(as_user(need))),
    "the right user, bearer in small letters": welcome(lambda need: {"authorization": f"bearer {as_user(need)}"}),
    "the right user beside forged headers": welcome(lambda need: {**forged(), **bearer(as_user(need))}),
    "the right application": welcome(lambda need: as_app([need]), owner=OWNER_APP),
    "an administrator": welcome(lambda _: bearer(MINT.user(ADMIN))),
}
