"""Which deployment do the tests build the connector for?"""

from local.connector.deployment import Deployment

HOST, TENANT = "my-signals.azurewebsites.net", "3f8f5b0e-7b1d-4b8e-9a4c-0f6f7d2f9a10"
CLIENT = "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b"
RESOURCE = "api://6a7c1d3e-0b52-4f43-8b0e-5d8a4b8f6c21"
HERE = Deployment(HOST, CLIENT, RESOURCE, TENANT)
GOOD = {"host": HOST, "client_id": CLIENT, "resource_uri": RESOURCE, "tenant_id": TENANT}
OPTIONS = ["--host", HOST, "--client-id", CLIENT, "--resource-uri", RESOURCE, "--tenant-id", TENANT]
OUTPUTS = f"""\
AZURE_LOCATION="westeurope"
SIGNALS_HOST="{HOST}"
CONNECTOR_CLIENT_ID={CLIENT}
export ENTRA_APP_ID_URI='{RESOURCE}'
# a comment
ENTRA_TENANT_ID="{TENANT}"  # the tenant of "both"
NUMBER=a#b # a number
QUOTED="say \\"hi\\""
"""
