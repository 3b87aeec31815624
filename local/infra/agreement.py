"""Do templates and code say the same? Settings, queues, tables, containers, roles, registrations, files beside."""

from local.infra import (
    agreement_beside,
    agreement_entra,
    agreement_parameters,
    agreement_places,
    agreement_roles,
    agreement_settings,
    telemetry_queries,
)
from local.infra.findings import Check
from local.infra.holding import check_of

AGREEMENT: tuple[Check, ...] = tuple(
    check_of(rule)
    for part in (
        agreement_parameters,
        agreement_settings,
        agreement_places,
        agreement_roles,
        agreement_entra,
        agreement_beside,
        telemetry_queries,
    )
    for rule in part.RULES
)
