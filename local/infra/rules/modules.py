"""Is a module there, is it given what it takes, and does it give what is read of it?"""

from collections.abc import Iterator

from local.infra.expressions import SPREAD, At, Entry, Expression, Member, Name, Nested, ObjectOf, Operation
from local.infra.findings import Finding
from local.infra.model import BicepFile, Module, Parameter
from local.infra.project import Project
from local.infra.rules.fitting import misfits
from local.infra.rules.kinds import Kinds
from local.infra.rules.names import near
from local.infra.walk import all_of

OF_A_MODULE = frozenset({"name", "scope", "params", "dependsOn", "identity", "extensionConfigs"})
REGISTRIES = ("br:", "br/", "ts:", "ts/")


def used(project: Project) -> Iterator[tuple[BicepFile, Module, BicepFile]]:
    """Each module with the file that uses it and the file that it is made of."""
    for file in project.files:
        for module in file.modules.values():
            made_of = project.used_by(file, module)
            if made_of:
                yield file, module, made_of


def paths(project: Project) -> Iterator[Finding]:
    """Modules that are not there, or that cannot be looked into."""
    for file in project.files:
        for one in file.modules.values():
            if one.path.startswith(REGISTRIES):
                wrong = f"the module '{one.path}' comes from a registry, which this checker cannot look into"
                yield Finding(file.path, one.line, wrong, "Use a module of your own")
            elif "\\" in one.path or one.path.startswith("/"):
                wrong = f"the path '{one.path}' is not relative, with '/' between its parts"
                yield Finding(file.path, one.line, wrong, "Write it from this file on", "BCP051")
            elif not project.used_by(file, one):
                wrong = f"there is no module '{one.path}'"
                yield Finding(file.path, one.line, wrong, "Correct the path", "BCP091")


def circles_of_files(project: Project) -> Iterator[Finding]:
    """Files that are modules of themselves."""
    by_path = {file.path: file for file in project.files}
    needs = {path: {made.path for user, _, made in used(project) if user.path == path} for path in by_path}
    for user, module, made in used(project):
        reached, waiting = {made.path}, [made.path]
        while waiting:
            new = needs[waiting.pop()] - reached
            reached |= new
            waiting += new
        if user.path in reached:
            wrong = f"the file is a module of itself, by way of '{module.path}'"
            yield Finding(user.path, module.line, wrong, "Break the circle", "BCP095")


def parameters(project: Project) -> Iterator[Finding]:
    """What is given to modules and not taken, wanted and not given, or does not fit."""
    for file, module, made_of in used(project):
        for entry in module.body.entries:
            if isinstance(entry.key, str) and entry.key not in OF_A_MODULE:
                wrong = f"a module has no '{entry.key}'"
                yield Finding(file.path, entry.line, wrong, near(entry.key, OF_A_MODULE), "BCP037")
        given = module.body.get("params")
        if given is None or isinstance(given, ObjectOf):
            yield from _of_module(project, file, module, made_of)


def _of_module(project: Project, file: BicepFile, module: Module, made_of: BicepFile) -> Iterator[Finding]:
    entries = {entry.key: entry for entry in module.parameters.entries if isinstance(entry.key, str)}
    if SPREAD not in entries:
        for name, taken in made_of.parameters.items():
            if taken.required and name not in entries:
                wrong = f"the module '{module.name}' is not given '{name}'"
                yield Finding(file.path, module.line, wrong, "Give it under params", "BCP035")
    kinds = Kinds(project, file)
    for name, entry in entries.items():
        if name in made_of.parameters:
            yield from _given(kinds, entry, made_of.parameters[name], made_of)
        elif name != SPREAD:
            wrong = f"the module '{module.name}' takes no '{name}'"
            yield Finding(file.path, entry.line, wrong, near(str(name), made_of.parameters), "BCP037")


def _given(kinds: Kinds, entry: Entry, taken: Parameter, made_of: BicepFile) -> Iterator[Finding]:
    for wrong in misfits(entry.value, taken, made_of, kinds):
        yield Finding(kinds.file.path, entry.line, wrong, f"See '{taken.name}' in {made_of.path.name}", "BCP036")


def outputs(project: Project) -> Iterator[Finding]:
    """What is read of modules that do not give it."""
    for file in project.files:
        for declaration in file.declarations:
            for one, own in all_of(declaration):
                if isinstance(one, Member):
                    yield from _read(project, file, one, own)


def _read(project: Project, file: BicepFile, one: Member, own: frozenset[str]) -> Iterator[Finding]:
    name = _module_of(one.of)
    if name in file.modules and name not in own and one.name not in ("outputs", "name"):
        wrong = f"the module '{name}' has no '{one.name}'"
        yield Finding(file.path, one.line, wrong, "Read its outputs", "BCP053")
    if not (isinstance(one.of, Member) and one.of.name == "outputs"):
        return
    name = _module_of(one.of.of)
    made_of = project.used_by(file, file.modules[name]) if name in file.modules and name not in own else None
    if made_of and one.name not in made_of.outputs:
        wrong = f"the module '{name}' has no output '{one.name}'"
        yield Finding(file.path, one.line, wrong, near(one.name, made_of.outputs), "BCP053")


def _module_of(expression: Expression) -> str:
    """The name of a module, of one of its loop, or of one that is surely there."""
    if isinstance(expression, At):
        expression = expression.of
    if isinstance(expression, Operation) and expression.operator == "postfix !":
        return _module_of(expression.operands[0])
    return expression.id if isinstance(expression, Name) else ""


def whole_loops(project: Project) -> Iterator[Finding]:
    """Resources and modules of a loop that are read as if they were one."""
    for file in project.files:
        many = {one.name for one in file.made if one.loop}
        for declaration in file.declarations:
            for one, own in all_of(declaration):
                of = one.of if isinstance(one, Member | Nested) else None
                if isinstance(of, Name) and of.id in many - own:
                    wrong = f"'{of.id}' is many and is read as one"
                    yield Finding(file.path, one.line, wrong, "Say which one: [0], or the index of a loop", "BCP144")
