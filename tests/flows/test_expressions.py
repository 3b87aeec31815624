"""What expressions come to, and that no value can end a text, a tag or a card that it is put into."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flows.expressions import ExpressionError, Function, evaluated
from tests.flows.functions import FUNCTIONS, holds
from tests.flows.html import Reader

EVENT = {
    "body": {
        "time": "2026-03-02T02:10:00Z",
        "data": {"name": "Web", "value": 50, "share": 0.5, "none": None, "list": ["a", 1]},
    }
}
KNOWN: dict[str, Function] = {
    **FUNCTIONS,
    "triggerOutputs": lambda: EVENT,
    "triggerBody": lambda: EVENT["body"],
    "outputs": lambda name: {"is": name},
}
COMES_TO: dict[str, Any] = {
    "plain text": "plain text",
    "": "",
    "@triggerBody()?['data']?['value']": 50,
    "@triggerOutputs()?['body/data/value']": 50,
    "@triggerOutputs()?['body/data/absent']": None,
    "@triggerOutputs()?['body/absent/absent']": None,
    "@triggerBody()?['absent']?['absent']": None,
    "@triggerBody().data.name": "Web",
    "@triggerBody()['data']['list'][1]": 1,
    "value: @{triggerBody()['data']['value']}.": "value: 50.",
    "@{triggerBody()['data']['value']}": "50",
    "@{triggerBody()?['data']?['share']}": "0.5",
    "@{triggerBody()?['data']?['none']}": "",
    "@{triggerBody()?['data']?['list']}": '["a",1]',
    "@@{triggerBody()}": "@{triggerBody()}",
    "a @@{b} c": "a @{b} c",
    "@@name": "@name",
    "me@contoso.example": "me@contoso.example",
    "@{'}'}{": "}{",
    "@coalesce('it''s one')": "it's one",
    "@outputs('A ''quoted'' step')?['is']": "A 'quoted' step",
    "@coalesce(triggerBody()?['x'], json('[]'))": [],
    "@join(triggerBody()['data']['list'], '; ')": "a; 1",
    "@take('abcdef', 2)": "ab",
    "@add(add(1, 2), 3)": 6,
    "@decodeUriComponent('a%0Ab%C3%A6')": "a\nbæ",
    "@encodeUriComponent('a/b c?æ')": "a%2Fb%20c%3F%C3%A6",
    "@float('49.995')": 49.995,
    "@if(equals(1, 1.0), 'same', 'other')": "same",
    "@equals(1, '1')": False,
    "@equals(true, 1)": False,
    "@toLower('ABC')": "abc",
    "@formatDateTime(triggerBody()['time'], 'yyyy-MM-dd HH:mm')": "2026-03-02 02:10",
    "@string(json('{\"a\": [1, null]}'))": '{"a":[1,null]}',
    "@ replace ( 'a-b' , '-' , '+' ) ": "a+b",
    "@-3": -3,
    "@null": None,
}  # fmt: skip
MISTAKES = {
    "@unknown(1)": "unknown\\(\\) is not known here",
    "@coalesce(": "ends too early",
    "@coalesce('a'": "no comma",
    "@coalesce('a' 'b')": "no comma",
    "@coalesce('a') 'b'": "goes on after its end",
    "@coalesce": "is no value",
    "@'open": "cannot be read",
    "@)": "where a value should be",
    "@{coalesce('a')": "no closing brace",
    "@triggerBody()['absent']": "there is no 'absent'",
    "@triggerBody()?['absent']['more']": "there is no 'more'",
    "@triggerBody()['data']['list'][2]": "there is no 2",
    "@triggerBody()['data'": "no closing bracket|ends too early",
    "@triggerBody()? 'x'": "question mark before nothing",
    "@replace(triggerBody()?['absent'], 'a', 'b')": "takes a text, not None",
    "@replace(5, 'a', 'b')": "takes a text, not 5",
    "@join('text', ',')": "takes a list",
    "@take(5, 1)": "takes a text or a list",
    "@if('true', 1, 2)": "takes a condition",
    "@concat('a', 'b')": "concat\\(\\) is not known here",
    "@add('1', 1)": "takes numbers",
    "@float('a thousand')": "could not convert",
    "@formatDateTime(null, 'yyyy')": "takes a text, not None",
}
CONDITIONS = [
    ({"equals": ["@triggerBody()['data']['value']", 50]}, True),
    ({"equals": ["@triggerBody()['data']['name']", "Shop"]}, False),
    ({"and": [{"equals": [1, 1]}, {"equals": [1, 2]}]}, False),
    ({"and": [{"equals": [1, 1]}, {"equals": [2, 2]}]}, True),
]


@pytest.mark.parametrize("text", COMES_TO)
def test_an_expression_comes_to_its_value(text: str) -> None:
    found = evaluated(text, KNOWN)
    assert (found, type(found)) == (COMES_TO[text], type(COMES_TO[text]))


@pytest.mark.parametrize("text", MISTAKES)
def test_what_cannot_be_evaluated_says_why(text: str) -> None:
    with pytest.raises(ExpressionError, match=MISTAKES[text]):
        evaluated(text, KNOWN)


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_conditions_hold_or_not(condition: Any, expected: bool) -> None:
    assert holds(condition, KNOWN) is expected


def test_an_unknown_comparison_is_a_mistake() -> None:
    with pytest.raises(ExpressionError, match="endsWith"):
        holds({"endsWith": ["a", "b"]}, KNOWN)


def test_expressions_in_objects_and_lists_are_evaluated() -> None:
    """A name that begins with @ is written with two, as a text is."""
    found = evaluated({"@@name": ["@add(1, 1)", {"x": "@{add(1, 1)}"}], "n@": 1}, KNOWN)
    assert found == {"@name": [2, {"x": "2"}], "n@": 1}
    with pytest.raises(ExpressionError, match="name is no value"):
        evaluated({"@name": 1}, KNOWN)


@given(st.text())
def test_any_text_is_a_literal_when_its_quotes_are_doubled(text: str) -> None:
    quoted = text.replace("'", "''")
    assert evaluated(f"@coalesce('{quoted}')", KNOWN) == text
    assert evaluated(f"<@{{coalesce('{quoted}')}}>", KNOWN) == f"<{text}>"


@given(st.text())
def test_a_value_is_not_evaluated_again(text: str) -> None:
    """What Customer Insights sends is never an expression, whatever it looks like."""
    known: dict[str, Function] = {**FUNCTIONS, "outputs": lambda _: text}
    assert evaluated("@{outputs('x')}", known) == text
    assert evaluated("@outputs('x')", known) == text


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_text_in_html_stays_text(text: str) -> None:
    """The two replacements of the flows are enough between tags."""
    known: dict[str, Function] = {**FUNCTIONS, "outputs": lambda _: text}
    reader = Reader()
    reader.feed(evaluated("<p>@{replace(replace(outputs('x'), '&', '&amp;'), '<', '&lt;')}</p>", known))
    reader.close()
    assert (reader.tags, reader.text) == (["p"], text)


@given(st.text())
def test_a_subject_is_one_line(text: str) -> None:
    """As the flows write it, and what is no line break stays."""
    known: dict[str, Function] = {**FUNCTIONS, "outputs": lambda _: text}
    one_line = "@{replace(replace(outputs('x'), decodeUriComponent('%0D'), ' '), decodeUriComponent('%0A'), ' ')}"
    assert evaluated(one_line, known) == text.replace("\r", " ").replace("\n", " ")


@given(st.text(st.characters(codec="utf-8")))
def test_text_in_an_address_stays_one_segment(text: str) -> None:
    known: dict[str, Function] = {**FUNCTIONS, "outputs": lambda _: text}
    found = evaluated("@{encodeUriComponent(outputs('x'))}", known)
    assert not set(found) & set("/?#&%\\ ") - {"%"}
    assert evaluated("@decodeUriComponent(outputs('x'))", {**FUNCTIONS, "outputs": lambda _: found}) == text


@given(st.text())
def test_text_in_a_card_stays_in_its_place(text: str) -> None:
    """A card is an object until the last moment: quotes and backslashes are written by what writes JSON."""
    known: dict[str, Function] = {**FUNCTIONS, "outputs": lambda _: {"text": f"{text}!"}, "name": lambda: text}
    assert json.loads(evaluated("@string(outputs('Card'))", known)) == {"text": f"{text}!"}
    assert evaluated({"text": "@{name()}!"}, known) == {"text": f"{text}!"}
