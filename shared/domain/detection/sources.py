"""Which data source an ingestion task worked on. The API's tasks carry a friendly name only; its nodes carry both.

A name can be shared, or changed meanwhile, and a node shows only its latest run. So a task is given a source only when
nothing else fits: an exact end first, then what is left over. When unsure, no identifier is better than a wrong one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.domain.snapshot import Job, Node, Task

_End = tuple[str, datetime | None]


def sources_of(job: Job, nodes: Sequence[Node], known_names: Mapping[str, str]) -> dict[str, str]:
    """The identifier of each ingestion task of the job, by task key, where it is certain.

    `known_names` are the names that the sources had at the last look.
    """
    by_name: dict[str, list[Task]] = {}
    for task in job.tasks:
        if task.operation_type == "ingestion":
            by_name.setdefault(task.friendly_name, []).append(task)
    found: dict[str, str] = {}
    named, ends = _by_name(nodes, known_names), _by_end(job, nodes)
    for name, tasks in by_name.items():
        candidates = named.get(name)
        found |= _assign(job, tasks, candidates) if candidates else _assign_unnamed(job, tasks, ends)
    return found


def _by_name(nodes: Sequence[Node], known_names: Mapping[str, str]) -> dict[str, list[Node]]:
    """The nodes under the names that they have and had."""
    named: dict[str, list[Node]] = {}
    for node in nodes:
        for name in {node.friendly_name, known_names.get(node.identifier, node.friendly_name)}:
            named.setdefault(name, []).append(node)
    return named


def _by_end(job: Job, nodes: Sequence[Node]) -> dict[_End, list[Node]]:
    """The nodes whose latest run was in the job, by how and when it ended."""
    ends: dict[_End, list[Node]] = {}
    for node in nodes:
        if job.job_id in node.job_ids:
            ends.setdefault((node.status, node.ended_at), []).append(node)
    return ends


def _assign(job: Job, tasks: Sequence[Task], candidates: Sequence[Node]) -> dict[str, str]:
    """Several tasks of one name, several sources of that name."""
    if len(candidates) == 1:
        return {task.key: candidates[0].identifier for task in tasks}
    found = _exact(tasks, _by_end(job, candidates))
    taken = set(found.values())
    rest = [task for task in tasks if task.key not in found]
    left = [node for node in candidates if node.identifier not in taken]
    for narrower in (
        [node for node in left if node.identifier in job.identifiers],
        [node for node in left if job.job_id in node.job_ids],
    ):
        if len(left) > 1 and narrower:
            left = narrower
    if len(rest) == 1 and len(left) == 1:
        found[rest[0].key] = left[0].identifier
    return found


def _assign_unnamed(job: Job, tasks: Sequence[Task], ends: Mapping[_End, Sequence[Node]]) -> dict[str, str]:
    """A name that no source has any more: the end tells, or the one source that the job was asked for."""
    found = _exact(tasks, ends)
    alone = len(tasks) == 1 and not found and job.operation_type == "ingestion" and len(job.identifiers) == 1
    return {tasks[0].key: job.identifiers[0]} if alone else found


def _exact(tasks: Sequence[Task], ends: Mapping[_End, Sequence[Node]]) -> dict[str, str]:
    """Tasks whose job, status and end are those of one source only."""
    same = ((task, ends.get((task.status, task.ended_at), ())) for task in tasks)
    return {task.key: nodes[0].identifier for task, nodes in same if len(nodes) == 1}
