"""What does checkov, a scanner with rules for Azure, say of what is deployed, and of the files as they are written?

Its reader of Bicep is old, so it is given what the plans come to, as templates, and the files beside them. It runs in
an environment of its own and is kept from the network.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from local.children import ROOT
from local.errors import LocalError
from local.infra.deployable import deployable, full_name, template_of
from local.infra.findings import Check, Finding, NotDone, Note
from local.infra.plans import Plans, plans_of
from local.infra.project import Project
from local.package.environment import clean_environment

REQUIREMENTS = ROOT / "local" / "checkov" / "requirements.txt"
WHAT = "checkov, a scanner that the app knows nothing of, into an environment of its own"
SECONDS = 300
# Nothing may leave this machine: no key, no download, no upload, and no way out to try it.
OPTIONS = ("--framework", "bicep", "arm", "--skip-download", "--skip-results-upload", "--compact", "--output", "json")
NOWHERE = "http://127.0.0.1:9"
VARIABLES = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), NOWHERE),
    "NO_PROXY": "",
    "no_proxy": "",
    "LOG_LEVEL": "CRITICAL",
    "CHECKOV_ENABLE_DATA_COLLECTION": "false",
    "DO_NOT_TRACK": "1",
}
FOREIGN = ("BC_", "PRISMA_", "CKV_", "CHECKOV_", "DOWNLOAD_EXTERNAL_MODULES", "PYTHONPATH", "PYTHONHOME")
OPEN = ("dev", "main", "with registrations of one's own")
PRIVATE = ("test", "prod", "with everything")
ONE_ZONE = (*OPEN, "test", "prod")


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a rule is passed over; in some plans only, when they are named."""

    reason: str
    plans: tuple[str, ...] = ()


SKIPPED: Mapping[str, Skip] = {
    "CKV_AZURE_13": Skip("asks for the older Easy Auth; the gate 'a wall asks for tokens' is about version 2"),
    "CKV_AZURE_17": Skip("callers prove themselves by tokens; Power Automate has no client certificates"),
    "CKV_AZURE_35": Skip("open to the internet by identity only, where no private network is asked for", OPEN),
    "CKV_AZURE_36": Skip("with private endpoints no service of Azure needs a way around the firewall", PRIVATE),
    "CKV_AZURE_59": Skip("open to the internet by identity only, where no private network is asked for", OPEN),
    "CKV_AZURE_63": Skip("requests are in Application Insights"),
    "CKV_AZURE_65": Skip("error pages with details would tell callers too much; Application Insights has them"),
    "CKV_AZURE_66": Skip("failed requests are in Application Insights"),
    "CKV_AZURE_78": Skip("Flex Consumption has no FTP and refuses to be told so"),
    "CKV_AZURE_80": Skip("no .NET here"),
    "CKV_AZURE_88": Skip("Flex Consumption has no file shares; state is in blobs and tables"),
    "CKV_AZURE_109": Skip("open to the internet by identity only, where no private network is asked for", OPEN),
    "CKV_AZURE_189": Skip("open to the internet by identity only, where no private network is asked for", OPEN),
    "CKV_AZURE_206": Skip("data in another region helps no app in this one; zones do, and docs/operate.md on recovery"),
    "CKV_AZURE_212": Skip("Flex Consumption scales by itself; alwaysReady is a parameter"),
    "CKV_AZURE_213": Skip("Flex Consumption replaces instances by itself"),
    "CKV_AZURE_222": Skip("flows and the connector call from the internet; the wall asks them for tokens"),
    "CKV_AZURE_225": Skip("zones cost much more: they are for those who ask for them", ONE_ZONE),
}


@dataclass(frozen=True, slots=True)
class Scan:
    """What it said: of the plans and of the files; failures as rule, name of the rule, file, resource and line."""

    rules: int
    resources: int
    failed: tuple[tuple[str, str, str, str], ...]
    written: tuple[tuple[str, str, str, int], ...]
    unread: tuple[str, ...]
    files: int


def deployed(project: Project) -> Iterator[Finding | Note]:
    """What is wrong with what the plans deploy."""
    plans = plans_of(project)
    scan = scan_of(project)
    yield from failures(plans, scan.failed)
    skipped = f"{len(SKIPPED)} skipped with a reason"
    yield Note(f"{scan.rules} rules on {scan.resources} resources of {len(plans.known)} plans, {skipped}")


def as_written(project: Project) -> Iterator[Finding]:
    """What is wrong with the files that it can read. Raises NotDone for the others."""
    scan = scan_of(project)
    found = [(rule, name, file, line) for rule, name, file, line in scan.written if rule not in SKIPPED]
    for rule, name, file, line in found:
        yield Finding(project.root / file, line, f"{name} ({rule})", "Mend it, or add it to SKIPPED with a reason")
    if scan.unread and not found:
        read = f"it can read {scan.files - len(scan.unread)} of {scan.files} files"
        raise NotDone(f"{read}, not {', '.join(scan.unread)}; what those deploy is in the check above")


