"""How do the calls of the flows look to a person? One page for a browser, wide or narrow. Pure."""

import html
from collections.abc import Sequence
from datetime import datetime

import msgspec

CALLS_SHOWN = 200
LONGEST_TEXT = 500
COLUMNS = ("received", "flow", "answer", "happened", "event", "what it says")
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="3"><title>Flow inbox</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .35rem 1rem .35rem 0; border-bottom: 1px solid #8885 }}
td, p, code {{ overflow-wrap: anywhere }}
.time {{ white-space: nowrap }}
.a2, .a3 {{ color: #18803b }} .a4 {{ color: #c06000; font-weight: 600 }} .a5 {{ color: #d02020; font-weight: 600 }}
@media (max-width: 900px) {{
  body {{ margin: 1rem }}
  table, tbody, tr, td {{ display: block }}
  tr:first-child {{ display: none }}
  tr {{ border-bottom: 1px solid #8885; padding: .5rem 0 }}
  td {{ border: 0; padding: 0 }}
  td::before {{ content: attr(data-is) ": "; opacity: .65 }}
}}
</style>
<h1>Flow inbox</h1>{content}</html>
"""
EMPTY = """<p>No flow has been called yet. Any name is a flow: subscribe with
<code>"callbackUrl": "{address}/flows/Mine"</code>, or try it at once:</p>
<p><code>curl {address}/flows/Mine -d '{{"type": "try"}}'</code></p>"""


class Call(msgspec.Struct, frozen=True):
    """One call of a flow: when it came, what it held, and how the flow answered."""

    number: int
    flow: str
    received_at: datetime
    status: int
    run_id: str
    headers: dict[str, str]
    body: object


def page(calls: Sequence[Call], address: str) -> str:
    """The newest calls, or how to make one."""
    if not calls:
        return PAGE.format(content=EMPTY.format(address=html.escape(address)))
    head = "".join(f"<th>{name}" for name in COLUMNS)
    rows = "".join(row(call) for call in reversed(calls[-CALLS_SHOWN:]))
    count = "1 call" if len(calls) == 1 else f"{len(calls)} calls"
    shown = f", the newest {CALLS_SHOWN} below" if len(calls) > CALLS_SHOWN else ""
    return PAGE.format(content=f"<p>{count}{shown}</p><table><tr>{head}</tr>{rows}</table>")


def row(call: Call) -> str:
    """One call in the page's table."""
    events = call.body if isinstance(call.body, list) else [call.body]
    event = events[0] if events and isinstance(events[0], dict) else {}
    data = event.get("data")
    says = data.get("summary", "") if isinstance(data, dict) else body_text(call.body)
    says = f"{says} (a list of {len(events)})" if isinstance(call.body, list) else says
    received = f"{call.received_at:%Y-%m-%d %H:%M:%S} UTC"
    texts = (received, call.flow, call.status, happened(event.get("time")), event.get("type", ""), says)
    kinds = ("time", "", f"a{call.status // 100}", "time", "", "")
    cells = zip(COLUMNS, kinds, texts, strict=True)
    return f"<tr>{''.join(cell(name, kind, str(text)[:LONGEST_TEXT]) for name, kind, text in cells)}</tr>"


def body_text(body: object) -> str:
    """What a call held that is no event of the app."""
    return body if isinstance(body, str) else msgspec.json.encode(body).decode()


def cell(column: str, kind: str, text: str) -> str:
    """One cell; what came from outside is only ever text."""
    return f'<td data-is="{column}" class="{kind}">{html.escape(text)}'


def happened(time: object) -> str:
    """The event's own time as the page writes times."""
    try:
        found = datetime.fromisoformat(str(time))
    except ValueError:
        return ""
    return f"{found:%Y-%m-%d %H:%M:%S} {found.tzname() or ''}".strip()
