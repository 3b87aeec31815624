"""Do the rules of form hold for whatever is written, and not only for the examples?"""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local.connector.findings import Rule
from local.connector.rules import info, texts
from tests.connector.good import Draft

PLAIN = st.text(sorted(texts.PLAIN - {" "}), min_size=1, max_size=39)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('"\\[]{}, :x\n'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('"\\[]{}x', max_size=3), inner, max_size=3),
    max_leaves=8,
)
LEVELS = st.dictionaries(st.text("abc", min_size=1), JSON, min_size=1, max_size=3)


def passes(rule: Rule, summary: str = "Id", description: str = "It.", text: str = "") -> bool:
    """Whether the rule finds nothing in a connector with these words."""
    draft = Draft(definition_text=text)
    draft.definition("Thing")["id"].update({"x-ms-summary": summary, "description": description})
    return not list(rule(draft.package()))


@given(PLAIN, PLAIN)
def test_plain_words_are_a_summary(first: str, second: str) -> None:
    """Letters, digits, brackets and spaces between them, up to 80."""
    assert passes(texts.summaries_are_short_and_plain, f"{first} {second}")


@given(PLAIN, st.characters(exclude_characters=sorted(texts.PLAIN), codec="utf-8"), PLAIN)
def test_any_other_character_is_found(before: str, odd: str, after: str) -> None:
    """Wherever it is."""
    assert not passes(texts.summaries_are_short_and_plain, before + odd + after)


@given(st.sampled_from("ABZ09"), st.text(), st.sampled_from(".!?"), st.sampled_from(" a,:;-"))
def test_a_sentence_has_a_capital_and_an_end(capital: str, middle: str, end: str, no_end: str) -> None:
    """Whatever is between them, a line break too."""
    assert passes(texts.descriptions_are_sentences, description=capital + middle + end)
    assert not passes(texts.descriptions_are_sentences, description=capital + middle + no_end)
    assert not passes(texts.descriptions_are_sentences, description=capital.lower() + middle + end) or capital.isdigit()


@given(LEVELS)
def test_four_spaces_are_seen_in_any_json(content: dict[str, Any]) -> None:
    """Also where its texts have brackets, quotes and backslashes; two spaces or a tab are not four."""
    assert passes(info.file_is_indented_by_four, text=json.dumps(content, indent=4))
    assert passes(info.file_is_indented_by_four, text=json.dumps(content))
    assert not passes(info.file_is_indented_by_four, text=json.dumps(content, indent=2))
    assert not passes(info.file_is_indented_by_four, text=json.dumps(content, indent="\t"))
    assert passes(info.no_key_is_written_twice, text=json.dumps(content))
