"""Does a property have one of its allowed values, whichever way a deployment turns out? What is not known does not."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from local.infra.app_faults import fault_of_the_app
from local.infra.findings import Check, Finding, NotDone
from local.infra.plans import Plan, Planned, Plans, plans_of
from local.infra.project import Project
from local.infra.scope import Unknown, known

Rule = Callable[[Plans], Iterable[Finding]]
Right = Callable[[object], bool]
LONGEST = 120
OF_FORM = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Must:
    """What resources of a kind must be: the value at a path is right. `wanted` says it in words."""

    kind: str
    path: str
    right: Right
    wanted: str


def exactly(*values: object) -> Right:
    """One of these values, of the same type: 1 is not true."""
    return lambda found: any(type(found) is type(value) and found == value for value in values)


def each(plans: Iterable[Plan], musts: Iterable[Must]) -> Iterator[Finding]:
    """Where a plan has no such resource, or one that is not as it must be."""
    listed = tuple(plans)
    for must in musts:
        for plan in listed:
            made = plan.of(must.kind)
            if not made:
                yield Finding(plan.path, 1, f"there is no {must.kind}", "Make one", plans=(plan.name,))
            for one in made:
                yield from held(one, must)


def held(one: Planned, must: Must) -> Iterator[Finding]:
    """What is wrong with one resource."""
    value = one.at(must.path)
    if isinstance(value, Unknown) or not known(value) or not must.right(value):
        wrong = f"{one.source.name}: {must.path} is {shown(value)}"
        yield Finding(one.path, one.line_of(must.path), wrong, f"It must be {must.wanted}")


def shown(value: object) -> str:
    """A value as one reads it in Bicep."""
    if value is None:
        return "not set"
    if not known(value):
        return "not known: it depends on parameters"
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def about(one: Planned, path: str, wrong: str, advice: str) -> Finding:
    """A finding about a property of a resource."""
    return Finding(one.path, one.line_of(path), f"{one.source.name}: {wrong}", advice)


def check_of(rule: Rule) -> Check:
    """A check that asks what the rule's docstring says. A form that no rule expects is a finding, too."""

    def run(project: Project) -> Iterator[Finding]:
        plans = plans_of(project)
        try:
            yield from rule(plans)
        except Exception as error:
            if fault := fault_of_the_app():
                raise NotDone(str(fault)) from None
            if not isinstance(error, OF_FORM):
                raise
            wrong = f"something is of a form that the check cannot read ({type(error).__name__}: {error})"
            yield Finding(plans.main.path, 1, wrong, f"Look at what it asks: {rule.__doc__}")

    return Check(rule.__name__.replace("_", " "), (rule.__doc__ or "").strip(), run)
