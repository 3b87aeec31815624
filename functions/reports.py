"""Status reports, ready to send."""

from dataclasses import replace

import azure.functions as func

from functions.access import guarded
from functions.answers import json_answer
from functions.requests import query_of
from shared.bootstrap import house
from shared.domain.asking import environment
from shared.domain.callers import Caller
from shared.domain.report_formats import as_card, as_html, as_markdown
from shared.domain.reports import Report
from shared.domain.shown import shown_fields
from shared.observability import redact
from shared.services.act import act
from shared.services.status_report import status_report

reports = func.Blueprint()


@reports.route(
    route="environments/{environmentId}/reports/{reportType}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@guarded
async def send_status_report(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """Send the status report: a headline, and HTML for a mail."""
    report = await _report(req, caller)
    told = {"title": report.title, "summary": report.summary, "healthy": report.healthy}
    return json_answer(200, {**told, "generatedAt": report.generated_at, "html": as_html(report)})


@reports.route(
    route="v2/environments/{environmentId}/reports/{reportType}",
    methods=["GET"],
    auth_level=func.AuthLevel.ANONYMOUS,
)
@guarded
async def send_status_report_v2(req: func.HttpRequest, caller: Caller) -> func.HttpResponse:
    """The same with its rows, and as Markdown and an Adaptive Card too."""
    report = await _report(req, caller)
    formats = {"html": as_html(report), "markdown": as_markdown(report), "adaptiveCard": as_card(report)}
    return json_answer(200, {**shown_fields(report), **formats})


async def _report(req: func.HttpRequest, caller: Caller) -> Report:
    query_of(req, ())
    ports, place = house().ports, environment(req.route_params)
    kind = req.route_params["reportType"]
    return _without_secrets(await status_report(act(ports, caller, place), place, kind, ports.clock()))


def _without_secrets(report: Report) -> Report:
    """The details are what Customer Insights says of errors, which may quote an address with its signature."""
    return replace(
        report,
        sections=tuple(
            replace(section, rows=tuple(replace(row, detail=redact(row.detail)) for row in section.rows))
            for section in report.sections
        ),
    )
