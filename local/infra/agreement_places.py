"""Does a deployment make the queues, tables and containers that the code uses, and no others?"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from local.infra.beside import repository_of
from local.infra.findings import Finding
from local.infra.gates_site import SITE
from local.infra.gates_storage import ACCOUNT, CONTAINER
from local.infra.holding import Rule, about
from local.infra.plans import Plan, Plans

ADAPTERS = "shared/adapters"
QUEUES = f"{ACCOUNT}/queueServices/queues"
TABLES = f"{ACCOUNT}/tableServices/tables"
CODE_VALUE = "properties.functionAppConfig.deployment.storage.value"
CONNECTION = "AzureWebJobsStorage"


def queues_are_those_of_the_code(plans: Plans) -> Iterator[Finding]:
    """Is each queue of the code made with its poison queue, and does a function listen to each?"""
    from shared.ports import Queue

    names = {str(queue) for queue in Queue}
    yield from _compared(plans, QUEUES, names | {f"{name}-poison" for name in names})
    listening = dict(listened_to(repository_of(plans.project) / "functions"))
    for name in sorted(names ^ {queue for queue, _ in listening.values()}):
        wrong = f"{name} has no function that listens to it, or is no queue of shared/ports.py"
        yield Finding(plans.main.path, 1, wrong, "Make functions and Queue the same")
    for (path, line), (queue, connection) in listening.items():
        if connection != CONNECTION:
            yield Finding(path, line, f"{queue} is listened to by {connection}", f"Listen by {CONNECTION}")


def tables_are_those_of_the_code(plans: Plans) -> Iterator[Finding]:
    """Is each table of the code made?"""
    return _compared(plans, TABLES, set(names_used("get_table_client")))


def containers_are_those_of_the_code(plans: Plans) -> Iterator[Finding]:
    """Is each container of the code made, and the one that the app is deployed to?"""
    for plan in plans.every:
        for site in plan.of(SITE):
            value = site.at(CODE_VALUE)
            code = value.rpartition("/")[2] if isinstance(value, str) else ""
            if code not in {one.name for one in plan.of(CONTAINER)}:
                wrong = f"the container '{code}' is not made" if code else "no container is named for the code"
                yield about(site, CODE_VALUE, wrong, "Make it with the account")
            yield from _compared_in(plan, CONTAINER, {*names_used("get_container_client"), code})


def _compared(plans: Plans, kind: str, names: set[str]) -> Iterator[Finding]:
    for plan in plans.every:
        yield from _compared_in(plan, kind, names)


def _compared_in(plan: Plan, kind: str, names: set[str]) -> Iterator[Finding]:
    made = {str(one.name): one for one in plan.of(kind)}
    path = next((one.path for one in plan.of(ACCOUNT)), plan.path)
    for name in sorted(names - made.keys()):
        wrong = f"{name} is used by the code, and no {kind.rpartition('/')[2].removesuffix('s')} of that name is made"
        yield Finding(path, 1, wrong, "Make it")
    for name in sorted(made.keys() - names):
        yield about(made[name], "name", f"{name} is made, and the code does not use it", "Leave it out")


@cache
def names_used(method: str) -> tuple[str, ...]:
    """The names that the adapters give to a method of the SDK's clients; they are constants of their module."""
    found = []
    for path in sorted(Path(import_module("shared.adapters").__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
                (given,) = node.args
                module = import_module(f"shared.adapters.{path.stem}")
                found.append(getattr(module, given.id) if isinstance(given, ast.Name) else ast.literal_eval(given))
    return tuple(found)


def listened_to(functions: Path) -> Iterator[tuple[tuple[Path, int], tuple[str, str]]]:
    """Where the queue triggers are, each with its queue and connection."""
    for path in sorted(functions.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "queue_trigger"
            ):
                given = {one.arg: ast.literal_eval(one.value) for one in node.keywords}
                yield (path, node.lineno), (str(given.get("queue_name")), str(given.get("connection")))


RULES: tuple[Rule, ...] = (
    queues_are_those_of_the_code,
    tables_are_those_of_the_code,
    containers_are_those_of_the_code,
)
