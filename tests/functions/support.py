"""The settings that a house needs to stand (nothing of it is called), and what fires a function."""

import azure.functions as func
from azure.functions.decorators.core import Trigger
from cryptography.fernet import Fernet

from tests.factories import ENVIRONMENT

VARIABLES = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "key",
    "POLL_SCHEDULE": "0 * * * * *",
    "CALLBACK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "PUBLIC_BASE_URL": "https://signals.example.com/",
    "ENVIRONMENTS": ENVIRONMENT,
    "FAST_POLL_SECONDS": "7",
}


def trigger_of(function: func.Function) -> Trigger:
    """What fires it."""
    trigger = function.get_trigger()
    assert trigger is not None
    return trigger
