"""Who may do what: permissions, who a token speaks of, and what a call needs."""

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What a token can allow: a scope of a user's token, an app role of an application's (docs/access.md)."""

    READ = "Insights.Read"
    WRITE = "Insights.Write"
    TRIGGERS = "Triggers.Manage"
    ADMIN = "Insights.Admin"  # a role only, of users and applications


SCOPES = frozenset({Permission.READ, Permission.WRITE, Permission.TRIGGERS})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks of: a user through an application, or an application itself.

    Nothing that can be chosen or changed by its bearer (a name, an e-mail address) is in it.
    """

    tenant_id: str
    object_id: str
    client_id: str
    is_user: bool
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    @property
    def owner(self) -> str:
        """Whose its subscriptions are."""
        return f"{self.tenant_id}/{self.object_id}"

    @property
    def is_administrator(self) -> bool:
        """Whether it runs this app."""
        return Permission.ADMIN in self.roles

    def may(self, need: Permission) -> bool:
        """Whether its token allows what a call needs. An administrator's application may do everything."""
        if need is Permission.ADMIN:
            return self.is_administrator and (not self.is_user or bool(self.scopes & SCOPES))
        if self.is_user:
            return need in self.scopes
        return need in self.roles or self.is_administrator
