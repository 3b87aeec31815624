"""Is no host of one of Azure's clouds written out that `environment()` knows?"""

from collections.abc import Iterator

from local.infra.expressions import Literal
from local.infra.findings import Finding
from local.infra.project import Project
from local.infra.walk import everything_of

# They differ from cloud to cloud; the linter's own list, but for what nobody here can mean.
OF_CLOUDS = (
    "api.loganalytics.io",
    "azuredatalakeanalytics.net",
    "azuredatalakestore.net",
    "core.windows.net",
    "database.windows.net",
    "datalake.azure.net",
    "gallery.azure.com",
    "graph.windows.net",
    "login.microsoftonline.com",
    "management.azure.com",
    "trafficmanager.net",
    "vault.azure.net",
)
ELSEWHERE = "schema.management.azure.com"  # the same in every cloud


def written_out(project: Project) -> Iterator[Finding]:
    """Hosts that are other ones in other clouds."""
    for file in project.files:
        for one in everything_of(file):
            text = str(one.value).lower().replace(ELSEWHERE, "") if isinstance(one, Literal) else ""
            for host in OF_CLOUDS:
                if host in text:
                    wrong = f"'{host}' is written out"
                    yield Finding(file.path, one.line, wrong, "Take it from environment()", "no-hardcoded-env-urls")
