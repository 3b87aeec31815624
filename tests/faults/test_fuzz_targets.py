"""Does every parser of bytes from outside read them or refuse them, however damaged, and is each of them tried?

The same targets as atheris has (local/faults/fuzz.py), with damages made by chance; the same ones in every run.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import FrameType

import pytest

from local.faults import fuzz, target
from local.faults.damages import damaged
from local.faults.fuzz import Fuzzer, FuzzResult
from local.faults.other_parts import NO_ATHERIS, of_fuzzing, run_fuzz
from local.faults.outcomes import Outcome
from local.faults.targets import TARGETS
from tests.faults.profile import FULL, pick
from tests.logs import silence
from tests.tally import Tally

CHUNKS = pick(1, 4)
DAMAGES = pick(1500, 10_000)
SLOW = {"signed token": 5, "location": 5, "token exchange": 3, "query": 2}
PARSERS = re.compile(
    r"[Dd]ecoder(\(.*\))?\.decode$|json\.(loads|decode)$|msgspec\.convert$|^jwt\.|PyJWK$|b64decode$|decompress|GzipFile"
    r"|fromisoformat$|parsedate|urlsplit$|parse_qsl$|\.decrypt$|get_unverified"
)
Place = tuple[str, int]
ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "shared/adapters/cipher.py: is_current": "what this app encrypted",
    "shared/adapters/subscription_table.py: _reencrypt": "the same",
    "shared/adapters/memory_actions.py: _row": "a fake",
    "shared/adapters/insights_http.py: _read": "bounded: tests/faults/test_bombs.py",
    "shared/settings.py: _is_fernet_key": "a setting",
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with silence():
        yield


@pytest.fixture(scope="module", autouse=True)
def loop_of_targets() -> Iterator[None]:
    yield
    target.close()


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_read_or_refused(name: str, chunk: int, tally: Tally) -> None:
    one, count = TARGETS[name], DAMAGES // SLOW.get(name, 1)
    seeds, chance = one.seeds(), Random(f"{name} {chunk}")  # noqa: S311 - the same damages every time
    for body in (*seeds, *(damaged(chance, seeds) for _ in range(count))):
        try:
            one.take(body)
        except Exception as finding:
            raise AssertionError(f"{name} breaks at {body[:500]!r}") from finding
    tally.add(count + len(seeds))


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "row, ciphertext"])
def test_a_sample_is_read(name: str) -> None:
    """Else only refusals would be tried."""
    assert any(reads(name, seed) for seed in TARGETS[name].seeds())


def reads(name: str, body: bytes) -> bool:
    """Whether it is no refusal."""
    try:
        TARGETS[name].read(body)
    except TARGETS[name].refusals:
        return False
    return True


def readers() -> dict[Place, str]:
    """Every function of the app that turns bytes or a text into something else with a library's parser."""
    found = {}
    for folder in ("shared", "functions"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(parses, inside(function))):
                    line = min(one.lineno for one in (function, *function.decorator_list))
                    found[str(file), line] = f"{file.relative_to(ROOT).as_posix()}: {function.name}"
    return found


