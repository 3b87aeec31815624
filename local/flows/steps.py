"""Do a solution's flows use what it brings? Connections that are declared, parameters that are variables."""

from collections.abc import Callable, Iterator

from local.flows.order import BUILT_IN
from local.flows.package import Solution
from local.flows.texts import said

Check = Callable[[Solution], Iterator[str]]


def steps_call_declared_connections(solution: Solution) -> Iterator[str]:
    """A step names a connection that its flow declares, and that connection's connector; none is declared in vain."""
    for flow in solution.flows:
        used = set()
        for step in flow.steps:
            if not step.host:
                continue
            name = step.host["connectionName"]
            used.add(name)
            api = flow.references[name]["api"]["name"] if name in flow.references else None
            if api is None or step.host["apiId"].rpartition("/")[2] != api:
                yield f"{flow.part}: {step.name} calls {step.host['apiId']} by {name}, which is not declared"
        yield from (f"{flow.part}: nothing uses {name}" for name in flow.references.keys() - used)


def parameters_are_variables(solution: Solution) -> Iterator[str]:
    """A flow's parameters are environment variables of the solution, empty, and all of them are used."""
    for flow in solution.flows:
        used = said([flow.definition["triggers"], flow.definition["actions"]])
        for name, details in flow.definition["parameters"].items():
            if name in BUILT_IN:
                continue
            variable = solution.variables.get(details.get("metadata", {}).get("schemaName", ""))
            display = variable.find("displayname") if variable is not None else None
            if variable is None or display is None:
                yield f"{flow.part}: {name} is no environment variable of the solution"
            elif name != f"{display.get('default')} ({variable.get('schemaname')})":
                yield f"{flow.part}: {name} is called otherwise than its environment variable"
            elif details.get("defaultValue") != "":
                yield f"{flow.part}: {name} has a value"
            if f"parameters('{name}')" not in used:
                yield f"{flow.part}: nothing uses {name}"
    everything = said([step.own for flow in solution.flows for step in flow.steps])
    for schema in solution.variables:
        if f"({schema})" not in everything and schema not in everything.split():
            yield f"no flow uses the environment variable {schema}"


STEP_CHECKS: tuple[Check, ...] = (steps_call_declared_connections, parameters_are_variables)
