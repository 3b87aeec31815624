"""Is what checkov says heard, only that, and does it say it without a way out of this machine?"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from local.children import ROOT
from local.infra.deployable import full_name, template_of
from local.infra.findings import NotDone, make
from local.infra.main import all_checks
from local.infra.plans import Plans, plans_of
from local.infra.project import read_project
from local.infra.scanner import SCANS, SKIPPED, answer_of, failures, laid_out, read

STAND_IN = """import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "variables": dict(os.environ)}))
"""


@pytest.fixture(scope="module")
def plans() -> Plans:
    """Those of our own infrastructure."""
    return plans_of(read_project(ROOT / "infra"))


def skipped(plans: Plans) -> list[tuple[str, str, str, str]]:
    """A failure for every skip, in every plan that it is for."""
    names = [plan.name for plan in plans.known]
    return [(rule, "x", name, "Microsoft.X/y.z") for rule, skip in SKIPPED.items() for name in skip.plans or names]


def stand_in(folder: Path, text: str) -> Path:
    """A checkov that does what the text says; the folder that it is started in."""
    (folder / "checkov").mkdir()
    (folder / "checkov" / "__init__.py").touch()
    (folder / "checkov" / "main.py").write_text(text, encoding="utf-8")
    return folder


def answer(**results: Any) -> list[dict[str, Any]]:
    """What it says of one plan and one file."""
    empty: dict[str, list[Any]] = {"failed_checks": [], "passed_checks": [], "parsing_errors": []}
    arm = {"check_type": "arm", "results": empty | results, "summary": {"resource_count": 3}}
    return [arm, {"check_type": "bicep", "results": empty, "summary": {}}]


def failure(rule: str, file: str, resource: str = "Microsoft.X/y.z") -> dict[str, object]:
    """A failed check."""
    return {
        "check_id": rule,
        "check_name": "Is it so?",
        "file_path": file,
        "resource": resource,
        "file_line_range": [7, 9],
    }


def test_a_failure_is_found_where_the_template_says_it(plans: Plans) -> None:
    (account,) = plans.known[0].of("Microsoft.Storage/storageAccounts")
    failed = ("CKV_NEW", "Is it so?", "dev", f"Microsoft.Storage/storageAccounts.{account.name}")
    (finding,) = failures(plans, [*skipped(plans), failed])
    assert (finding.path.name, finding.line) == ("storage.bicep", account.source.line)
    assert "CKV_NEW" in finding.wrong
    assert finding.plans == ("dev",)


def test_a_skip_holds_only_in_the_plans_that_it_is_for(plans: Plans) -> None:
    """Storage that is open to the internet is no finding in dev, and one in prod."""
    assert list(failures(plans, skipped(plans))) == []
    (finding,) = failures(plans, [*skipped(plans), ("CKV_AZURE_35", "Is it closed?", "prod", "Microsoft.X/y.z")])
    assert "CKV_AZURE_35" in finding.wrong


@pytest.mark.parametrize("rule", sorted(SKIPPED))
def test_a_skip_that_skips_nothing_is_a_finding(plans: Plans, rule: str) -> None:
    failed = [one for one in skipped(plans) if one[0] != rule]
    assert [one.wrong for one in failures(plans, failed)] == [f"{rule} is skipped and does not fail"]


def test_every_skip_has_a_reason_and_names_plans_that_there_are(plans: Plans) -> None:
    names = {plan.name for plan in plans.known}
    assert all(len(skip.reason) > 10 and set(skip.plans) <= names for skip in SKIPPED.values())


def test_the_template_of_a_plan_has_every_resource_with_its_whole_name(plans: Plans) -> None:
    template = json.loads(template_of(plans.known[0]))
    names = {(one["type"], one["name"]) for one in template["resources"]}
    assert any(kind.endswith("/queues") and name.endswith("/default/deliveries") for kind, name in names)
    assert not [one for one in template["resources"] if "parent" in one or one["type"].startswith("Microsoft.Graph")]
    assert full_name(plans.known[0].of("Microsoft.KeyVault/vaults")[0]).startswith("kv-")


def test_plans_and_files_are_laid_out_beside_one_another(plans: Plans, tmp_path: Path) -> None:
    named = laid_out(plans, tmp_path)
    assert sorted(named.values()) == sorted(plan.name for plan in plans.known)
    assert all((tmp_path / name).is_file() for name in named)
    assert (tmp_path / "bicep" / "modules" / "storage.bicep").is_file()


def test_it_is_started_without_keys_and_without_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BC_API_KEY", "PRISMA_API_URL", "CKV_SKIP_CHECK", "DOWNLOAD_EXTERNAL_MODULES"):
        monkeypatch.setenv(name, "x")
    said = answer_of(Path(sys.executable), stand_in(tmp_path, STAND_IN))
    assert {"--skip-download", "--skip-results-upload"} <= set(said["arguments"])
    assert not {"--bc-api-key", "--support"} & set(said["arguments"])
    assert not [name for name in said["variables"] if name.startswith(("BC_", "PRISMA_", "CKV_", "DOWNLOAD_"))]
    assert said["variables"]["HTTPS_PROXY"] == said["variables"]["http_proxy"] == "http://127.0.0.1:9"
    assert said["variables"]["USERPROFILE" if os.name == "nt" else "HOME"] == str(tmp_path)


@pytest.mark.parametrize("text", ["print('no json')", "raise SystemExit('it broke')", "import no_such_module"])
def test_an_answer_that_cannot_be_read_is_not_done(tmp_path: Path, text: str) -> None:
    with pytest.raises(NotDone, match="no answer that can be read"):
        answer_of(Path(sys.executable), stand_in(tmp_path, text))


def test_an_answer_in_time_or_none(tmp_path: Path) -> None:
    with pytest.raises(NotDone, match=r"within 0\.1 seconds"):
        answer_of(Path(sys.executable), stand_in(tmp_path, "import time; time.sleep(60)"), seconds=0.1)


def test_rules_resources_and_failures_are_counted(tmp_path: Path) -> None:
    passed = [failure("A", "/plan-0.json"), failure("A", "/plan-0.json"), failure("B", "/plan-0.json")]
    said = answer(failed_checks=[failure("C", "/plan-0.json")], passed_checks=passed)
    scan = read(said, {"plan-0.json": "dev"}, tmp_path, 2)
    assert (scan.rules, scan.resources, scan.files) == (3, 3, 2)
    assert scan.failed == (("C", "Is it so?", "dev", "Microsoft.X/y.z"),)


def test_files_that_it_cannot_read_are_named_as_ours(tmp_path: Path) -> None:
    said = answer()
    said[1]["results"] = said[1]["results"] | {
        "parsing_errors": [str(tmp_path / "bicep" / "modules" / "app.bicep")],
        "failed_checks": [failure("D", "/bicep/main.bicep")],
    }
    scan = read(said, {}, tmp_path, 2)
    assert scan.unread == ("modules/app.bicep",)
    assert scan.written == (("D", "Is it so?", "main.bicep", 7),)


def test_it_can_be_left_out(tmp_path: Path) -> None:
    scans = {check.name for check in SCANS}
    assert scans <= {check.name for check in all_checks(tmp_path)}
    assert not scans & {check.name for check in all_checks(tmp_path, scanner=False)}


def test_plans_that_it_cannot_read_are_not_done(tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="1 of the plans"):
        read(answer(parsing_errors=["plan-0.json"]), {}, tmp_path, 1)
    with pytest.raises(NotDone, match="read no plan"):
        read([], {}, tmp_path, 1)


def test_the_scanner_itself_finds_nothing_in_what_we_deploy() -> None:
    """Really run, with rules that were applied; it installs checkov the first time."""
    made = make(SCANS[0], read_project(ROOT / "infra"))
    assert (made.findings, made.not_done) == ((), "")
    assert int(made.notes[0].split(" rules on ")[0]) > 40
