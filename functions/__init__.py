"""What fires: one file for each family of triggers. A function decodes, calls one service, encodes."""

from collections.abc import Sequence

import azure.functions as func

from functions.catalog import catalog
from functions.customers import customers
from functions.dead import dead
from functions.deliveries import deliveries
from functions.events import events
from functions.items import items
from functions.jobs import jobs
from functions.operations import operations
from functions.partitions import partitions
from functions.polling import polling
from functions.reports import reports
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
    catalog,
    jobs,
    items,
    customers,
    partitions,
    reports,
)
