"""Who calls the vendor's API, and what may they do there?"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["Admin", "Contributor", "Viewer", ""]


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or an application, and its role at every environment; with none it may do nothing."""

    id: str
    kind: Literal["user", "app"]
    role: Role

    @property
    def may_write(self) -> bool:
        """Whether it may change anything."""
        return self.role in ("Admin", "Contributor")


LOCAL_CALLER = Principal("local-caller", "app", "Admin")
