"""Is the code small? Holds every module and function to the house's sizes, and tests to real parts instead of mocks."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

LARGEST_MODULE = 300
LARGEST_FUNCTION = 40
LARGEST_AZURE_FUNCTION = 20
LARGEST_P90 = 25
PLACES = ("shared", "functions", "local", "scripts", "bench", "tests")
SINGLE_FILES = ("dev", "function_app.py")
MOCK_LIBRARIES = frozenset({"mock", "unittest.mock", "pytest_mock", "flexmock", "responses", "aioresponses", "moto"})


class Function(NamedTuple):
    """A function and how many lines it has, from def to its end."""

    file: str
    line: int
    name: str
    lines: int


def sources(root: Path) -> Iterator[Path]:
    """Every Python file of the house."""
    for name in SINGLE_FILES:
        if (root / name).exists():
            yield root / name
    for place in PLACES:
        yield from sorted((root / place).rglob("*.py"))


def functions_of(tree: ast.AST, file: str) -> Iterator[Function]:
    """Every function and method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield Function(file, node.lineno, node.name, node.end_lineno - node.lineno + 1)


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, with the names taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def problems_of(functions: Iterable[Function]) -> Iterator[str]:
    """What is wrong with the functions' sizes."""
    measured = sorted(functions, key=lambda function: function.lines)
    for each in measured:
        limit = LARGEST_AZURE_FUNCTION if each.file.startswith("functions/") else LARGEST_FUNCTION
        if each.lines > limit:
            yield f"{each.file}:{each.line}: {each.name} has {each.lines} lines, at most {limit}"
    ninth_decile = p90([function.lines for function in measured])
    if ninth_decile > LARGEST_P90:
        yield f"nine functions of ten have up to {ninth_decile} lines, at most {LARGEST_P90}"


def p90(lengths: list[int]) -> int:
    """The length that nine of ten do not exceed (of a sorted list)."""
    return lengths[max(0, -(-len(lengths) * 9 // 10) - 1)] if lengths else 0


def problems(root: Path) -> list[str]:
    """Every broken rule, one line each."""
    found: list[str] = []
    functions: list[Function] = []
    for path in sources(root):
        file = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        if lines > LARGEST_MODULE:
            found.append(f"{file}: {lines} lines, at most {LARGEST_MODULE}")
        try:
            tree = ast.parse(text, file)
        except SyntaxError as error:
            found.append(f"{file}:{error.lineno}: it is no Python: {error.msg}")
            continue
        functions += functions_of(tree, file)
        mocks = MOCK_LIBRARIES.intersection(imports_of(tree))
        found += [f"{file}: imports {name}; inject a fake or use a real loopback server" for name in sorted(mocks)]
    return [*found, *problems_of(functions)]


def main() -> int:
    """Print what breaks a rule."""
    found = problems(Path(__file__).resolve().parent.parent)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