def inside(function: ast.AST) -> Iterator[ast.AST]:
    """What is in a function, without what is in functions of its own."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from inside(node)


def parses(node: ast.AST) -> bool:
    """Whether it is a call of a parser."""
    return isinstance(node, ast.Call) and PARSERS.search(ast.unparse(node.func)) is not None


def called_by(work: Callable[[], None]) -> set[Place]:
    """Where every function begins that is called meanwhile, on this thread."""
    seen: set[Place] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            seen.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return seen


def test_every_parser_of_bytes_from_outside_has_a_target() -> None:
    def some_of_each() -> None:
        chance = Random("parsers")  # noqa: S311
        for name, one in TARGETS.items():
            seeds = one.seeds()
            for body in (*seeds, *(damaged(chance, seeds) for _ in range(60))):
                reads(name, body)

    found, seen = readers(), called_by(some_of_each)
    missing = {name for place, name in found.items() if place not in seen}
    assert missing == ELSEWHERE.keys()
    assert len(found) > 25, "the pattern finds the parsers no more"


def test_what_a_run_begins_with_is_written_for_it(tmp_path: Path) -> None:
    fuzz.write_seeds("cursor", tmp_path)
    written = {file.read_bytes() for file in tmp_path.iterdir()}
    assert written > set(TARGETS["cursor"].seeds())
    assert max(map(len, written)) <= fuzz.MAX_BYTES
    words = tmp_path / "words"
    fuzz.write_words(words)
    assert all(re.fullmatch(r'"(\\x[0-9a-f]{2})+"', line) for line in words.read_text(encoding="ascii").splitlines())


def test_a_finding_can_be_run_again(tmp_path: Path) -> None:
    """The command that is told with it."""
    finding = tmp_path / "crash"
    finding.write_bytes(b"not a cursor")
    _, program, rest = fuzz.again("cursor", finding).partition(" -m local.faults.fuzz_one ")
    assert rest == f'"cursor" {finding}'
    command = [sys.executable, *program.split(), "cursor", str(finding)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "It is read, or refused as it should be.\n"), done.stderr


def no_progress(done: int, total: int) -> None:
    """Nobody looks."""


FINDING = FuzzResult("cursor", 5000, (Path("/found/crash-1"),), "ended with 77", "before\nValueError: no\n")
AGAIN = '.venv/bin/python -m local.faults.fuzz_one "cursor" /found/crash-1'
MADE_UP = {
    "all is well": (FuzzResult("cursor", 5000), ""),
    "a finding": (FINDING, f"cursor breaks; again: {AGAIN}\n  before\n  ValueError: no"),
    "an idle target": (FuzzResult("cursor", 99), "cursor: only 99 inputs"),
    "one that is broken itself": (
        FuzzResult("cursor", 0, ended="ended with 1", said="ImportError"),
        "cursor: ended with 1\n  ImportError",
    ),
}


@pytest.mark.parametrize(("result", "problem"), MADE_UP.values(), ids=MADE_UP)
def test_what_fuzzing_came_to_is_told(result: FuzzResult, problem: str) -> None:
    """What falls short of one target says nothing against the others."""
    other = FuzzResult("query", 1000)
    failed = (problem,) if problem else ()
    figures: dict[str, float] = {"targets": 2, "seconds for each": 20}
    expected = Outcome("fuzzing", result.runs + 1000, len(failed), seconds=61.2, figures=figures, failed=failed)
    assert of_fuzzing("fuzzing", [result, other], 20, 61.23) == expected


def test_without_atheris_fuzzing_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no success."""
    monkeypatch.setattr(fuzz, "can_fuzz", lambda: False)
    outcome = run_fuzz("fuzzing", 1, 1, tmp_path / "none", no_progress)
    assert outcome == Outcome("fuzzing", not_done=NO_ATHERIS)
    assert (outcome.is_good, outcome.fell_short) == (False, 1)
    assert not (tmp_path / "none").exists()


# Stands for libFuzzer: a finding for one target, an end by itself for another, and no inputs for a third.
MADE_UP_PROGRAM = """
import sys
target, *options = sys.argv[1:]
made = next(one.partition("=")[2] for one in options if one.startswith("-artifact_prefix="))
if target == "cursor":
    open(made + "crash-abc", "wb").write(b"it")
    print(" === Uncaught Python exception: ===\\nKeyError: 'a'\\nTraceback\\n  in read\\n\\n==12== ERROR: libFuzzer")
    print("stat::number_of_executed_units: 400")
    sys.exit(77)
if target == "query":
    sys.exit("ImportError: no atheris")
print("Done 0 runs in 1 second(s)" if target == "claim" else "Done 1200 runs in 1 second(s)")
"""


def test_a_finding_that_comes_again_is_told_again(tmp_path: Path) -> None:
    """And a target that is broken stops no other."""
    (tmp_path / "program.py").write_text(MADE_UP_PROGRAM, encoding="utf-8")
    fuzzer = Fuzzer(1, tmp_path / "findings", (sys.executable, str(tmp_path / "program.py")))
    told: list[tuple[int, int]] = []
    for _ in range(2):
        found = fuzz.fuzz(fuzzer, 2, lambda *so_far: told.append(so_far), ["cursor", "query", "claim", "token"])
        assert [one.runs for one in found] == [400, 0, 0, 1200]
        assert found[0].findings == (tmp_path / "findings" / "cursor" / "crash-abc",)
        assert found[0].problem.endswith("crash-abc\n  KeyError: 'a'\n  Traceback\n    in read")
        assert [one.problem for one in found[1:]] == [
            "query: ended with 1\n  ImportError: no atheris",
            "claim: only 0 inputs",
            "",
        ]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)] * 2


# atheris itself, with a target that breaks at once in the place of another.
PLANTED = """
import sys
sys.path.insert(0, {root!r})
from local.faults import fuzz_one, targets
from local.faults.target import Target
def read(body):
    if len(body) > 2:
        raise KeyError("planted")
targets.TARGETS["cursor"] = Target("cursor", read, (ValueError,), lambda: [b"it"])
fuzz_one.main(*sys.argv[1:])
"""


@pytest.mark.skipif(not FULL or not fuzz.can_fuzz(), reason="installs atheris: in ./dev faults on Linux only")
def test_atheris_finds_what_is_planted(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PLANTED.format(root=str(ROOT)), encoding="utf-8")
    tools = ("--tools", str(fuzz.tools_folder()))
    found = Fuzzer(5, tmp_path / "findings", (sys.executable, str(tmp_path / "program.py"), *tools)).result("cursor")
    assert len(found.findings) == 1
    assert len(found.findings[0].read_bytes()) > 2
    assert "KeyError: 'planted'" in found.problem
