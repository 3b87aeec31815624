"""Do alerts and workbook ask for metrics that the app tells, and is each of them shown and each alert explained?"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from local.infra.beside import line_of, repository_of, text_of
from local.infra.expressions import ArrayOf, Literal, ObjectOf
from local.infra.findings import Finding
from local.infra.gates_site import CONFIG
from local.infra.holding import Rule, about
from local.infra.kusto import Query, read_query
from local.infra.plans import Plan, Plans

if TYPE_CHECKING:
    from shared.domain.metrics import Metric

ALERT = "Microsoft.Insights/scheduledQueryRules"
MAILS = "Microsoft.Insights/actionGroups"
WORKBOOK = "Microsoft.Insights/workbooks"
ALERTS_FILE = "alerts.bicep"
WORKBOOK_FILE = "workbook.json"
RUNBOOK = "docs/operate.md"
OURS = "signals."
LOGGED = frozenset({"action", "reason", "environment_id"})  # properties of our log records


class Asked(NamedTuple):
    """A query, where it is written and who asks."""

    path: Path
    line: int
    who: str
    query: Query


def queries_are_of_what_there_is(plans: Plans) -> Iterator[Finding]:
    """Does each query name tables, columns and metrics that there are?"""
    for asked in every_query(plans):
        for problem in asked.query.problems:
            yield Finding(asked.path, asked.line, f"{asked.who}: {problem}", "Name what there is")
        for name in asked.query.texts:
            if name.startswith(OURS) and name not in our_metrics():
                advice = "Name one of shared/domain/metrics.py"
                yield Finding(asked.path, asked.line, f"{asked.who}: there is no metric {name}", advice)
        if asked.query.table == "AppMetrics" and not metrics_of(asked.query):
            yield Finding(asked.path, asked.line, f"{asked.who}: it names no metric of ours", "Say which it is about")


def queries_know_the_attributes(plans: Plans) -> Iterator[Finding]:
    """Does each query read only attributes that its metrics have, with values that they can have?"""
    for asked in every_query(plans):
        metrics = [our_metrics()[name] for name in metrics_of(asked.query)]
        if asked.query.table == "AppMetrics" and not metrics:
            continue  # of that the check above speaks
        allowed = {name for metric in metrics for name in metric.attributes}
        if asked.query.table == "AppTraces":
            allowed = set(LOGGED)
        for name in sorted(asked.query.properties - allowed):
            wrong = f"{asked.who}: there is no attribute {name}"
            advice = f"There is {', '.join(sorted(allowed))}" if allowed else "Leave it out: its table has none of ours"
            yield Finding(asked.path, asked.line, wrong, advice)
        for name, value in asked.query.values:
            values = {one for metric in metrics for one in metric.attributes.get(name, ())}
            if values and value not in values:
                wrong = f"{asked.who}: {name} is never '{value}'"
                yield Finding(asked.path, asked.line, wrong, f"It is one of: {', '.join(sorted(values))}")


def every_metric_is_on_the_workbook(plans: Plans) -> Iterator[Finding]:
    """Does the workbook show each metric?"""
    for plan in plans.known:
        shown = {name for asked in _of_workbook(plans, plan) for name in metrics_of(asked.query)}
        for name in sorted(our_metrics().keys() - shown):
            path = plans.project.root / WORKBOOK_FILE
            yield Finding(path, 1, f"{name} is not on the workbook", "Show it, or let the app not tell it")


def every_alert_is_explained(plans: Plans) -> Iterator[Finding]:
    """Has each alert a section in docs/operate.md, and each section there an alert?"""
    page = repository_of(plans.project) / RUNBOOK
    text = text_of(page)
    alerts = re.search(r"^## Alerts\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    sections = set(re.findall(r"^### (.+?)\s*$", alerts[1] if alerts else "", re.MULTILINE))
    keys = dict(keys_of_alerts(plans))
    for key in sorted(keys.keys() - sections):
        path, line = keys[key]
        yield Finding(path, line, f"nobody is told what to do when {key} goes off", f"Add '### {key}' to {RUNBOOK}")
    for section in sorted(sections - keys.keys()):
        yield Finding(page, line_of(text, f"### {section}"), f"there is no alert {section}", "Make it, or leave it out")


def every_alert_goes_off(plans: Plans) -> Iterator[Finding]:
    """Is each alert on, and does somebody get a mail, where environments are watched and addresses are given?"""
    for plan in plans.known:
        settings = [one for one in plan.of(CONFIG) if one.name == "appsettings"]
        watched = any(one.at("properties.ENVIRONMENTS") for one in settings)
        mailed = bool(plan.of(MAILS))
        for one in plan.of(ALERT):
            title = one.at("properties.displayName")
            if watched and one.at("properties.enabled") is not True:
                found = about(one, "properties.enabled", f"{title} is off", "Switch it on")
                yield found._replace(plans=(plan.name,))
            if mailed and not one.at("properties.actions.actionGroups"):
                yield about(one, "properties.actions", f"{title} tells nobody", "Name the action group")


def metrics_of(query: Query) -> list[str]:
    """Our metrics that it names."""
    return [name for name in query.texts if name in our_metrics()]


@cache
def our_metrics() -> "Mapping[str, Metric]":
    """Those of the code by name."""
    from shared.domain.metrics import METRICS

    return {metric.name: metric for metric in METRICS}


def keys_of_alerts(plans: Plans) -> Iterator[tuple[str, tuple[Path, int]]]:
    """The `key` of each rule, with its place."""
    for file in (one for one in plans.project.files if one.path.name == ALERTS_FILE):
        for variable in file.variables.values():
            for rule in variable.value.items if isinstance(variable.value, ArrayOf) else ():
                key = rule.get("key") if isinstance(rule, ObjectOf) else None
                if isinstance(key, Literal):
                    yield str(key.value), (file.path, key.line)


def every_query(plans: Plans) -> Iterator[Asked]:
    """Every query of alerts and workbook, as each plan deploys it."""
    for plan in plans.known:
        yield from _of_alerts(plan)
        yield from _of_workbook(plans, plan)


def _of_alerts(plan: Plan) -> Iterator[Asked]:
    for one in plan.of(ALERT):
        criteria = one.at("properties.criteria.allOf")
        for criterion in criteria if isinstance(criteria, list) else []:
            text = criterion.get("query")
            query = read_query(text) if isinstance(text, str) else Query("", problems=["its query is not known"])
            yield Asked(one.path, one.source.line, str(one.at("properties.displayName")), query)


def _of_workbook(plans: Plans, plan: Plan) -> Iterator[Asked]:
    path = plans.project.root / WORKBOOK_FILE
    written = text_of(path)
    for one in plan.of(WORKBOOK):
        data = one.at("properties.serializedData")
        try:
            items = json.loads(data if isinstance(data, str) else "")["items"]
        except (ValueError, KeyError):
            yield Asked(path, 1, "workbook", Query("", problems=["it is no workbook that can be read"]))
            continue
        for item in items:
            text = item["content"].get("query")
            if isinstance(text, str):
                line = line_of(written, json.dumps(text)[1:-1])
                yield Asked(path, line, str(item["content"].get("title") or "a part without a title"), read_query(text))


RULES: tuple[Rule, ...] = (
    queries_are_of_what_there_is,
    queries_know_the_attributes,
    every_metric_is_on_the_workbook,
    every_alert_is_explained,
    every_alert_goes_off,
)
