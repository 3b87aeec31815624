"""What will a deployment make, with which properties? Computed for each parameter file, and for any parameters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from local.infra import computing
from local.infra.evaluate import MOST_POSSIBILITIES, possibilities, value_of
from local.infra.expressions import Expression, Name, ObjectOf
from local.infra.findings import NotDone
from local.infra.model import BicepFile, Module, ParameterFile, Resource
from local.infra.project import Project
from local.infra.scope import Scope, Unknown
from local.infra.stand_ins import filled_in, given_to, id_of, rewritten

MAIN = "main.bicep"
SCALARS = ("string", "int", "bool")
SOME_ID = "0f0e0d0c-0b0a-4908-8706-050403020100"
OTHER_ID = "1f0e0d0c-0b0a-4908-8706-050403020100"
# Everything that can be asked for, so that what only some ask for is checked as well.
EVERYTHING: Mapping[str, object] = {
    "environmentName": "signals",
    "location": "westeurope",
    "environmentType": "prod",
    "environmentIds": [SOME_ID, OTHER_ID.upper()],
    "subscriptionKeyPerEnvironment": True,
    "grantAdminConsent": True,
    "callingApps": [SOME_ID],
    "applicationEnvironments": {SOME_ID.replace("-", ""): "*"},
    "previousCallbackKeysUri": "https://kv.vault.azure.net/secrets/callback-encryption-keys/0123456789abcdef",
    "alwaysReady": [{"name": "http", "instanceCount": 1}],
    "privateNetwork": True,
    "zoneRedundant": True,
    "alertEmails": ["someone@example.com"],
    "monthlyBudget": 100,
}
OWN_REGISTRATIONS: Mapping[str, object] = {
    "environmentName": "signals",
    "location": "westeurope",
    "createAppRegistrations": False,
    "entraClientId": SOME_ID,
    "connectorClientId": OTHER_ID,
    "callingApps": ["*"],
}


@dataclass(frozen=True)
class Planned:
    """A resource with the properties that it is deployed with; what cannot be known is Unknown."""

    path: Path
    source: Resource
    body: Mapping[str, object]

    @property
    def name(self) -> object:
        """Its own name."""
        return self.body.get("name")

    @property
    def id(self) -> str:
        """Its resource id."""
        return id_of(self.source.kind, self.source.name, self.name)

    def at(self, path: str) -> object:
        """The value under names with dots between them; None where there is none."""
        found: object = self.body
        for name in path.split("."):
            if isinstance(found, Unknown):
                return found
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def line_of(self, path: str) -> int:
        """Where that is written, or what it stands in."""
        inside, line = self.source.body, self.source.line
        for name in path.split("."):
            entry = next((one for one in inside.entries if one.key == name), None)
            if entry is None:
                return line
            line = entry.line
            if not isinstance(entry.value, ObjectOf):
                return line
            inside = entry.value
        return line


@dataclass(frozen=True)
class Plan:
    """What one deployment makes. A resource is there once for each way that tests of unknown values may turn out."""

    name: str
    path: Path
    resources: tuple[Planned, ...]
    outputs: Mapping[str, object]
    given: Mapping[str, object]

    def of(self, kind: str) -> tuple[Planned, ...]:
        """The resources of a kind, existing ones aside."""
        return tuple(one for one in self.resources if one.source.kind == kind and not one.source.existing)


@dataclass(frozen=True)
class Plans:
    """All plans of a project: with known parameters, with any, and with any in a private network."""

    project: Project
    main: BicepFile
    known: tuple[Plan, ...]
    any_values: Plan
    private: Plan

    @property
    def every(self) -> tuple[Plan, ...]:
        """All of them."""
        return (*self.known, self.any_values, self.private)


@lru_cache(maxsize=2)
def plans_of(project: Project) -> Plans:
    """Compute them. Raises NotDone where there is no main file."""
    main = project.by_path.get((project.root / MAIN).resolve())
    if main is None:
        raise NotDone(f"there is no {project.root / MAIN}")
    known = [
        planned(project, main, values_of(file), file.path.stem)
        for file in project.parameter_files
        if project.main_of(file) is main
    ]
    known.append(planned(project, main, EVERYTHING, "with everything"))
    known.append(planned(project, main, OWN_REGISTRATIONS, "with registrations of one's own"))
    unknown = {
        one.name: Unknown(Name(one.name, one.line))
        for one in main.parameters.values()
        if one.type and one.type.name in SCALARS
    }
    return Plans(
        project,
        main,
        tuple(known),
        planned(project, main, unknown, "any parameters"),
        planned(project, main, {**unknown, "privateNetwork": True}, "private network"),
    )


def planned(project: Project, main: BicepFile, given: Mapping[str, object], name: str) -> Plan:
    """The deployment of a file with these parameters, modules and all."""
    resources, outputs = _deployed(project, main, given)
    return Plan(name, main.path, tuple(resources), outputs, given)


def values_of(file: ParameterFile, variables: Mapping[str, str] | None = None) -> dict[str, object]:
    """What a parameter file gives, where the environment holds these variables (none: each has its default)."""

    def filled(expression: Expression) -> Expression:
        return filled_in(expression, file.path.parent, variables)

    scope = Scope(variables={one.name: filled(one.value) for one in (*file.variables, *file.values)})
    return {one.name: value_of(filled(one.value), scope) for one in file.values}


def _deployed(
    project: Project, file: BicepFile, given: Mapping[str, object]
) -> tuple[list[Planned], dict[str, object]]:
    folder = file.path.parent
    written = {one.name: one.value for one in file.variables.values()}
    written |= {one.name: one.default for one in file.parameters.values() if one.default is not None}
    scope = Scope(given, variables={name: filled_in(one, folder) for name, one in written.items() if name not in given})
    scope = _with_references(file, scope)
    resources = []
    for module in _in_order(file):
        made = _module(project, file, module, scope)
        if made:
            resources += made[0]
            scope = replace(scope, values={**scope.values, module.name: {"outputs": made[1]}})
    scope = _with_references(file, scope)
    for resource in file.all_resources:
        resources += _planned(file, resource, scope)
    return resources, {one.name: value_of(filled_in(one.value, folder), scope) for one in file.outputs.values()}


def _in_order(file: BicepFile) -> Iterator[Module]:
    """Each module after those whose outputs it reads."""
    waiting = dict(file.modules)
    while waiting:
        ready = [one for one in waiting.values() if not (_names(one.body) & waiting.keys() - {one.name})]
        for module in ready or list(waiting.values()):
            del waiting[module.name]
            yield module


def _names(body: ObjectOf) -> set[str]:
    names: set[str] = set()

    def note(expression: Expression) -> Expression:
        names.update([expression.id] if isinstance(expression, Name) else [])
        return expression

    rewritten(body, note)
    return names


def _module(
    project: Project, file: BicepFile, module: Module, scope: Scope
) -> tuple[list[Planned], dict[str, object]] | None:
    used = project.used_by(file, module)
    if used is None or _condition(file, module, scope) is False:
        return None
    given = {str(one.key): value_of(filled_in(one.value, file.path.parent), scope) for one in module.parameters.entries}
    return _deployed(project, used, given)


def _condition(file: BicepFile, one: Module | Resource, scope: Scope) -> object:
    return True if one.condition is None else value_of(filled_in(one.condition, file.path.parent), scope)


def _with_references(file: BicepFile, scope: Scope) -> Scope:
    """What the symbols of resources stand for: twice, for one may repeat what another says."""
    for _ in range(2):
        found = {one.name: _reference(file, one, scope) for one in file.all_resources}
        scope = replace(scope, values={**scope.values, **found})
    return scope


def _reference(file: BicepFile, resource: Resource, scope: Scope) -> object:
    """The resource as others see it; of a loop, a list of them."""
    bodies = _bodies(file, resource, scope, certain=True)
    seen = [computing.union(one, given_to(resource.kind, resource.name, one.get("name"))) for one in bodies]
    return seen if resource.loop else seen[0]


def _planned(file: BicepFile, resource: Resource, scope: Scope) -> Iterator[Planned]:
    if _condition(file, resource, scope) is False:
        return
    for body in _bodies(file, resource, scope, certain=False):
        within = {"parent": scope.values.get(resource.within)} if resource.within else {}
        yield Planned(file.path, resource, {**within, **body})


def _bodies(file: BicepFile, resource: Resource, scope: Scope, *, certain: bool) -> Iterator[dict[str, object]]:
    """The properties: of each round of a loop, and in each way that they may turn out unless only one is `certain`."""
    told = (entry for entry in resource.body.entries if entry.key != "dependsOn")  # an order only
    body = filled_in(replace(resource.body, entries=tuple(told)), file.path.parent)
    for inner in _rounds(file, resource, scope):
        found = [value_of(body, inner)] if certain else _distinct(body, inner)
        yield from (one if isinstance(one, dict) else {} for one in found)


def _distinct(body: Expression, scope: Scope) -> list[object]:
    found = list(possibilities(body, scope))
    if len(found) >= MOST_POSSIBILITIES:  # there may be more than were looked at
        return [value_of(body, scope)]
    return list({repr(one): one for one in found}.values())


def _rounds(file: BicepFile, resource: Resource, scope: Scope) -> Iterator[Scope]:
    if resource.loop is None:
        yield scope
        return
    over = value_of(filled_in(resource.loop.over, file.path.parent), scope)
    items = over if isinstance(over, list) else [Unknown(resource.loop.over)]
    for place, item in enumerate(items):
        named = {resource.loop.item: item, **({resource.loop.index: place} if resource.loop.index else {})}
        yield scope.with_values(named)
