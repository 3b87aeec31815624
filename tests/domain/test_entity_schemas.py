"""The columns of an entity as a designer is shown them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.catalog import Attribute, Entity, Partition
from shared.domain.entity_schemas import Use, dimensions_schema, schema_of, use_of
from shared.domain.shown import shown_entity, shown_partition, spaced
from shared.errors import RequestInvalid
from tests.factories import START

NAMES = st.text(min_size=1, max_size=8)
TYPES = st.sampled_from(["string", "Int64", "decimal", "dateTime", "boolean", "guid", "a new type", ""])
ATTRIBUTES = st.lists(st.builds(Attribute, NAMES, NAMES, TYPES), max_size=6, unique_by=lambda one: one.name)


@st.composite
def entities(draw: st.DrawFn) -> Entity:
    attributes = draw(ATTRIBUTES)
    keys = [one.name for one in attributes if draw(st.booleans())]
    return Entity("E", "E", attributes=tuple(attributes), keys=tuple(keys))


@given(entities(), st.sampled_from(list(Use)))
def test_a_schema_has_the_columns_that_its_use_takes(entity: Entity, use: Use) -> None:
    """All of them; but a key is required of a new item, and is no column to be changed."""
    schema = json.loads(json.dumps(schema_of(entity, use)))
    if use is Use.LIST:
        assert schema["required"] == ["value"]
        schema = schema["properties"]["value"]["items"]
    columns = [one.name for one in entity.attributes]
    assert schema["type"] == "object"
    assert list(schema["properties"]) == [name for name in columns if use is not Use.UPDATE or name not in entity.keys]
    assert schema.get("required", []) == (list(entity.keys) if use is Use.CREATE else [])
    assert "required" not in schema or schema["required"]
    for one in entity.attributes:
        if one.name in schema["properties"]:
            shown = schema["properties"][one.name]
            assert shown["title"] == shown["x-ms-summary"] == one.display_name
            assert shown["type"] in ("string", "integer", "number", "boolean")


@pytest.mark.parametrize(
    ("vendor", "expected"),
    [
        ("string", {"type": "string"}),
        ("Int32", {"type": "integer", "format": "int32"}),
        ("int64", {"type": "integer", "format": "int64"}),
        ("decimal", {"type": "number"}),
        ("double", {"type": "number", "format": "double"}),
        ("Boolean", {"type": "boolean"}),
        ("date", {"type": "string", "format": "date"}),
        ("dateTime", {"type": "string", "format": "date-time"}),
        ("dateTimeOffset", {"type": "string", "format": "date-time"}),
        ("guid", {"type": "string", "format": "uuid"}),
        ("something", {"type": "string"}),
        ("", {"type": "string"}),
    ],
)
def test_a_type_is_what_the_vendor_calls_it(vendor: str, expected: dict[str, str]) -> None:
    """What is not known is a text."""
    entity = Entity("E", "E", attributes=(Attribute("C", "Column", vendor),))
    properties = schema_of(entity, Use.CREATE)["properties"]
    assert properties == {"C": {**expected, "title": "Column", "x-ms-summary": "Column"}}
    assert schema_of(entity, Use.READ)["properties"] == {"C": {**properties["C"], "x-nullable": True}}


@pytest.mark.parametrize("text", ["", "Read", "delete", "read "])
def test_another_use_is_a_mistake(text: str) -> None:
    with pytest.raises(RequestInvalid, match="read, list, create, update"):
        use_of(text)


def test_a_use_is_one_of_four() -> None:
    assert [use_of(use) for use in ("read", "list", "create", "update")] == list(Use)


def test_a_partition_is_shown_without_its_place() -> None:
    place = "https://account.blob.core.windows.net/a?sig=secret"
    partition = Partition("part", place, START, has_header=False)
    assert shown_partition(partition) == {"name": "part", "refreshedAt": START, "hasHeader": False}
    assert shown_partition(Partition("part", place)) == {"name": "part"}
    entity = Entity("E", "Shown", "profile", partitions=(partition,))
    assert shown_entity(entity) == {
        "name": "E",
        "displayName": "Shown",
        "type": "profile",
        "columns": 0,
        "partitions": 1,
    }
    assert "secret" not in repr(entity)


def test_a_list_has_its_items_and_a_link_that_designers_do_not_see() -> None:
    """With the words that a designer shows beside them."""
    entity = Entity("E", "E", attributes=(Attribute("C", "Column", "string"),))
    column = {"type": "string", "title": "Column", "x-ms-summary": "Column", "x-nullable": True}
    item = {"type": "object", "properties": {"C": column}}
    link = {"type": "string", "title": "Next link", "x-ms-summary": "Next link", "x-ms-visibility": "internal"}
    assert schema_of(entity, Use.LIST) == {
        "type": "object",
        "properties": {
            "value": {"type": "array", "title": "Items", "x-ms-summary": "Items", "items": item},
            "nextLink": link,
        },
        "required": ["value"],
    }


def test_dimensions_are_a_text_each() -> None:
    city = {"type": "string", "title": "City", "x-ms-summary": "City"}
    assert dimensions_schema(["City"]) == {"type": "object", "properties": {"City": city}}
    assert dimensions_schema([]) == {"type": "object", "properties": {}}


def test_an_entity_is_shown_with_all_that_is_known_of_it() -> None:
    column = Attribute("C", "Column", "string")
    assert shown_entity(Entity("E", "Shown", "profile", "Shop", START, (column, column))) == {
        "name": "E",
        "displayName": "Shown",
        "type": "profile",
        "dataSourceName": "Shop",
        "refreshedAt": START,
        "columns": 2,
        "partitions": 0,
    }


def test_a_word_of_the_api_is_written_as_people_write() -> None:
    assert [spaced(word) for word in ("derivedEntity", "all", "preEnrichment")] == [
        "Derived entity",
        "All",
        "Pre enrichment",
    ]
