"""Who is let in, and as whom."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.entra.directory import (
    ADMIN,
    API_APP,
    CONNECTOR,
    DAEMON,
    HTTP,
    HTTP_PREAUTHORIZED,
    IDENTITY,
    MAKER,
    NOBODYS_APP,
    OPERATIONS,
    ROLES,
    SCOPES,
    TENANT,
    VIEWER,
)
from local.entra.issuer import Issuer
from local.entra.mint import Mint
from shared.adapters.entra_keys import COOLDOWN_SECONDS, TenantKeys
from shared.adapters.entra_tokens import TokenValidator
from shared.domain.access import Permission, Principal
from shared.entra_settings import EntraSettings, read_entra_settings
from shared.errors import NotAuthenticated
from tests.tokens import AUTHORITY, ENTRA, ISSUER, MINT, Published, validator

EVERYTHING = frozenset(SCOPES)


def settings(**changed: str) -> EntraSettings:
    """The settings, with others in their place."""
    problems: list[str] = []
    found = read_entra_settings({**ENTRA, **changed}, problems)
    assert not problems
    return found


@dataclass(frozen=True, slots=True)
class Good:
    """A token, and whom it speaks of."""

    token: str
    principal: Principal
    settings: EntraSettings = field(default_factory=settings)


def user(client: str = CONNECTOR.id, oid: str = MAKER.oid) -> Principal:
    """A user who may do everything, through an application."""
    return Principal(TENANT, oid, client, is_user=True, scopes=EVERYTHING)


def application(client: str = DAEMON.id, oid: str = DAEMON.object_id) -> Principal:
    """An application with every role but the administrator's."""
    return Principal(TENANT, oid, client, is_user=False, roles=EVERYTHING)


def of_connectors() -> dict[str, Good]:
    """What comes out of Power Platform and Logic Apps (reference pages of the connectors)."""
    listed = settings(CALLING_APPS=",".join((API_APP.id, HTTP.id, HTTP_PREAUTHORIZED.id, DAEMON.id)))
    everybody = settings(CALLING_APPS="*")
    of_identity = replace(application(IDENTITY.id, IDENTITY.object_id), roles=frozenset({"Triggers.Manage"}))
    return {
        "the custom connector": Good(MINT.user(MAKER), user()),
        "it, with on-behalf-of login": Good(MINT.user(MAKER, app=API_APP), user(API_APP.id), listed),
        "HTTP with Entra ID": Good(MINT.user(MAKER, app=HTTP), user(HTTP.id), listed),
        "the preauthorized one": Good(MINT.user(MAKER, app=HTTP_PREAUTHORIZED), user(HTTP_PREAUTHORIZED.id), listed),
        "the HTTP action": Good(MINT.app(DAEMON, version=1), application()),
        "the HTTP action, asking for the client id": Good(MINT.app(DAEMON, version=1, aud=API_APP.id), application()),
        "a managed identity": Good(MINT.app(IDENTITY, roles=["Triggers.Manage"]), of_identity, everybody),
        "any app, where all may call": Good(
            MINT.app(NOBODYS_APP), application(NOBODYS_APP.id, NOBODYS_APP.object_id), everybody
        ),
        "a user through any app": Good(MINT.user(MAKER, app=NOBODYS_APP), user(NOBODYS_APP.id), everybody),
    }


def of_both_versions() -> dict[str, Good]:
    """Every form that a token of each version may have."""
    rulers = frozenset({"Insights.Admin"})
    found: dict[str, Good] = {}
    now = int(time.time())
    for version in (1, 2):
        one = {
            "user": Good(MINT.user(MAKER, version=version), user()),
            "application": Good(MINT.app(DAEMON, version=version), application()),
            "user, the client id as audience": Good(MINT.user(MAKER, version=version, aud=API_APP.id), user()),
            "user with idtyp": Good(MINT.user(MAKER, version=version, idtyp="user"), user()),
            "application without idtyp": Good(MINT.app(DAEMON, version=version, idtyp=None), application()),
            "capitals": Good(in_capitals(version), user()),
            "one scope": Good(
                MINT.user(VIEWER, version=version, scopes=("Insights.Read",)),
                replace(user(oid=VIEWER.oid), scopes=frozenset({"Insights.Read"})),
            ),
            "scopes of others too": Good(
                MINT.user(MAKER, version=version, scopes=(*SCOPES, "User.Read")),
                replace(user(), scopes=EVERYTHING | {"User.Read"}),
            ),
            "administrator": Good(MINT.user(ADMIN, version=version), replace(user(oid=ADMIN.oid), roles=rulers)),
            "administering application": Good(
                MINT.app(OPERATIONS, version=version),
                replace(application(OPERATIONS.id, OPERATIONS.object_id), roles=rulers),
            ),
            "ended within the leeway": Good(MINT.user(MAKER, version=version, exp=now - 30), user()),
            "begins within the leeway": Good(MINT.user(MAKER, version=version, nbf=now + 30), user()),
            "lasting a day": Good(MINT.user(MAKER, version=version, exp=now + 28 * 3600), user()),
            "with claims that nobody asked for": Good(MINT.user(MAKER, version=version, acct=1, groups=["x"]), user()),
        }
        found |= {f"version {version}: {name}": good for name, good in one.items()}
    return found


