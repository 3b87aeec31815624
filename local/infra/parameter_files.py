"""Do the parameter files give what their Bicep file takes?"""

from collections.abc import Callable, Iterable, Iterator

from local.infra.evaluate import possibilities
from local.infra.expressions import Call, Expression, Literal, Name
from local.infra.findings import Finding
from local.infra.model import BicepFile, Output, ParameterFile, Variable
from local.infra.project import Project
from local.infra.rules import calls, kinds, names
from local.infra.rules.fitting import misfits_of_value
from local.infra.scope import Unknown, scope_of
from local.infra.walk import everything_of

# A parameter file is held to these as a Bicep file is.
RULES: tuple[Callable[[Project], Iterable[Finding]], ...] = (
    names.undeclared,
    names.declared_twice,
    names.unused,
    names.circles,
    calls.unknown_functions,
    calls.numbers_of_arguments,
    calls.only_as_default,
    calls.files_that_are_loaded,
    calls.lambdas,
    calls.loops,
    kinds.all_kinds,
)


def as_bicep(one: ParameterFile) -> BicepFile:
    """A parameter file as if its values were the outputs of a Bicep file."""
    values = (Output(value.name, None, value.value, value.decorators, value.line) for value in one.values)
    return BicepFile(one.path, "", (), (*one.variables, *values))


def as_project(project: Project) -> Project:
    """The parameter files as if they were Bicep files."""
    return Project(tuple(as_bicep(one) for one in project.parameter_files), (), project.root)


def as_written(project: Project) -> Iterator[Finding]:
    """What is wrong in parameter files by themselves."""
    for rule in RULES:
        yield from rule(as_project(project))


def against_bicep(project: Project) -> Iterator[Finding]:
    """What does not fit the Bicep file that a parameter file names."""
    for one in project.parameter_files:
        main = project.main_of(one)
        if main is None:
            wrong = f"it is for '{one.using}', which is not there" if one.using else "it does not say what it is for"
            yield Finding(one.path, 1, wrong, "Begin it with `using` and the path of a Bicep file", "BCP258")
            continue
        given = {value.name for value in one.values}
        for name, taken in main.parameters.items():
            if taken.required and name not in given:
                yield Finding(one.path, 1, f"'{name}' is not given", f"{main.path.name} wants it", "BCP258")
        for value in one.values:
            yield from _value(one, value, main)


def _value(one: ParameterFile, given: Variable, main: BicepFile) -> Iterator[Finding]:
    taken = main.parameters.get(given.name)
    if taken is None:
        wrong = f"{main.path.name} has no parameter '{given.name}'"
        yield Finding(one.path, given.line, wrong, names.near(given.name, main.parameters), "BCP259")
        return
    here = as_bicep(one)
    wanted = kinds.kind_of_type(taken.type, main)
    for value in possibilities(given.value, scope_of(here)):
        kind = kinds.Kinds(as_nothing(here), here).of(given.value) if isinstance(value, Unknown) else kinds.ANY
        if not kinds.fits(kind, wanted):
            yield Finding(
                one.path, given.line, f"'{given.name}' is {wanted} and is given {kind}", "Correct it", "BCP260"
            )
        for wrong in misfits_of_value(value, taken, main):
            yield Finding(one.path, given.line, wrong, f"See '{taken.name}' in {main.path.name}", "BCP260")


def as_nothing(file: BicepFile) -> Project:
    """A project of one file: what its kinds are asked for needs no other."""
    return Project((file,), (), file.path.parent)


def environment_variables(project: Project) -> Iterator[Finding]:
    """Names and defaults of environment variables that are computed: the compiler does not look at those."""
    for file in as_project(project).files:
        for expression in everything_of(file):
            if isinstance(expression, Call) and expression.name == "readEnvironmentVariable":
                for argument in expression.arguments:
                    if not _written_out(argument, file):
                        wrong = "what readEnvironmentVariable() is given is computed, and counts as not given"
                        advice = "Write the text out; choose behind it, with empty(value) ? other : value"
                        yield Finding(file.path, argument.line, wrong, advice, "BCP338")


def _written_out(expression: Expression, file: BicepFile) -> bool:
    if isinstance(expression, Name) and expression.id in file.variables:
        expression = file.variables[expression.id].value
    return isinstance(expression, Literal)
