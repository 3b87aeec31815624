"""The size rules."""

from pathlib import Path

import pytest

from local.sizes import p90, problems


def function(name: str, lines: int) -> str:
    return f"def {name}():\n" + "    x = 1\n" * (lines - 1)


def house(root: Path, file: str, content: str) -> list[str]:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(content)
    return problems(root)


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("shared/a.py", "x = 1\n" * 301, "shared/a.py: 301 lines, at most 300"),
        ("shared/a.py", function("long", 41), "shared/a.py:1: long has 41 lines, at most 40"),
        ("functions/a.py", function("long", 21), "functions/a.py:1: long has 21 lines, at most 20"),
        ("shared/a.py", "x = 1\ny = z(\n", "shared/a.py:2: it is no Python: '(' was never closed"),
        ("tests/a.py", "from unittest.mock import Mock\n", "imports unittest.mock"),
        ("tests/a.py", "from unittest import mock\n", "imports unittest.mock"),
        ("dev", function("long", 41), "dev:1: long has 41 lines, at most 40"),
        ("local/a.py", function("a", 26), "nine functions of ten have up to 26 lines, at most 25"),
    ],
)
def test_what_breaks_a_rule_is_named(tmp_path: Path, file: str, content: str, problem: str) -> None:
    """One line with the place, what it has and what it may have."""
    assert any(problem in found for found in house(tmp_path, file, content))


def test_what_is_just_right(tmp_path: Path) -> None:
    """The limits themselves are allowed."""
    rest = "".join(function(f"small{number}", 5) for number in range(9))
    assert house(tmp_path, "shared/a.py", function("long", 40) + rest) == []


def test_p90() -> None:
    """The length that nine of ten do not exceed."""
    assert p90([]) == 0
    assert p90([7]) == 7
    assert p90(list(range(1, 11))) == 9
