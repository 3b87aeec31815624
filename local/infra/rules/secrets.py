"""Can a secret end up where it is kept, in the history of deployments?"""

from collections.abc import Iterator

from local.infra.expressions import Call, Expression, Literal, Name
from local.infra.findings import Finding
from local.infra.model import BicepFile
from local.infra.project import Project
from local.infra.rules.modules import used
from local.infra.walk import NONE, Names, all_of, with_own_names


def secret_in(expression: Expression, file: BicepFile, seen: Names = NONE) -> str:
    """A secret that an expression holds, also by way of variables; empty when there is none."""
    for one, own in with_own_names(expression):
        if isinstance(one, Call) and (one.name == "getSecret" or one.name.startswith("list")):
            return f"{one.name}()"
        if isinstance(one, Name) and one.id not in own | seen:
            parameter, variable = file.parameters.get(one.id), file.variables.get(one.id)
            if parameter and parameter.secure:
                return one.id
            if variable and (found := secret_in(variable.value, file, seen | {one.id})):
                return found
    return ""


def in_outputs(project: Project) -> Iterator[Finding]:
    """Outputs that hold a secret."""
    for file in project.files:
        for output in file.outputs.values():
            secret = "" if output.decorators.has("secure") else secret_in(output.value, file)
            if secret:
                wrong = f"the output '{output.name}' holds a secret ({secret})"
                yield Finding(file.path, output.line, wrong, "Leave it out", "outputs-should-not-contain-secrets")


def given_to_modules(project: Project) -> Iterator[Finding]:
    """Secrets that are given to a parameter which is not secure."""
    for file, module, made_of in used(project):
        for entry in module.parameters.entries:
            taken = made_of.parameters.get(entry.key) if isinstance(entry.key, str) else None
            secret = secret_in(entry.value, file)
            if taken and secret and not taken.secure:
                wrong = f"the module '{module.name}' is given a secret ({secret}) as '{taken.name}', not secure"
                yield Finding(file.path, entry.line, wrong, f"Put @secure() in front of it in {made_of.path.name}")


def defaults(project: Project) -> Iterator[Finding]:
    """Secure parameters with a default, which everyone can read."""
    for file in project.files:
        for parameter in file.parameters.values():
            default = parameter.default
            empty = isinstance(default, Literal) and default.value in ("", None)
            made = isinstance(default, Call) and default.name == "newGuid"
            if parameter.secure and default is not None and not empty and not made:
                wrong = f"the secure parameter '{parameter.name}' has a default"
                yield Finding(file.path, parameter.line, wrong, "Take the default out", "secure-parameter-default")


def where_secrets_of_a_vault_stand(project: Project) -> Iterator[Finding]:
    """getSecret() that is not given to a parameter of a module as it is."""
    for file in project.files:
        given = {id(entry.value) for module in file.modules.values() for entry in module.parameters.entries}
        for declaration in file.declarations:
            for one, _ in all_of(declaration):
                if isinstance(one, Call) and one.name == "getSecret" and one.of is not None and id(one) not in given:
                    wrong = "getSecret() stands elsewhere than at a parameter of a module"
                    yield Finding(file.path, one.line, wrong, "Give it to a module's secure parameter", "BCP180")
