"""Is the brace named that was forgotten, and not where that was noticed?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.infra.left_open import left_open
from local.infra.syntax import read_text
from local.infra.tokens import tokens_of

TEXT = """resource app 'Microsoft.X/y@2025-01-01' = {
  name: 'app'
  properties: {
    wall: { on: true }
    login: {
      ways: [
        'one'
      ]
    }
  }
}

output id string = app.id
"""
LINES = TEXT.splitlines(keepends=True)
# The line whose end is lost, and that of the bracket that is then open.
LOST = {4: 4, 8: 6, 9: 5, 10: 3, 11: 1}


def missing(line: int) -> str:
    """The text without the last bracket of a line."""
    changed = LINES[line - 1].replace("}", "").replace("]", "").rstrip() + "\n"
    return "".join((*LINES[: line - 1], changed, *LINES[line:]))


@pytest.mark.parametrize(("lost", "opened"), LOST.items())
def test_a_lost_bracket_is_named_by_the_line_of_its_partner(lost: int, opened: int) -> None:
    trouble = read_text(missing(lost), Path("app.bicep")).trouble
    kind = "[" if lost == 8 else "{"
    assert any(f"(the '{kind}' of line {opened} is still open)" in what for _, what in trouble)


def test_what_is_wrong_otherwise_speaks_of_no_bracket() -> None:
    assert left_open(tokens_of(TEXT)) is None
    for text in (TEXT.replace("on: true", "on true"), TEXT.replace("name: 'app'", "name = 'app'"), f"{TEXT}}}\n"):
        trouble = read_text(text, Path("app.bicep")).trouble
        assert trouble
        assert not [what for _, what in trouble if "still open" in what]


@given(st.text("{}[]() \nab:'", max_size=40))
def test_it_takes_any_text(text: str) -> None:
    read_text(text, Path("app.bicep"))
