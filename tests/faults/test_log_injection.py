"""Can what a caller or a service wrote forge a record of the log, hide one, or spoil what telemetry keeps of it?"""

import io
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from opentelemetry.sdk._logs import ReadableLogRecord

from shared.observability import one_line
from tests.access.conftest import call, functions, stage
from tests.access.houses import rebuilt
from tests.faults.log_ways import WAYS, Way
from tests.faults.profile import pick
from tests.faults.texts import TEXTS
from tests.functions.support import Caller
from tests.logs import guarding
from tests.services.stage import Stage
from tests.tally import Tally
from tests.telemetry.told import Told

__all__ = ["call", "functions", "stage"]
TRIED = pick(3, 1)  # every third text at each way, another third at the next
OURS = {
    *(
        "action",
        "environment_id",
        "subscription_id",
        "label",
        "verdict",
        "reason",
        "attempt",
        "events",
        "function_name",
    ),
    *("job_id", "kind", "queue", "message_id", "error", "suberror", "codes", "row", "exception", "environments"),
    *("tid", "oid", "client", "kid", "azp", "appid", "owner", "need"),
}
HEAD = re.compile(r"(INFO|WARNING|ERROR) (shared|functions|some)[.\w]* \S.*")


@dataclass(slots=True)
class Log:
    """What a handler wrote, and what telemetry was told."""

    text: io.StringIO
    told: Told

    def records(self) -> list[ReadableLogRecord]:
        """What telemetry has."""
        return list(self.told.logs.get_finished_logs())

    def clear(self) -> None:
        """Begin anew."""
        self.text.seek(0)
        self.text.truncate()
        self.told.logs.clear()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Log]:
    """The root logger as the worker has it, with a plain handler and the one that sends to telemetry."""
    text, told = io.StringIO(), Told()
    plain = logging.StreamHandler(text)
    plain.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    with guarding(plain, told.handler), caplog.at_level(logging.INFO):
        yield Log(text, told)
    told.close()


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_record_is_one_line_and_nobody_else_writes_one(way: Way, call: Caller, log: Log, tally: Tally) -> None:
    """In the plain log; an exception is lines that are indented. In telemetry its fields are what they were."""
    for text in TEXTS[WAYS.index(way) % TRIED :: TRIED]:
        log.clear()
        fields = await way(refurnished(), call, text)
        check_lines(log, text)
        check_fields(log, fields)
        tally.add()


def refurnished() -> Stage:
    """A house of which nothing is known yet, where the functions look for theirs."""
    made = Stage()
    rebuilt(ports=made.ports)
    return made


def check_lines(log: Log, text: str) -> None:
    """As many lines that begin a record as there are records, and nothing that a reader would not see."""
    written = log.text.getvalue()
    lines = written.splitlines()
    heads = [line for line in lines if not line.startswith("  ")]
    assert len(heads) == len(log.records()), f"{text[:80]!r}: {heads[:5]}"
    assert all(map(HEAD.fullmatch, heads)), f"{text[:80]!r}: {heads[:5]}"
    assert all(line.isprintable() for line in lines), f"{text[:80]!r}: {lines[:5]}"
    assert "\n".join((*lines, "")) == written if lines else not written


def check_fields(log: Log, fields: Mapping[str, str]) -> None:
    """They are ours, they are whole, and they can be sent."""
    for one in log.records():
        attributes = dict(one.log_record.attributes or {})
        assert attributes.keys() <= OURS
        assert str(attributes.get("action", "none")).isidentifier()
        json.dumps([str(one.log_record.body), attributes], ensure_ascii=False).encode()
        for name in fields.keys() & attributes.keys():
            assert attributes[name] == fields[name].encode(errors="backslashreplace").decode()


@pytest.mark.usefixtures("stage")
async def test_the_ways_do_lead_into_the_log(call: Caller, log: Log) -> None:
    """Each of them writes something, most of them the text itself, escaped."""
    silent, seen = [], []
    for way in WAYS:
        log.clear()
        await way(refurnished(), call, "a\u202eb")
        silent += [] if log.records() else [way.__name__]
        seen += [way.__name__] if "a\\u202eb" in log.text.getvalue() else []
    assert silent == []
    assert len(seen) >= 10, seen


def test_there_are_more_than_200_texts() -> None:
    assert len(TEXTS) > 200


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_escaped_a_text_is_one_line_and_still_tells_what_was_written(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert [line] == line.splitlines() or not text
    assert one_line(line) == line
