"""Say what is left to do by hand after a deployment: consent, a user in Customer Insights, the connector."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.errors import LocalError
from scripts.deployment import needed, values_of

CUSTOMER_INSIGHTS_APP = "0bfc4568-a4ba-4c58-bd3e-5d3e76bd7fff"


def steps(values: Mapping[str, str]) -> Iterator[str]:
    """The steps, in their order."""
    if values.get("ADMIN_CONSENT_GRANTED", "").lower() != "true":
        yield consent(values)
    if values.get("ALERT_RECEIVERS", "").strip() == "0":
        yield "Nobody is told of alerts: azd env set SIGNALS_ALERT_EMAILS <addresses with commas>, and provision again."
    yield (
        "Add the app as a user of each Customer Insights environment (Settings > Permissions > Add users): search for"
        f"\n     {needed(values, 'IDENTITY_NAME')}   object id {needed(values, 'IDENTITY_PRINCIPAL_ID')}\n"
        "   Viewer is enough to watch; Contributor where applications write or start refreshes."
    )
    yield (
        "Deploy the code: azd up does so now; elsewhere\n"
        f"     func azure functionapp publish {needed(values, 'FUNCTION_APP_NAME')} --python"
    )
    yield f"See that it is up: https://{needed(values, 'SIGNALS_HOST')}/api/health/live answers 200."
    yield (
        "Build the connector and import it (docs/connector.md). After the import add the redirect URL that its\n"
        "   Security page shows to SIGNALS_REDIRECT_URIS, and provision again:\n"
        "     azd env get-values > deployment.env && ./dev connector build --from deployment.env"
    )


def consent(values: Mapping[str, str]) -> str:
    """What a Privileged Role Administrator does once."""
    return (
        "Admin consent, if nobody gave it yet, by a Privileged Role Administrator (docs/deploy.md, Admin consent):\n"
        f"     az ad app permission admin-consent --id {needed(values, 'ENTRA_CLIENT_ID')}\n"
        f"   and api.access of Customer Insights ({CUSTOMER_INSIGHTS_APP}) for the managed identity\n"
        f"   {needed(values, 'IDENTITY_PRINCIPAL_ID')}. Or, as such an administrator:\n"
        "     azd env set SIGNALS_GRANT_ADMIN_CONSENT true && azd provision"
    )


def main(arguments: list[str]) -> int:
    """Print the steps."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.next_steps", description=__doc__)
    parser.add_argument("--from", dest="file", type=Path, help="outputs of the deployment; without it the variables")
    try:
        listed = list(steps(values_of(parser.parse_args(arguments).file)))
    except LocalError as error:
        print(f"next_steps: {error}", file=sys.stderr)
        return 1
    print("\nThe environment is there. What is left, once:\n")
    print("\n\n".join(f"{place}. {step}" for place, step in enumerate(listed, start=1)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
