"""Does each rule see what breaks it, and only that?"""

from pathlib import Path

import pytest

from local.infra.checks import GROUPS, Rule, readable
from local.infra.findings import Check, make
from local.infra.project import read_project
from tests.infra.defects_language import ADDED, CHANGED
from tests.infra.defects_meaning import CHANGED as CHANGED_MEANING
from tests.infra.sample import MAIN_FILE, Sample
from tests.infra.seeding import is_whole

ADDED_BEFORE = "output more object"
RULES = [rule for _, rules in GROUPS.values() for rule in rules]
DEFECTS = [
    *(
        (rule, (MAIN_FILE, ADDED_BEFORE, f"{line}\n{ADDED_BEFORE}", says))
        for rule, many in ADDED.items()
        for line, says in many
    ),
    *((rule, defect) for changed in (CHANGED, CHANGED_MEANING) for rule, many in changed.items() for defect in many),
]


def name_of(rule: Rule) -> str:
    """A rule with its module."""
    return f"{rule.__module__.rpartition('.')[2]}.{rule.__name__}"


def broken(folder: Path) -> dict[str, str]:
    """The rules that are broken, with what they say. What cannot be read is asked no more."""
    project = read_project(folder)
    found: dict[str, str] = {}
    for rule in RULES[:1] if list(readable(project)) else RULES:
        findings = make(Check("", "", rule), project).findings
        assert all(map(is_whole, findings)), findings
        if findings:
            found[name_of(rule)] = "\n".join(f"{one.wrong}. {one.advice}" for one in findings)
    return found


def test_a_good_infrastructure_breaks_no_rule(tmp_path: Path) -> None:
    """It has every construct, so what the other tests change is what their rule finds."""
    assert broken(Sample().write(tmp_path)) == {}


@pytest.mark.parametrize(
    ("rule", "defect"), DEFECTS, ids=[f"{name_of(rule)}-{number}" for number, (rule, _) in enumerate(DEFECTS)]
)
def test_a_defect_breaks_its_own_rule_and_no_other(
    rule: Rule, defect: tuple[str, str, str, str], tmp_path: Path
) -> None:
    """It says what is wrong, or what to do."""
    file, old, new, says = defect
    sample = Sample()
    sample.change(file, old, new)
    found = broken(sample.write(tmp_path))
    assert list(found) == [name_of(rule)]
    assert says in found[name_of(rule)]


def test_every_rule_was_broken_once() -> None:
    """A rule that nothing breaks might see nothing."""
    assert {rule for rule, _ in DEFECTS} == set(RULES)


def test_a_comment_silences_one_rule_in_the_line_below(tmp_path: Path) -> None:
    """As it silences the compiler."""
    sample = Sample()
    sample.change(MAIN_FILE, ADDED_BEFORE, f"#disable-next-line no-unused-vars // later\nvar left = 1\n{ADDED_BEFORE}")
    assert broken(sample.write(tmp_path)) == {}
    sample.change(MAIN_FILE, "#disable-next-line no-unused-vars", "#disable-next-line no-unused-params")
    assert list(broken(sample.write(tmp_path))) == ["names.unused"]
