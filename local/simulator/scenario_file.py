"""Which keys may a scenario file have: the shape of the TOML, checked key by key."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from shared.domain.subscriptions import Trigger

Operation = Literal[
    "all",
    "ingestion",
    "unification",
    "segmentation",
    "measures",
    "enrichment",
    "export",
    "activity",
    "search",
    "insights",
]
Submission = Literal["scheduled", "onDemand"]
What = Literal["create", "delete", "rename", "deactivate", "activate"]
# What a key takes, for the person who wrote another word.
CHOICES: dict[str, tuple[str, ...]] = {
    "operation": get_args(Operation),
    "submission": get_args(Submission),
    "what": get_args(What),
    "trigger": tuple(Trigger),
}
EXAMPLE = "local/scenarios/day.toml"


class ScenarioError(ValueError):
    """A scenario file that cannot be played; the message names the file and the key in one line."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; `environment` is needed only where there are several."""

    environment: str = ""


class EnvironmentSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[environment] or [[environments]]."""

    id: str
    name: str


class DataSourceSection(Section, frozen=True):
    """[[data_sources]]."""

    id: str
    name: str


class SegmentSection(Section, frozen=True):
    """[[segments]]."""

    name: str
    display_name: str
    members: int


class MeasureSection(Section, frozen=True):
    """[[measures]]."""

    name: str
    display_name: str
    values: dict[str, str] = {}
    dimensions: list[str] = []
    rows: list[dict[str, Any]] = []


class ProcessSection(Section, frozen=True):
    """[[processes]]: an enrichment, an export or the like."""

    name: str
    operation: Operation
    id: str


class JobSection(Section, frozen=True):
    """[[jobs]]."""

    name: str
    at: str
    operation: Operation
    submission: Submission
    minutes: float
    only: list[str] = []
    failed: dict[str, str] = {}
    timed_out: list[str] = []
    skipped: list[str] = []
    aborted: list[str] = []
    outcomes: dict[str, str] = {}
    segments: dict[str, int] = {}
    measures: dict[str, dict[str, str]] = {}
    rows: list[dict[str, Any]] = []
    written_as: str = ""
    ends_as: str = ""


class EditSection(Section, frozen=True):
    """[[edits]]: what a person does to one segment, measure or data source."""

    at: str
    what: What
    segment: str = ""
    measure: str = ""
    data_source: str = ""
    to: str = ""


class SubscriptionSection(Section, frozen=True):
    """[[subscriptions]]."""

    flow: str
    trigger: Trigger
    at: str = ""
    filters: dict[str, Any] = {}


class ExpectSection(Section, frozen=True):
    """[[expect]]."""

    type: str
    subject: str
    time: str
    flow: str | list[str]


class GenerateSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[generate]: many segments that all cross one threshold in one job, each watched by a flow of its own."""

    segments: int
    job: str
    members: int
    grows_to: int
    threshold: int


class ScenarioFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    title: str
    start: datetime
    end: datetime
    environment: EnvironmentSection | None = None
    environments: list[EnvironmentSection] = []
    data_sources: list[DataSourceSection] = []
    segments: list[SegmentSection] = []
    measures: list[MeasureSection] = []
    processes: list[ProcessSection] = []
    jobs: list[JobSection] = []
    edits: list[EditSection] = []
    subscriptions: list[SubscriptionSection] = []
    expect: list[ExpectSection] = []
    generate: GenerateSection | None = None


def read_file(path: Path) -> ScenarioFile:
    """The file's content, or a ScenarioError that names what is wrong with it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(content, ScenarioFile)
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read ({error.strerror}); name a scenario such as {EXAMPLE}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{path}: {_told(error)}") from error


def _told(error: msgspec.ValidationError) -> str:
    text = str(error).replace("`$.", "`")
    choices = CHOICES.get(text.rstrip("`").rpartition(".")[2], ())
    return f"{text}; write one of {', '.join(choices)}" if choices and text.startswith("Invalid enum") else text
