"""The preview: everything that a maker sees, once; and what comes from outside is only ever text."""

import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.connector import makers_view
from local.connector.definition import SOURCE, Definition, read_definition
from local.connector.preview import main, page
from local.errors import LocalError
from tests.connector.small import CIRCLE, definition

VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """What is in a page: elements with their attributes, and texts; elements must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def having(self, attribute: str) -> list[str]:
        """The values of an attribute, in order."""
        return [str(attributes[attribute]) for _, attributes in self.elements if attribute in attributes]


def drawn(document: dict[str, object]) -> Page:
    return Page(page(Definition(document), b"PNG", "#123456"))


@pytest.fixture(scope="module", params=["small one", "the connector's"])
def shown(request: pytest.FixtureRequest) -> Definition:
    return Definition(definition()) if request.param == "small one" else read_definition()


def test_every_visible_operation_is_there_once_and_can_be_reached(shown: Definition) -> None:
    found = Page(page(shown, b"PNG", "#123456"))
    visible = {one.id for one in shown.operations if one.visibility != "internal"}
    assert Counter(found.having("data-operation")) == Counter(visible)
    assert Counter(one for one in found.having("href") if one.startswith("#")) == Counter(f"#{one}" for one in visible)
    assert set(found.having("data-operation")) <= set(found.having("id"))


def test_every_visible_field_is_there_once(shown: Definition) -> None:
    found = Page(page(shown, b"PNG", "#123456"))
    visible = [one for one in shown.operations if one.visibility != "internal"]
    fields = Counter(
        f"{one.id} {field.path}" for one in visible for field in one.fields if field.visibility != "internal"
    )
    assert Counter(found.having("data-field")) == fields


def test_every_output_is_there(shown: Definition) -> None:
    found = {text.strip() for text in Page(page(shown, b"PNG", "#123456")).texts}
    visible = [one for one in shown.operations if one.visibility != "internal"]
    assert {output.title for one in visible for output in makers_view.outputs_of(one)} <= found


def test_important_ones_come_first() -> None:
    found = drawn(definition()).having("data-operation")
    assert found == ["WhenItCrosses", "ListEnvironments", "CreateItem", "WhenItCrossesPolling"]


def test_a_field_looks_as_what_it_is() -> None:
    """Each kind of control, what fills it, and what counts without a value."""
    operations = Definition(definition()).by_id
    fields = {field.name: field for one in operations.values() for field in one.fields}
    kinds = {name: makers_view.control_of(fields[name]).kind for name in ("threshold", "direction", "again", "item")}
    assert kinds == {"threshold": "number", "direction": "drop-down", "again": "yes or no", "item": "dynamic fields"}
    where = {field.path: field for field in operations["CreateItem"].fields}["environmentId"]
    assert makers_view.control_of(where).filled_by == "ListEnvironments"
    defaults = [makers_view.default_of(fields[name]) for name in ("direction", "again", "threshold")]
    assert defaults == ["Above", "Yes", ""]


def test_an_output_is_named_after_what_it_is_in() -> None:
    """Not after the whole, nor after items without a name; a list stands aside for items with one."""
    operations = Definition(definition()).by_id
    named = {output.path: output.title for output in makers_view.outputs_of(operations["WhenItCrosses"])}
    assert named == {"id": "Event id", "time": "Time", "data.value": "Value", "data.watchId": "Watch"}
    assert makers_view.outputs_of(operations["ListEnvironments"])[1].title == "Environments Name"
    document = definition()
    document["definitions"]["Event"]["x-ms-summary"] = "Root"
    document["definitions"]["Event"]["properties"]["data"]["x-ms-summary"] = "Event"
    document["definitions"]["Environment"]["x-ms-summary"] = "Environment"
    operations = Definition(document).by_id
    assert [one.title for one in makers_view.outputs_of(operations["WhenItCrosses"])][2:] == [
        *("Root Event Value", "Root Event Watch")
    ]
    assert makers_view.outputs_of(operations["ListEnvironments"])[1].title == "Environment Name"


def test_an_object_that_is_described_is_an_output_too() -> None:
    """But the data of an event is not: it is all that is in it."""
    document = definition()
    event = document["definitions"]["Event"]["properties"]
    event["data"] |= {"x-ms-summary": "Event", "description": "What is known."}
    operation = Definition(document).by_id["WhenItCrosses"]
    assert ("Event", "data", "object") in {(one.title, one.path, one.kind) for one in makers_view.outputs_of(operation)}
    event["specversion"] = {"type": "string", "x-ms-visibility": "internal"}
    operation = Definition(document).by_id["WhenItCrosses"]
    assert "data" not in {one.path for one in makers_view.outputs_of(operation)}


def asked_for(**parameters: object) -> Definition:
    """A definition whose list of environments has the columns of an entity instead."""
    document = definition()
    asks = {"operationId": "GetEntitySchema", "parameters": parameters, "value-path": "schema"}
    document["definitions"]["Environments"] = {"type": "object", "x-ms-dynamic-schema": asks}
    return Definition(document)


@pytest.mark.parametrize(
    ("parameters", "shown", "sample"),
    [
        ({"use": "list"}, ("Items", "value[]", "The columns of the entity."), {"value": [makers_view.SAMPLE_ROW]}),
        (
            {"use": "read", "entityName": "Customer"},
            ("Columns", "", "The columns of the entity Customer."),
            makers_view.SAMPLE_ROW,
        ),
        (
            {"entityName": {"parameter": "entityName"}},
            ("Columns", "", "The columns of the entity."),
            makers_view.SAMPLE_ROW,
        ),
    ],
)
def test_rows_are_shown_as_they_come(
    parameters: dict[str, object], shown: tuple[str, str, str], sample: object
) -> None:
    """In a list below `value`, or one by itself; only the entity knows the columns."""
    whole = asked_for(**parameters)
    operation = whole.by_id["ListEnvironments"]
    assert [(one.title, one.path, one.description) for one in makers_view.outputs_of(operation)] == [shown]
    assert makers_view.sample_of(operation.output) == sample
    texts = [text.strip() for text in Page(page(whole, b"PNG", "#123456")).texts]
    assert texts.index(shown[2]) == texts.index(shown[0]) + 1


@pytest.mark.parametrize("use", ["list", "read"])
def test_the_rows_of_this_connector_are_shown(use: str) -> None:
    """Those that are many are in a list, those that are one are not."""
    rows = {
        "list": {"GetItems", "GetSegmentMembers", "SearchCustomers", "GetCustomerActivities"},
        "read": {"GetItem", "GetCustomer"},
    }
    found = {one.id: makers_view.outputs_of(one) for one in read_definition().actions}
    path = {"list": "value[]", "read": ""}[use]
    assert {id_ for id_, all_ in found.items() if [one.path for one in all_ if one.filled_by] == [path]} == rows[use]


def test_a_page_stands_alone() -> None:
    """No script, and nothing that is fetched from anywhere."""
    found = drawn(definition())
    assert not [tag for tag, _ in found.elements if tag in {"script", "link", "iframe"}]
    assert all(one.startswith("data:image/png;base64,") for one in found.having("src"))
    assert all(one.startswith("#") for one in found.having("href"))
    assert "url(" not in page(Definition(definition()), b"", "#123456")


HOSTILE = st.sampled_from(
    ["<script>alert(1)</script>", '" onload="x', "' onerror='x", "</style><b>", "&lt;", "{{ 7 * 7 }}"]
)


@given(HOSTILE, st.sampled_from(["title", "description", "summary", "x-ms-summary", "example", "displayName", "value"]))
def test_hostile_text_is_only_text(text: str, name: str) -> None:
    plain, hostile = definition(), spoiled(definition(), name, text)
    found, expected = drawn(hostile), drawn(plain)
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in expected.elements]
    assert [set(attributes) for _, attributes in found.elements] == [
        set(attributes) for _, attributes in expected.elements
    ]
    written = {text, json.dumps(text)[1:-1]}
    assert any(form in one for one in [*found.texts, *found.having("title")] for form in written)


def spoiled(node: Any, name: str, text: str) -> Any:
    """The document with a text put before every text of that name."""
    if isinstance(node, dict):
        return {
            key: text + part if key == name and isinstance(part, str) else spoiled(part, name, text)
            for key, part in node.items()
        }
    return [spoiled(one, name, text) for one in node] if isinstance(node, list) else node


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "deep" / "page.html")]) == 0
    text = (tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    assert json.loads(SOURCE.read_bytes())["info"]["title"] in text
    assert str(tmp_path) in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot be made"):
        main(["--out", str(tmp_path)])


def test_a_definition_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot be read"):
        main(["--definition", str(tmp_path / "none.json")])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "holds no JSON object"),
        ("{", "holds no JSON object"),
        ("{}", "is no definition: info is no object"),
        ('{"info": {}, "paths": []}', "paths is no object"),
        ('{"info": {}, "paths": {"/a": null}}', "/a is no object"),
        ('{"info": {}, "paths": {"/a": {"get": null}}}', "GET /a is no object"),
        ('{"info": {}, "paths": {"/a": {"get": {"operationId": "A"}}}}', "GET /a has no responses"),
        ('{"info": {}, "paths": {"/a": {"parameters": null}}}', "/a has parameters that are no objects"),
        (CIRCLE, "#/info: it leads back to itself"),
        ('{"info": {"$ref": "#/lost"}, "paths": {}}', "#/lost: it leads nowhere"),
    ],
)
def test_what_is_no_definition_is_one_line(tmp_path: Path, content: str, says: str) -> None:
    (file := tmp_path / "definition.json").write_text(content, encoding="utf-8")
    with pytest.raises(LocalError, match=says) as caught:
        main(["--definition", str(file), "--out", str(tmp_path / "page.html")])
    assert "\n" not in str(caught.value)
