"""An Entra ID for tests in one process: tokens that are really signed, and the validator's way to the keys."""

import json
from dataclasses import dataclass, field

from local.entra.directory import ADMIN, API, API_APP, CONNECTOR, DAEMON, MAKER, OPERATIONS, TENANT
from local.entra.issuer import Issuer
from local.entra.mint import Mint
from shared.adapters.entra_tokens import TokenValidator
from shared.entra_settings import EntraSettings
from shared.errors import IdentityUnavailable

AUTHORITY = "https://login.example.com"
ENTRA = {
    "ENTRA_AUTHORITY": AUTHORITY,
    "ENTRA_TENANT_IDS": TENANT,
    "ENTRA_CLIENT_ID": API_APP.id,
    "ENTRA_APP_ID_URI": API.uri,
    "ENTRA_CLIENT_SECRET": "not asked for here",
    "CALLING_APPS": ",".join((CONNECTOR.id, DAEMON.id, OPERATIONS.id)),
    f"APPLICATION_ENVIRONMENTS__{DAEMON.id.replace('-', '')}": "*",
    f"APPLICATION_ENVIRONMENTS__{OPERATIONS.id.replace('-', '')}": "*",
}


@dataclass(slots=True)
class Published:
    """What an issuer publishes, counted; `down`: nobody answers."""

    issuer: Issuer
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def __call__(self, url: str) -> bytes:
        """The document at an address."""
        self.asked.append(url)
        if self.down:
            raise IdentityUnavailable(reason="signing_keys_unavailable")
        tenant = url.removeprefix(f"{self.issuer.authority}/").partition("/")[0]
        if url.endswith("/discovery/v2.0/keys"):
            return json.dumps(self.issuer.jwks(tenant)).encode()
        keys = f"{self.issuer.authority}/{tenant}/discovery/v2.0/keys"
        return json.dumps({"issuer": self.issuer.issuer_of(tenant, 2), "jwks_uri": keys}).encode()

    @property
    def key_requests(self) -> int:
        """How often the keys were asked for."""
        return sum(url.endswith("/keys") for url in self.asked)


ISSUER = Issuer(AUTHORITY)
MINT = Mint(ISSUER)


def validator(settings: EntraSettings) -> TokenValidator:
    """One that knows the keys of this process."""
    return TokenValidator(settings, Published(ISSUER))


def bearer(token: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {token}"}


def of_administrator() -> dict[str, str]:
    """The header of a user who runs this app."""
    return bearer(MINT.user(ADMIN))


def of_maker() -> dict[str, str]:
    """The header of a maker's connection."""
    return bearer(MINT.user(MAKER))
