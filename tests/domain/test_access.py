"""Who may do what: over every principal that a token can speak of, and every need that a call can have."""

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.access import SCOPES, Permission, Principal

SPOKEN_OF = st.frozensets(
    st.sampled_from([*Permission, "insights.read", "Insights.ReadAll", "Insights.Read ", "user_impersonation", ""])
)
PRINCIPALS = st.builds(
    Principal,
    tenant_id=st.just("tenant"),
    object_id=st.just("object"),
    client_id=st.just("client"),
    is_user=st.booleans(),
    scopes=SPOKEN_OF,
    roles=SPOKEN_OF,
)
NEEDS = st.sampled_from(Permission)


@given(PRINCIPALS, NEEDS)
def test_a_permission_comes_from_the_claim_of_ones_kind(principal: Principal, need: Permission) -> None:
    """A user's from its scopes, an application's from its roles; to administer is a role of both."""
    if need is Permission.ADMIN:
        expected = need in principal.roles and (not principal.is_user or not principal.scopes.isdisjoint(SCOPES))
    elif principal.is_user:
        expected = need in principal.scopes
    else:
        expected = need in principal.roles or Permission.ADMIN in principal.roles
    assert principal.may(need) is expected


@given(PRINCIPALS, NEEDS)
def test_a_token_that_says_nothing_allows_nothing(principal: Principal, need: Permission) -> None:
    assert not replace(principal, scopes=frozenset(), roles=frozenset()).may(need)


@given(PRINCIPALS, NEEDS)
def test_a_user_without_a_scope_of_ours_may_do_nothing_whatever_its_roles(
    principal: Principal, need: Permission
) -> None:
    """The application that it came through was given no consent."""
    assert not replace(principal, is_user=True, scopes=principal.scopes - SCOPES).may(need)


@given(PRINCIPALS, NEEDS, SPOKEN_OF)
def test_scopes_are_nothing_to_an_application(principal: Principal, need: Permission, scopes: frozenset[str]) -> None:
    application = replace(principal, is_user=False)
    assert application.may(need) is replace(application, scopes=scopes).may(need)


@given(PRINCIPALS, NEEDS)
def test_no_scope_makes_an_administrator(principal: Principal, need: Permission) -> None:
    claimed = replace(
        principal, scopes=principal.scopes | {Permission.ADMIN}, roles=principal.roles - {Permission.ADMIN}
    )
    assert not claimed.is_administrator
    assert not claimed.may(Permission.ADMIN)


@given(PRINCIPALS, NEEDS, SPOKEN_OF, SPOKEN_OF)
def test_more_in_a_token_never_allows_less(
    principal: Principal, need: Permission, scopes: frozenset[str], roles: frozenset[str]
) -> None:
    more = replace(principal, scopes=principal.scopes | scopes, roles=principal.roles | roles)
    assert more.may(need) or not principal.may(need)


def test_an_owner_is_an_object_of_a_tenant() -> None:
    """The application that it came through makes no difference, nor does what it may do."""
    one = Principal("t", "o", "c", is_user=True, scopes=SCOPES)
    assert one.owner == "t/o"
    assert one.owner == replace(one, client_id="other", scopes=frozenset()).owner
    assert len({replace(one, tenant_id="u").owner, replace(one, object_id="p").owner, one.owner}) == 3


def test_nothing_that_its_bearer_can_choose_is_in_a_principal() -> None:
    assert {field.name for field in fields(Principal)} == {
        "tenant_id",
        "object_id",
        "client_id",
        "is_user",
        "scopes",
        "roles",
    }
