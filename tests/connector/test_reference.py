"""The pages that follow from the definition: nothing drifts, nothing hand-written is lost."""

import json
import re
from pathlib import Path

import pytest

from local.connector.definition import Definition, read_definition
from local.connector.main import PARTS
from local.connector.main import main as connector
from local.connector.reference import (
    ACTIONS,
    BEGIN,
    END,
    README,
    TRIGGERS,
    between_marks,
    differences,
    entries,
    pages,
    tell,
    write,
)
from local.connector.rendering import in_cell
from local.errors import LocalError
from tests.connector.small import definition

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with pages that have their marks."""
    for page in (ACTIONS, README):
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text(f"# By hand\n\n{BEGIN}\nold\n{END}\n\nAlso by hand\n", encoding="utf-8")
    return tmp_path


def test_the_pages_say_what_the_definition_says() -> None:
    assert differences(pages(read_definition())) == {}, "run ./dev connector docs"


def test_the_pages_name_every_visible_operation_and_its_fields() -> None:
    whole = read_definition()
    made = pages(whole)
    for one in (*whole.triggers, *whole.actions):
        assert f"`{one.id}`" in made[TRIGGERS if one.trigger else ACTIONS]
        assert f"**{one.summary}**" in made[README]
        shown = [field for field in one.fields if field.visibility != "internal"]
        assert all(
            f"`{field.path}`" in made[TRIGGERS if one.trigger else ACTIONS] for field in shown if one.trigger != "batch"
        )


def test_the_readme_has_the_sections_of_certification() -> None:
    text = (ROOT / README).read_text(encoding="utf-8")
    titles = [line.lstrip("# ").partition(":")[0] for line in text.splitlines() if re.match(r"##? ", line)]
    assert titles == [
        "Customer Insights Signals",
        "Publisher",
        "Prerequisites",
        "Supported Operations",
        "Obtaining Credentials",
        "Known Issues and Limitations",
        "Deployment Instructions",
    ]


@pytest.mark.parametrize("page", [TRIGGERS, ACTIONS, README, Path("docs/connector.md")], ids=str)
def test_every_link_of_these_pages_leads_somewhere(page: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    missing = [link for link in links if not link.startswith("https://") and not (ROOT / page.parent / link).exists()]
    assert missing == []


def test_what_is_written_by_hand_stays(root: Path) -> None:
    made = pages(Definition(definition()), root)
    write(made, root)
    text = (root / ACTIONS).read_text(encoding="utf-8")
    assert text.startswith(f"# By hand\n\n{BEGIN}\n")
    assert text.endswith(f"{END}\n\nAlso by hand\n")
    assert "old" not in text
    assert pages(Definition(definition()), root) == made


def test_the_twins_differ_as_the_page_says() -> None:
    """In nothing but where their fields are, Dimensions as a text, Top count, and no Label."""
    whole = read_definition()
    for twin in (one for one in whole.triggers if one.trigger == "batch"):
        fields = {one.path: one for one in twin.fields if one.visibility != "internal"}
        webhook = {one.name: one for one in whole.by_id[twin.id.removesuffix("Polling")].fields}
        assert not [path for path in fields if path.startswith("body/")]
        assert fields.keys() - webhook.keys() == {"top"}
        assert {name for name in webhook.keys() - fields.keys() if webhook[name].visibility != "internal"} == {"label"}
        kind = {
            name: (webhook[name].value_schema["type"], one.value_schema["type"])
            for name, one in fields.items()
            if name in webhook
        }
        others = {name: pair for name, pair in kind.items() if pair[0] != pair[1]}
        assert others == ({"dimensions": ("object", "string")} if "dimensions" in fields else {})
        assert (fields["top"].value_schema["default"], fields["top"].value_schema["maximum"]) == (100, 1000)


def test_a_change_of_the_definition_is_seen(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(pages(Definition(definition()), root), root)
    changed = json.loads(json.dumps(definition()).replace("The level that is watched", "The level to watch"))
    found = differences(pages(Definition(changed), root), root)
    assert list(found) == [TRIGGERS]
    assert tell(found) == 1
    said = capsys.readouterr().out
    assert "run ./dev connector docs" in said
    assert "The level to watch" in said
    assert tell({}) == 0


def test_a_page_without_its_marks_is_one_line(root: Path) -> None:
    (root / ACTIONS).write_text(f"# By hand\n{END}\n{BEGIN}\n", encoding="utf-8")
    with pytest.raises(LocalError, match="no place"):
        between_marks(root / ACTIONS, "text")


def test_outputs_that_another_has_told_are_not_told_again() -> None:
    document = definition()
    document["paths"]["/api/again"] = {"get": {**document["paths"]["/api/environments"]["get"], "operationId": "Again"}}
    first, second, _ = entries(Definition(document), Definition(document).actions)
    assert (first.same_as, second.same_as) == ("", first.operation.summary)
    asks = {"operationId": "GetEntitySchema", "parameters": {"use": "list"}, "value-path": "schema"}
    document["definitions"]["Environments"] = {"type": "object", "x-ms-dynamic-schema": asks}
    first, second, _ = entries(Definition(document), Definition(document).actions)
    assert (first.outputs, second.same_as) == (second.outputs, ""), "rows of two entities are not the same"


@pytest.mark.parametrize(
    ("text", "written"), [("a | b", "a \\| b"), ("<b>", "&lt;b>"), ("one\n two", "one two"), ("a\\|b", "a\\\\\\|b")]
)
def test_a_text_stays_in_its_cell(text: str, written: str) -> None:
    assert in_cell(text) == written


def test_the_command_checks_without_writing(capsys: pytest.CaptureFixture[str]) -> None:
    before = (ROOT / TRIGGERS).read_bytes()
    assert connector(["docs", "--check"]) == 0
    assert (ROOT / TRIGGERS).read_bytes() == before
    assert capsys.readouterr().out == ""


def test_help_names_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        connector(["--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert all(f"  {part} " in said for part in PARTS)


@pytest.mark.parametrize("arguments", [[], ["bild"]])
def test_a_wrong_part_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        connector(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("part", ["build", "preview", "docs", "icon"])
def test_each_part_has_a_help_of_its_own(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        connector([part, "--help"])
    assert caught.value.code == 0
    assert f"./dev connector {part}" in capsys.readouterr().out