def failures(plans: Plans, failed: Iterable[tuple[str, str, str, str]]) -> Iterator[Finding]:
    """Each failure that is not skipped, and each skip that skips nothing."""
    by_name = {plan.name: plan for plan in plans.known}
    places = {
        (plan.name, f"{one.source.kind}.{full_name(one)}"): (one.path, one.source.line)
        for plan in plans.known
        for one in deployable(plan)
    }
    skipping = set()
    for rule, name, plan, resource in failed:
        skip = SKIPPED.get(rule)
        if skip and plan in (skip.plans or by_name):
            skipping.add(rule)
            continue
        path, line = places.get((plan, resource), (plans.main.path, 1))
        wrong = f"{resource.split('.', 2)[1]}: {name} ({rule})"
        advice = "Mend it, or add it to SKIPPED in local/infra/scanner.py with a reason"
        yield Finding(path, line, wrong, advice, plans=(plan,))
    for rule in sorted(SKIPPED.keys() - skipping):
        yield Finding(Path(__file__), 1, f"{rule} is skipped and does not fail", "Remove it from SKIPPED")


@lru_cache(maxsize=2)
def scan_of(project: Project) -> Scan:
    """Run it, once for a project. Raises NotDone when it cannot be had or does not answer."""
    plans = plans_of(project)
    try:
        python = clean_environment(REQUIREMENTS, what=WHAT)
    except LocalError as error:
        raise NotDone(f"checkov cannot be installed: {error}") from None
    with tempfile.TemporaryDirectory() as folder:
        named = laid_out(plans, Path(folder))
        return read(answer_of(python, Path(folder)), named, Path(folder), len(project.files))


def laid_out(plans: Plans, folder: Path) -> dict[str, str]:
    """Write plans and files into a folder; the plans' names by file."""
    named = {}
    for place, plan in enumerate(plans.known):
        name = f"plan-{place}.json"
        named[name] = plan.name
        (folder / name).write_text(template_of(plan), encoding="utf-8")
    root = plans.project.root
    for file in plans.project.files:
        copy = folder / "bicep" / file.path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, copy)
    return named


def answer_of(python: Path, folder: Path, seconds: float = SECONDS) -> Any:
    """What it says of a folder, as JSON. Raises NotDone."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    command = [str(python), "-m", "checkov.main", *OPTIONS, "--directory", str(folder)]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**inherited, **VARIABLES, "HOME": str(folder), "USERPROFILE": str(folder)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise NotDone(f"checkov gave no answer within {seconds:g} seconds") from None
    except ValueError:
        said = done.stderr.strip().splitlines() or ["nothing"]
        raise NotDone(f"checkov gave no answer that can be read, but {said[-1][:200]}") from None


def read(answer: Any, named: Mapping[str, str], folder: Path, files: int) -> Scan:
    """Take from its answer what is of use."""
    reports = {one["check_type"]: one for one in (answer if isinstance(answer, list) else [answer])}
    if "arm" not in reports:
        raise NotDone("checkov read no plan")
    arm, bicep = reports["arm"], reports.get("bicep")
    if arm["results"]["parsing_errors"]:
        raise NotDone(f"checkov cannot read {len(arm['results']['parsing_errors'])} of the plans")
    results = arm["results"]
    written = bicep["results"] if bicep else {"failed_checks": [], "parsing_errors": []}
    return Scan(
        rules=len({one["check_id"] for one in (*results["failed_checks"], *results["passed_checks"])}),
        resources=arm["summary"]["resource_count"],
        failed=tuple(
            (one["check_id"], one["check_name"], named[Path(one["file_path"]).name], one["resource"])
            for one in results["failed_checks"]
        ),
        written=tuple(
            (one["check_id"], one["check_name"], _written(one["file_path"]), line)
            for one in written["failed_checks"]
            for line in one["file_line_range"][:1]
        ),
        unread=tuple(sorted(_inside(one, folder) for one in written["parsing_errors"])),
        files=files,
    )


def _written(path: str) -> str:
    """A file as checkov names it, as its path inside the infrastructure."""
    return path.replace("\\", "/").lstrip("/").removeprefix("bicep/")


def _inside(path: str, folder: Path) -> str:
    """A file as its path inside the infrastructure."""
    whole = Path(path).resolve()
    start = (folder / "bicep").resolve()
    return whole.relative_to(start).as_posix() if whole.is_relative_to(start) else whole.name


SCANS: tuple[Check, ...] = (
    Check("checkov", "Does the scanner find nothing in what is deployed?", deployed, "checkov takes some seconds"),
    Check("checkov as written", "Does it find nothing in the files that it can read?", as_written),
)
