"""What fires: one file for each family of triggers. A function decodes, calls one service, encodes."""

from collections.abc import Sequence

import azure.functions as func

from functions.dead import dead
from functions.deliveries import deliveries
from functions.events import events
from functions.operations import operations
from functions.polling import polling
from functions.subscriptions import subscriptions
from functions.timers import timers
from functions.triggers import triggers

BLUEPRINTS: Sequence[func.Blueprint] = (
    timers,
    polling,
    events,
    deliveries,
    triggers,
    subscriptions,
    dead,
    operations,
)
