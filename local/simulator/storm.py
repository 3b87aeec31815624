"""Many thresholds at once: the segments, subscriptions and events of a scenario's [generate] table."""

from collections.abc import Iterator

import msgspec

from local.simulator.model import Environment, Expected
from local.simulator.scenario_file import (
    GenerateSection,
    JobSection,
    ScenarioError,
    ScenarioFile,
    SegmentSection,
    SubscriptionSection,
)
from local.simulator.timeline import lay_out
from shared.domain.subscriptions import Trigger


def with_generated_sections(raw: ScenarioFile) -> ScenarioFile:
    """The file as if the generated segments and subscriptions were written in it, and grown by its job."""
    if raw.generate is None:
        return raw
    generate, names = raw.generate, list(_names(raw.generate))
    if generate.job not in {job.name for job in raw.jobs}:
        raise ScenarioError(f"generate: job: there is no job {generate.job!r}")
    segments = [SegmentSection(name=name, display_name=name, members=generate.members) for name in names]
    return msgspec.structs.replace(
        raw,
        segments=[*raw.segments, *segments],
        subscriptions=[*raw.subscriptions, *(_subscription(name, generate.threshold) for name in names)],
        jobs=[_grown(job, generate, names) for job in raw.jobs],
    )


def expected_events(raw: ScenarioFile, environments: tuple[Environment, ...], seed: int) -> Iterator[Expected]:
    """One crossing for each generated segment, when its task in the job ends."""
    if raw.generate is None:
        return
    home, names = environments[0], set(_names(raw.generate))
    job = next(job for job in home.jobs if job.name == raw.generate.job)
    for task in lay_out(job, home, seed).tasks:
        if task.part.key in names:
            name = task.part.identifier
            yield Expected("segment.threshold.crossed", f"segments/{name}", task.ends_at, (_flow(name),), home.id)


def _names(generate: GenerateSection) -> Iterator[str]:
    return (f"Generated{number:05}" for number in range(1, generate.segments + 1))


def _flow(segment: str) -> str:
    return f"Watch {segment}"


def _subscription(segment: str, threshold: int) -> SubscriptionSection:
    filters = {"segmentName": segment, "threshold": threshold, "direction": "above"}
    return SubscriptionSection(flow=_flow(segment), trigger=Trigger.SEGMENT_CROSSED, filters=filters)


def _grown(job: JobSection, generate: GenerateSection, names: list[str]) -> JobSection:
    if job.name != generate.job:
        return job
    return msgspec.structs.replace(job, segments={**job.segments, **dict.fromkeys(names, generate.grows_to)})
