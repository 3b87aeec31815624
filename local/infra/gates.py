"""Which security gates must an environment pass, whatever its parameters are? All of them."""

from local.infra import gates_access, gates_kinds, gates_secrets, gates_site, gates_storage
from local.infra.findings import Check
from local.infra.holding import check_of

GATES: tuple[Check, ...] = tuple(
    check_of(rule)
    for part in (gates_storage, gates_site, gates_access, gates_secrets, gates_kinds)
    for rule in part.RULES
)
