"""Do resources and their parents, names and scopes fit one another and the file?"""

import re
from collections.abc import Iterator

from local.infra.expressions import ArrayOf, At, Call, Expression, Literal, Name, Nested, Text
from local.infra.findings import Finding
from local.infra.known_functions import NAMESPACES
from local.infra.model import BicepFile, Module, Resource
from local.infra.project import Project
from local.infra.rules.conditions import said
from local.infra.rules.modules import used
from local.infra.rules.start import GRAPH
from local.infra.walk import all_of, loop_names, names_used

KIND = re.compile(r"[A-Za-z][\w.]*(?:/[\w.-]+)+@(?:\d{4}-\d{2}-\d{2}(?:-\w+)*|v\d[\w.]*|beta)")
OF_EXISTING = frozenset({"name", "parent", "scope", "dependsOn"})
SCOPES = frozenset({"resourceGroup", "subscription", "managementGroup", "tenant"})
GROUP = "microsoft.resources/resourcegroups"
# Kinds that are deployed elsewhere than in a resource group, in lower case; what begins with one is it, too.
IN_A_SUBSCRIPTION = (GROUP, "microsoft.subscription/aliases")
ANYWHERE = (
    "microsoft.authorization/",
    "microsoft.consumption/budgets",
    "microsoft.graph/",
    "microsoft.insights/diagnosticsettings",
    "microsoft.insights/activitylogalerts",
    "microsoft.policyinsights/",
    "microsoft.resources/",
    "microsoft.security/",
)
# Kinds that can be laid on another resource with `scope`.
LAID_ON = (
    "microsoft.authorization/",
    "microsoft.insights/diagnosticsettings",
    "microsoft.insights/datacollectionruleassociations",
    "microsoft.resources/tags",
    "microsoft.resources/links",
    "microsoft.security/",
    "microsoft.policyinsights/",
    "microsoft.consumption/budgets",
    "microsoft.guestconfiguration/",
    "microsoft.maintenance/configurationassignments",
)


def target_scopes(project: Project) -> Iterator[Finding]:
    """Scopes that a file cannot be for."""
    for file in project.files:
        if file.target_scope not in SCOPES:
            wrong = f"targetScope cannot be '{file.target_scope}'"
            yield Finding(file.path, 1, wrong, f"Take one of {', '.join(sorted(SCOPES))}", "BCP036")


def kinds_of_resources(project: Project) -> Iterator[Finding]:
    """Types that are not written `Provider/type@version`, and resources without a name."""
    for file in project.files:
        for one in file.all_resources:
            if not KIND.fullmatch(one.full_kind):
                wrong = f"'{one.full_kind}' is no type of a resource"
                yield Finding(
                    file.path, one.line, wrong, "Write it as Microsoft.Storage/storageAccounts@2024-01-01", "BCP029"
                )
            elif not one.kind.startswith(GRAPH) and one.body.get("name") is None:
                yield Finding(file.path, one.line, f"'{one.name}' has no name", "Give it one", "BCP035")


def waited_for(project: Project) -> Iterator[Finding]:
    """What stands under dependsOn and is neither a resource nor a module."""
    for file in project.files:
        known = {one.name for one in file.all_resources} | set(file.modules)
        every: tuple[Resource | Module, ...] = (*file.all_resources, *file.modules.values())
        for one in every:
            waits = one.body.get("dependsOn")
            for item in waits.items if isinstance(waits, ArrayOf) else ():
                of = item.of if isinstance(item, At) else item
                if not resource_of(item, file) and not (isinstance(of, Name) and of.id in known):
                    wrong = f"'{one.name}' depends on what is no resource or module"
                    yield Finding(file.path, item.line, wrong, "Name resources and modules of this file", "BCP034")


