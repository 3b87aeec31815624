"""How does a plan look as a template of Azure Resource Manager, for scanners that read those?"""

import json
from collections.abc import Iterator

from local.infra.plans import Plan, Planned

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
OF_GRAPH = "Microsoft.Graph/"
NOT_IN_TEMPLATES = ("parent", "scope", "dependsOn")


def template_of(plan: Plan) -> str:
    """The plan's resources with their values. It is what was computed here, not what the compiler would write."""
    resources = [
        {
            "type": one.source.kind,
            "apiVersion": one.source.version,
            **{name: value for name, value in one.body.items() if name not in NOT_IN_TEMPLATES},
            "name": full_name(one),
        }
        for one in deployable(plan)
    ]
    return json.dumps({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}, indent=1)


def deployable(plan: Plan) -> Iterator[Planned]:
    """The resources of a plan that Azure makes."""
    for one in plan.resources:
        if not one.source.existing and not one.source.kind.startswith(OF_GRAPH):
            yield one


def full_name(one: Planned) -> str:
    """Its name behind those of what it is in."""
    names, inside = [str(one.name)], one.body.get("parent")
    while isinstance(inside, dict):
        names.insert(0, str(inside.get("name")))
        inside = inside.get("parent")
    return "/".join(names)