def in_capitals(version: int) -> str:
    """A token that names ids in capitals."""
    client = CONNECTOR.id.upper()
    if version == 1:
        return MINT.user(MAKER, version=1, oid=MAKER.oid.upper(), appid=client)
    return MINT.user(MAKER, version=2, oid=MAKER.oid.upper(), azp=client)


@pytest.mark.parametrize("family", [of_connectors, of_both_versions])
async def test_every_good_kind_is_taken_for_whom_it_speaks_of(family: Callable[[], dict[str, Good]]) -> None:
    kinds = family()
    found = {name: await validator(one.settings).principal_of(one.token) for name, one in kinds.items()}
    assert found == {name: one.principal for name, one in kinds.items()}
    print(f"{len(kinds)} good kinds")
    assert len(kinds) >= 9


async def test_a_token_of_the_next_key_is_taken_as_well_as_those_of_the_one_before() -> None:
    issuer, now = Issuer(AUTHORITY), [1000.0]
    keys = TenantKeys(AUTHORITY, TENANT, Published(issuer), lambda: now[0])
    checking = TokenValidator(settings(), keys={TENANT: keys})
    before = Mint(issuer).user(MAKER)
    assert await checking.principal_of(before) == user()
    issuer.rotate()
    now[0] += COOLDOWN_SECONDS
    assert await checking.principal_of(Mint(issuer).user(MAKER)) == await checking.principal_of(before) == user()


async def test_several_tenants_are_told_apart() -> None:
    """Each by its own keys: what one of them signed for the other is nobody's."""
    other = "8e0c2a46-6b8d-4f13-a579-90817263544f"
    abroad = Issuer(AUTHORITY)
    both = settings(ENTRA_TENANT_IDS=f"{TENANT},{other}")
    published = {TENANT: Published(ISSUER), other: Published(abroad)}
    keys = {tenant: TenantKeys(AUTHORITY, tenant, one) for tenant, one in published.items()}
    checking = TokenValidator(both, keys=keys)
    assert (await checking.principal_of(Mint(abroad).user(MAKER, tenant=other))).owner == f"{other}/{MAKER.oid}"
    assert (await checking.principal_of(MINT.user(MAKER))).owner == f"{TENANT}/{MAKER.oid}"
    for swapped in (Mint(abroad).user(MAKER), MINT.user(MAKER, tenant=other)):
        with pytest.raises(NotAuthenticated):
            await checking.principal_of(swapped)


@pytest.mark.parametrize("need", Permission)
@given(scopes=st.frozensets(st.sampled_from([*ROLES, "x"])), roles=st.frozensets(st.sampled_from([*ROLES, "x"])))
def test_a_permission_comes_from_scopes_for_users_and_from_roles_for_applications(
    need: Permission, scopes: frozenset[str], roles: frozenset[str]
) -> None:
    """Nothing but the administrator's role opens an administrator's door, and for a user only beside a scope."""
    person = Principal(TENANT, "p", "c", is_user=True, scopes=scopes, roles=roles)
    program = Principal(TENANT, "p", "c", is_user=False, scopes=scopes, roles=roles)
    rules = "Insights.Admin" in roles
    assert person.may(need) == ((rules and bool(scopes & EVERYTHING)) if need is Permission.ADMIN else need in scopes)
    assert program.may(need) == (rules or need in roles)
