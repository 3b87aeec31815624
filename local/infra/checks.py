"""Which questions does `./dev infra check` ask, in which order?"""

from collections.abc import Callable, Iterable, Iterator

from local.infra import parameter_files, resource_types
from local.infra.findings import Check, Finding
from local.infra.project import Project
from local.infra.rules import (
    calls,
    conditions,
    decorators,
    fitting,
    hosts,
    kinds,
    modules,
    names,
    resources,
    secrets,
    start,
)

Rule = Callable[[Project], Iterable[Finding]]


def readable(project: Project) -> Iterator[Finding]:
    """What the compiler's grammar does not allow."""
    trouble = [(file.path, one) for file in project.files for one in file.trouble]
    trouble += [(file.path, one) for file in project.parameter_files for one in file.trouble]
    for path, (line, wrong) in trouble:
        yield Finding(path, line, wrong, "Write it as Bicep asks for")


GROUPS: dict[str, tuple[str, tuple[Rule, ...]]] = {
    "syntax": ("Can every file be read by the compiler's grammar?", (readable,)),
    "names": (
        "Is every name declared, once, and used?",
        (names.undeclared, names.declared_twice, names.unknown_types, names.circles, names.unused),
    ),
    "calls": (
        "Are functions, lambdas and loops where and as they may be?",
        (
            calls.unknown_functions,
            calls.numbers_of_arguments,
            calls.only_as_default,
            calls.files_that_are_loaded,
            calls.lambdas,
            calls.loops,
        ),
    ),
    "decorators": ("Are decorators on what they are for?", (decorators.all_decorators,)),
    "kinds": ("Is every value of the kind that is wanted?", (kinds.all_kinds, kinds.conditions, fitting.defaults)),
    "modules": (
        "Are modules there, given what they take, and read for what they give?",
        (
            modules.paths,
            modules.circles_of_files,
            modules.parameters,
            modules.outputs,
            modules.whole_loops,
            resources.scopes_of_modules,
        ),
    ),
    "start": (
        "Is everything known at the start that must be?",
        (start.known_late, start.defaults_of_parameters, start.run_time_functions),
    ),
    "resources": (
        "Do types, names, parents and scopes fit one another?",
        (
            resources.target_scopes,
            resources.kinds_of_resources,
            resources.existing,
            resources.waited_for,
            resources.scopes_of_resources,
            resources.parents,
            resources.children,
            resources.names_in_loops,
            resources.same_names,
            resources.extensions,
        ),
    ),
    "hosts": ("Is no host of one cloud written out?", (hosts.written_out,)),
    "conditions": ("Is what may not be there read only where it is?", (conditions.read_without_being_there,)),
    "secrets": (
        "Does no secret get into outputs or deployments?",
        (secrets.in_outputs, secrets.given_to_modules, secrets.defaults, secrets.where_secrets_of_a_vault_stand),
    ),
    "parameter files": (
        "Do they give what is taken?",
        (parameter_files.as_written, parameter_files.against_bicep, parameter_files.environment_variables),
    ),
    "types of Graph": ("Are its resources written as their types ask for?", (resource_types.graph_types,)),
}


def by_all(rules: tuple[Rule, ...]) -> Rule:
    """One rule out of several."""

    def run(project: Project) -> Iterator[Finding]:
        for rule in rules:
            yield from rule(project)

    return run


# What must be readable comes first: what is not would lead the others astray.
CHECKS: tuple[Check, ...] = tuple(Check(name, question, by_all(rules)) for name, (question, rules) in GROUPS.items())
