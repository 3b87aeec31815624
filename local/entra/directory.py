"""Who is there? One tenant, the app registrations in it, the people, and what each may do at Customer Insights."""

from dataclasses import dataclass

from local.simulator.principal import Principal, Role

TENANT = "1d3f5b79-2c4e-4a68-9b0d-7e6c5a4b3c21"
FOREIGN_TENANT = "8e0c2a46-6b8d-4f13-a579-90817263544f"
PASSWORD = "local"  # noqa: S105 - of everybody here; it opens nothing but this machine
EXCHANGE = "api://AzureADTokenExchange"
SCOPES = ("Insights.Read", "Insights.Write", "Triggers.Manage")
ROLES = (*SCOPES, "Insights.Admin")


@dataclass(frozen=True, slots=True)
class App:
    """An app registration with its service principal, or a managed identity; `roles` are its app roles at our API."""

    name: str
    id: str
    object_id: str
    secret: str = ""
    roles: tuple[str, ...] = ()
    signs_in_users: bool = False
    role: Role = ""

    @property
    def proof(self) -> str:
        """How it proves who it is, as tokens say it: not at all, by a secret, by a certificate."""
        return "1" if self.secret else "0" if self.signs_in_users else "2"


@dataclass(frozen=True, slots=True)
class User:
    """A person of the tenant: its role at Customer Insights, and its app roles at our API."""

    key: str
    name: str
    oid: str
    role: Role
    roles: tuple[str, ...] = ()

    @property
    def login(self) -> str:
        """What it signs in with."""
        return f"{self.key}@contoso.example"


@dataclass(frozen=True, slots=True)
class Resource:
    """What a token can be for. The registration of the resource decides the version of its tokens."""

    name: str
    uri: str
    client_id: str = ""
    version: int = 1
    scopes: tuple[str, ...] = ("user_impersonation",)

    def audience(self, version: int) -> str:
        """Whom a token names: the client id in version 2, what was asked for in version 1."""
        return self.client_id if version == 2 and self.client_id else self.uri


API_APP = App(
    "Customer Insights Signals",
    "5a1e0c84-7d21-4b3f-9c6e-2f8b4d7a9013",
    "e2a94b07-1c5d-46f8-8b3a-0d7f6e5c4b21",
    secret="local-secret",  # noqa: S106 - see PASSWORD
)
CONNECTOR = App(
    "Customer Insights Signals connector",
    "9b7d3f52-4e6a-4c18-b0d9-6a5c3e1f7824",
    "0f1d2c3b-5a69-4788-97a6-b5c4d3e2f101",
    signs_in_users=True,
)
HTTP_PREAUTHORIZED = App(
    "HTTP with Microsoft Entra ID (preauthorized)",
    "7ab7862c-4c57-491e-8a45-d52a7e023983",
    "1f2e3d4c-5b6a-4978-8695-a4b3c2d1e002",
    signs_in_users=True,
)
HTTP = App(
    "HTTP with Microsoft Entra ID",
    "d2ebd3a9-1ada-4480-8b2d-eac162716601",
    "2f3e4d5c-6b7a-4879-9586-b4a3d2c1f003",
    signs_in_users=True,
)
DAEMON = App(
    "Nightly daemon",
    "3c5e7a19-8b2d-4f60-a1c3-d5e7f9012b46",
    "3a4b5c6d-7e8f-4a01-b2c3-d4e5f6071804",
    secret="local-secret",  # noqa: S106
    roles=SCOPES,
)
OPERATIONS = App(
    "Operations",
    "6d8f0b2c-3e5a-4719-8c4d-e6f801a2b357",
    "4b5c6d7e-8f90-4b12-a3d4-e5f60718290a",
    secret="local-secret",  # noqa: S106
    roles=("Insights.Admin",),
)
NOBODYS_APP = App(
    "An app that nobody allows",
    "c0ffee11-2b4d-4e6f-9a8c-0b1d2e3f4a5b",
    "5c6d7e8f-9001-4c23-94e5-f60718293a0b",
    secret="local-secret",  # noqa: S106
    roles=SCOPES,
    signs_in_users=True,
)
IDENTITY = App(
    "The managed identity of our app",
    "71a3c5e7-9f1b-4d2e-8a6c-4b3d2e1f0a98",
    "6d7e8f90-0112-4d34-85f6-0718293a4b0c",
    role="Admin",
)
APPS = (API_APP, CONNECTOR, HTTP_PREAUTHORIZED, HTTP, DAEMON, OPERATIONS, NOBODYS_APP, IDENTITY)

MAKER = User("maker", "Mia Maker", "a1b2c3d4-0001-4a5b-8c6d-7e8f90a1b2c1", "Contributor")
ADMIN = User("admin", "Ada Admin", "a1b2c3d4-0002-4a5b-8c6d-7e8f90a1b2c2", "Admin", ("Insights.Admin",))
VIEWER = User("viewer", "Vic Viewer", "a1b2c3d4-0003-4a5b-8c6d-7e8f90a1b2c3", "Viewer")
OUTSIDER = User("outsider", "Olli Outsider", "a1b2c3d4-0004-4a5b-8c6d-7e8f90a1b2c4", "")
USERS = (MAKER, ADMIN, VIEWER, OUTSIDER)

API = Resource(API_APP.name, f"api://{API_APP.id}", API_APP.id, 2, SCOPES)
INSIGHTS = Resource("Dynamics 365 AI for Customer Insights", "https://api.ci.ai.microsoft.com")
STORAGE = Resource("Azure Storage", "https://storage.azure.com")
RESOURCES = (API, INSIGHTS, STORAGE)


def app_of(client_id: str) -> App | None:
    """The registration with this client id."""
    return next((app for app in APPS if app.id == client_id.lower()), None)


def user_of(login: str) -> User | None:
    """The person who signs in with this name, or has this object id."""
    return next((user for user in USERS if login.lower() in (user.login, user.oid)), None)


def resource_of(written: str) -> Resource | None:
    """What a scope or a resource parameter names: by its URI or by its client id, a slash behind it or not."""
    wanted = written.rstrip("/").lower()
    return next((one for one in RESOURCES if wanted in (one.uri.lower(), one.client_id) and wanted), None)


def principal_of(oid: str) -> Principal:
    """Who that is at Customer Insights; our other apps have no role there, and nor has anybody unknown."""
    for user in USERS:
        if user.oid == oid:
            return Principal(oid, "user", user.role)
    role: Role = next((app.role for app in APPS if app.object_id == oid), "")
    return Principal(oid, "app", role)
