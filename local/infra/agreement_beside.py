"""Do the files beside the templates (host.json, azure.yaml, pyproject.toml, pages, scripts) agree with them?"""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from local.connector.deployment import VALUES, deployment_of
from local.errors import LocalError
from local.infra.beside import line_of, repository_of, text_of
from local.infra.expressions import Call, Literal, everything_in
from local.infra.findings import Finding
from local.infra.gates_site import SITE
from local.infra.holding import Rule, about, shown
from local.infra.plans import Plans

BUNDLE = "Microsoft.Azure.Functions.ExtensionBundle"
OLDEST_BUNDLE = 4
RANGE = re.compile(r">=3\.(\d+),<3\.(\d+)")
SERVICE = re.compile(r"^services:\n(?:\s*#.*\n)*  ([\w-]+):", re.MULTILINE)
DEPLOY_PAGE = "docs/deploy.md"
# The first column of a table, and the variables in it.
ROW = re.compile(r"^\|([^|]*)\|", re.MULTILINE)
VARIABLE = re.compile(r"`([A-Z][A-Z0-9_]+)`")
READERS = {"needed": 1, "names_of": 1}  # functions of scripts/ that read an output, and which argument names it
OF_AZD = frozenset({"AZURE_SUBSCRIPTION_ID"})


def python_versions_are_those_of_the_project(plans: Plans) -> Iterator[Finding]:
    """Can each version of Python be chosen that pyproject.toml allows, and no other?"""
    repository = repository_of(plans.project)
    project = tomllib.loads(text_of(repository / "pyproject.toml"))["project"]
    limits = RANGE.fullmatch(project["requires-python"])
    wanted = [f"3.{minor}" for minor in range(int(limits[1]), int(limits[2]))] if limits else []
    found = plans.main.parameters.get("pythonVersion")
    if found is None or sorted(map(str, found.allowed)) != sorted(wanted):
        line = found.line if found else 1
        allowed = ", ".join(map(str, found.allowed)) if found else ""
        wrong = f"pythonVersion allows {allowed or 'anything'}, and pyproject.toml {', '.join(wanted) or 'nothing'}"
        yield Finding(plans.main.path, line, wrong, "Make them the same")
    for plan in plans.known:
        for site in plan.of(SITE):
            path = "properties.functionAppConfig.runtime"
            if site.at(f"{path}.name") != "python" or site.at(f"{path}.version") not in wanted:
                yield about(site, path, f"the runtime is not Python {' or '.join(wanted)}", "Set name and version")


def the_host_has_its_extensions(plans: Plans) -> Iterator[Finding]:
    """Does host.json name the bundle with the queue trigger, of version 4 or newer?"""
    path = repository_of(plans.project) / "host.json"
    bundle = json.loads(text_of(path)).get("extensionBundle", {})
    version = re.match(r"\[(\d+)", str(bundle.get("version", "")))
    if bundle.get("id") != BUNDLE or version is None or int(version[1]) < OLDEST_BUNDLE:
        yield Finding(path, 1, "there is no extension bundle with queues", f"Name {BUNDLE} [4.*, 5.0.0)")


def azd_finds_the_app(plans: Plans) -> Iterator[Finding]:
    """Is the service of azure.yaml the one that the app's tag names?"""
    path = repository_of(plans.project) / "azure.yaml"
    found = SERVICE.search(text_of(path))
    service = found[1] if found else ""
    for plan in plans.known:
        for site in plan.of(SITE):
            if site.at("tags.azd-service-name") != service:
                called = f"the service in azure.yaml is called {service}" if service else "azure.yaml has no service"
                wrong = f"the tag azd-service-name is {shown(site.at('tags.azd-service-name'))}, and {called}"
                yield about(site, "tags", wrong, "Make them the same")


def variables_are_explained(plans: Plans) -> Iterator[Finding]:
    """Does docs/deploy.md explain each variable that a parameter file reads, and no other?"""
    page = repository_of(plans.project) / DEPLOY_PAGE
    text = text_of(page)
    explained = {name for cell in ROW.findall(text) for name in VARIABLE.findall(cell)}
    read = dict(_variables_read(plans))
    for name in sorted(read.keys() - explained):
        path, line = read[name]
        yield Finding(path, line, f"{name} is read, and no table of {DEPLOY_PAGE} explains it", "Explain it there")
    for name in sorted(explained - read.keys()):
        wrong = f"{name} is explained, and no parameter file reads it"
        yield Finding(page, line_of(text, f"`{name}`"), wrong, "Leave it out, or read it in infra/main.bicepparam")


def _variables_read(plans: Plans) -> Iterator[tuple[str, tuple[Path, int]]]:
    for file in plans.project.parameter_files:
        for assigned in (*file.variables, *file.values):
            for one in everything_in(assigned.value):
                if isinstance(one, Call) and one.name == "readEnvironmentVariable" and one.arguments:
                    (name, *_) = one.arguments
                    yield str(name.value) if isinstance(name, Literal) else "?", (file.path, one.line)


def outputs_make_a_connector(plans: Plans) -> Iterator[Finding]:
    """Can ./dev connector build be given the outputs of each deployment?"""
    names = {value.output for value in VALUES.values()}
    for plan in plans.known:
        outputs = {name: value for name, value in plan.outputs.items() if isinstance(value, str)}
        for name in sorted(names - outputs.keys()):
            yield Finding(plan.path, 1, f"output {name} is missing: ./dev connector build reads it", "Add it")
        if names <= outputs.keys():
            try:
                deployment_of({}, outputs)
            except LocalError as error:
                wrong = f"./dev connector build refuses the outputs: {str(error).splitlines()[0]}"
                yield Finding(plan.path, 1, wrong, "Give it what it takes", plans=(plan.name,))


def scripts_read_what_there_is(plans: Plans) -> Iterator[Finding]:
    """Is each output that a script reads there?"""
    outputs = plans.main.outputs.keys() | OF_AZD
    for path in sorted((repository_of(plans.project) / "scripts").glob("*.py")):
        for node in ast.walk(ast.parse(text_of(path))):
            for name in _read_by(node):
                if name not in outputs:
                    yield Finding(path, getattr(node, "lineno", 1), f"there is no output {name}", "Name one that is")


def _read_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = READERS.get(called)
        given = node.args[place] if place is not None and len(node.args) > place else None
        if isinstance(given, ast.Constant):
            yield str(given.value)


RULES: tuple[Rule, ...] = (
    python_versions_are_those_of_the_project,
    the_host_has_its_extensions,
    azd_finds_the_app,
    variables_are_explained,
    outputs_make_a_connector,
    scripts_read_what_there_is,
)