def existing(project: Project) -> Iterator[Finding]:
    """Existing resources that are given more than what finds them."""
    for file in project.files:
        for one in file.all_resources:
            for entry in one.body.entries if one.existing and not one.kind.startswith(GRAPH) else ():
                if isinstance(entry.key, str) and entry.key not in OF_EXISTING:
                    wrong = f"the existing resource '{one.name}' is given '{entry.key}'"
                    yield Finding(file.path, entry.line, wrong, "Give it what finds it only", "BCP173")


def scope_of_expression(expression: Expression, file: BicepFile) -> str:
    """Where something is deployed to that has this scope; the symbol's name in `<...>` when that is a resource."""
    if isinstance(expression, Call) and (expression.of is None or _namespace(expression.of)):
        return expression.name if expression.name in SCOPES else ""
    of = expression.of if isinstance(expression, At) else expression
    if isinstance(of, Name) and of.id in file.resources:
        return "resourceGroup" if file.resources[of.id].kind.lower() == GROUP else f"<{of.id}>"
    return f"<{of.name}>" if isinstance(of, Nested) else ""


def _namespace(expression: Expression) -> bool:
    return isinstance(expression, Name) and expression.id in NAMESPACES


def scopes_of_resources(project: Project) -> Iterator[Finding]:
    """Resources that a file cannot deploy where it is deployed to."""
    for file in project.files:
        for one in file.all_resources:
            if not one.existing and not one.within and one.body.get("parent") is None and file.target_scope in SCOPES:
                yield from _scope_of_resource(file, one)


def _scope_of_resource(file: BicepFile, one: Resource) -> Iterator[Finding]:
    scope, kind = one.body.get("scope"), one.kind.lower()
    there = scope_of_expression(scope, file) if scope else file.target_scope
    if there.startswith("<"):
        if not kind.startswith(LAID_ON):
            wrong = f"'{one.name}' cannot be laid on another resource"
            yield Finding(file.path, one.line, wrong, "Take its scope out; perhaps it has a parent", "BCP139")
    elif there and there != file.target_scope and there != "tenant":
        wrong = f"'{one.name}' is deployed to another scope ({there}) than its file ({file.target_scope})"
        yield Finding(file.path, one.line, wrong, "Put it into a module that has this scope", "BCP139")
    elif there == file.target_scope and not _deployed_to(kind, there):
        wrong = f"'{one.name}' ({one.kind}) cannot be deployed to a {there}"
        yield Finding(file.path, one.line, wrong, "Put it into a module with the scope that it needs", "BCP135")


def _deployed_to(kind: str, scope: str) -> bool:
    if kind.startswith(IN_A_SUBSCRIPTION):
        return scope == "subscription"
    return scope == "resourceGroup" or kind.startswith(ANYWHERE)


def scopes_of_modules(project: Project) -> Iterator[Finding]:
    """Modules that are for another scope than they are given."""
    for file, module, made_of in used(project):
        there = scope_of_expression(module.scope, file) if module.scope else file.target_scope
        if there and there != made_of.target_scope and made_of.target_scope in SCOPES:
            wrong = f"the module '{module.name}' is for a {made_of.target_scope} and is given a {there.strip('<>')}"
            yield Finding(file.path, module.line, wrong, "Correct its scope, or the targetScope of its file", "BCP134")


def parents(project: Project) -> Iterator[Finding]:
    """Parents that are none, and names with too many or too few parts."""
    for file in project.files:
        for one in file.all_resources:
            parent = one.body.get("parent")
            if parent is not None:
                yield from _parent(file, one, parent)
            if not one.kind.startswith(GRAPH):
                yield from _parts_of_name(file, one, has_parent=parent is not None or bool(one.within))


def _parent(file: BicepFile, one: Resource, parent: Expression) -> Iterator[Finding]:
    found = resource_of(parent, file)
    if one.within or (found and one.kind.lower().rpartition("/")[0] != found.kind.lower()):
        wrong = f"the parent of '{one.name}' is no {one.kind.rpartition('/')[0]}"
        yield Finding(file.path, one.line, wrong, "Give it the resource that it is part of", "BCP036")
    elif found is None:
        yield Finding(
            file.path, one.line, f"the parent of '{one.name}' is no resource", "Name one of this file", "BCP240"
        )


