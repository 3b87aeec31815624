"""Say what is left to do by hand after a deployment: consent, a user in Customer Insights, the connector."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.deployment import needed, run, values_of

GENERAL_REDIRECT = "https://global.consent.azure-apim.net/redirect"
CUSTOMER_INSIGHTS_APP = "0bfc4568-a4ba-4c58-bd3e-5d3e76bd7fff"


def steps(values: Mapping[str, str]) -> Iterator[str]:
    """The steps, in their order. Whoever deploys with azd has its environment's name among the values."""
    azd = bool(values.get("AZURE_ENV_NAME"))
    again = "azd provision" if azd else "deploy again"
    if values.get("ADMIN_CONSENT_GRANTED", "").lower() != "true":
        yield consent(values)
    if values.get("ALERT_RECEIVERS", "").strip() == "0":
        where = "azd env set SIGNALS_ALERT_EMAILS <addresses>" if azd else "alertEmails in the parameter file"
        yield f"Nobody is told of alerts: {where}; then {again}."
    yield (
        "Add the app as a user of each Customer Insights environment (Settings > Permissions > Add users): search for"
        f"\n     {needed(values, 'IDENTITY_NAME')}   object id {needed(values, 'IDENTITY_PRINCIPAL_ID')}\n"
        "   Viewer is enough to watch; Contributor where applications write or start refreshes."
    )
    if not azd:
        yield (
            "Deploy the code, if that is not done yet:\n"
            f"     func azure functionapp publish {needed(values, 'FUNCTION_APP_NAME')} --python"
        )
    yield f"Once the code is there: https://{needed(values, 'SIGNALS_HOST')}/api/health/live answers 200."
    made = "azd env get-values > deployment.env && " if azd else ""
    where = "SIGNALS_REDIRECT_URIS" if azd else "connectorRedirectUris"
    yield (
        "Build the connector and import it (docs/connector.md):\n"
        f"     {made}./dev connector build --from deployment.env\n"
        f"     az ad app credential reset --id {needed(values, 'CONNECTOR_CLIENT_ID')} --append\n"
        "   The secret that the last one prints goes onto the connector's Security page, after every import. Set\n"
        f"   {where} to {GENERAL_REDIRECT} and that page's redirect URL, both;\n   then {again}."
    )


def consent(values: Mapping[str, str]) -> str:
    """What a Privileged Role Administrator does once."""
    return (
        "Admin consent, if nobody gave it yet, by a Privileged Role Administrator (docs/deploy.md, Admin consent):\n"
        f"     az ad app permission admin-consent --id {needed(values, 'ENTRA_CLIENT_ID')}\n"
        f"   and api.access of Customer Insights ({CUSTOMER_INSIGHTS_APP}) for the managed identity\n"
        f"   {needed(values, 'IDENTITY_PRINCIPAL_ID')}."
    )


def main(arguments: list[str]) -> int:
    """Print the steps."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.next_steps", description=__doc__)
    parser.add_argument("--from", dest="file", type=Path, help="outputs of the deployment; without it the variables")
    file = parser.parse_args(arguments).file
    return run("next_steps", lambda: show(values_of(file)))


def show(values: Mapping[str, str]) -> None:
    """Print the steps, numbered."""
    listed = list(steps(values))
    print("\nThe environment is there. What is left, once:\n")
    print("\n\n".join(f"{place}. {step}" for place, step in enumerate(listed, start=1)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