def resource_of(expression: Expression, file: BicepFile) -> Resource | None:
    """The resource that an expression names, also one of a loop or nested in another."""
    if isinstance(expression, At):
        return resource_of(expression.of, file)
    if isinstance(expression, Nested):
        around = resource_of(expression.of, file)
        return next((one for one in around.nested if one.name == expression.name), None) if around else None
    return file.resources.get(expression.id) if isinstance(expression, Name) else None


def _parts_of_name(file: BicepFile, one: Resource, *, has_parent: bool) -> Iterator[Finding]:
    name = one.body.get("name")
    parts = name.parts if isinstance(name, Text) else (name,)
    slashes = sum(str(part.value).count("/") for part in parts if isinstance(part, Literal))
    wanted = 0 if has_parent else one.kind.count("/") - 1
    if has_parent and slashes:
        wrong = f"the name of '{one.name}' has '/' in it and the resource has a parent"
        yield Finding(file.path, one.line, wrong, "Leave out what names the parent", "BCP170")
    elif slashes > wanted or (slashes < wanted and isinstance(name, Literal)):
        wrong = f"the name of '{one.name}' has {slashes} times '/' and its type asks for {wanted}"
        yield Finding(file.path, one.line, wrong, "Give it a parent", "BCP169")


def children(project: Project) -> Iterator[Finding]:
    """`::` to what is not nested there."""
    for file in project.files:
        for declaration in file.declarations:
            for one, own in all_of(declaration):
                if isinstance(one, Nested) and resource_of(one.of, file) and resource_of(one, file) is None and not own:
                    wrong = f"there is no resource '{one.name}' nested there"
                    yield Finding(file.path, one.line, wrong, "Correct the name", "BCP159")


def extensions(project: Project) -> Iterator[Finding]:
    """Extensions that bicepconfig.json does not name, and types of Graph without their extension."""
    known = project.configuration.get("extensions")
    names = set(known) if isinstance(known, dict) else set()
    for file in project.files:
        for name in file.extensions:
            if name not in names and not name.startswith(("br:", "./", "../")):
                wrong = f"bicepconfig.json names no extension '{name}'"
                yield Finding(file.path, 1, wrong, "Add it under extensions, with its version", "BCP204")
        for one in file.all_resources:
            if one.kind.startswith(GRAPH) and not file.extensions:
                wrong = f"'{one.name}' is of Microsoft Graph and the file names no extension"
                yield Finding(file.path, one.line, wrong, "Begin the file with `extension microsoftGraphV1`", "BCP081")


def names_in_loops(project: Project) -> Iterator[Finding]:
    """Resources and modules of a loop whose name is the same each time."""
    for file in project.files:
        for one in file.made:
            name = one.body.get("name")
            if one.loop and isinstance(name, Literal | Text) and one.body.get("parent") is None:
                if isinstance(one, Module) and one.scope:
                    continue
                if not {used.id for used in names_used(name)} & loop_names(one.loop):
                    wrong = f"'{one.name}' is made many times under one name"
                    yield Finding(file.path, one.line, wrong, "Put the loop variable into its name", "BCP179")


def same_names(project: Project) -> Iterator[Finding]:
    """Resources of one type, or modules, that have the same name in the same place."""
    for file in project.files:
        places: dict[str, str] = {}
        for one in (made for made in file.made if made.body.get("name")):
            kind = one.kind if isinstance(one, Resource) else ""
            around = [one.body.get(key) for key in ("name", "parent", "scope")]
            place = " ".join([kind, *(said(expression) for expression in around if expression)])
            if places.setdefault(place, one.name) != one.name and not (isinstance(one, Resource) and one.existing):
                wrong = f"'{one.name}' has the name of '{places[place]}', in the same place"
                yield Finding(file.path, one.line, wrong, "Give it a name of its own", "BCP121")
