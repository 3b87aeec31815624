"""Does any input break a parser of bytes from outside? atheris (libFuzzer) looks for one, a target at a time."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from local.children import ROOT
from local.errors import LocalError
from local.faults.damages import PIECES, damaged
from local.faults.promises import slug
from local.faults.targets import TARGETS
from local.package.environment import clean_environment

TOOLS = ROOT / "local" / "faults" / "tools" / "requirements.txt"
WHAT = "what mutates and fuzzes, which the app knows nothing of, into an environment of its own"
MAX_BYTES = 32 * 1024
MEMORY_MB = 1024
INPUT_SECONDS = 10
_DAMAGED = 300
_LONGEST_WORD = 64
_START_SECONDS = 120  # to import the app, instrumented, on a busy machine
FEWEST_INPUTS = 100  # fewer in all that time say that the target did not run
_LINES_SHOWN, _LONGEST_LINE = 12, 300
_MOST_SAID = 100_000
_RUNS = re.compile(r"^(?:stat::number_of_executed_units:\s*|Done )(\d+)", re.MULTILINE)
# What a target raised; after it libFuzzer tells of itself.
_RAISED = re.compile(r"=== Uncaught Python exception: ===\n(.*?)(?=^==\d+==|\Z)", re.DOTALL | re.MULTILINE)
_PROGRAM = "local.faults.fuzz_one"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class FuzzResult:
    """What came of a target: the inputs that were tried, the files of those that broke it, how it ended, its words."""

    target: str
    runs: int
    findings: tuple[Path, ...] = ()
    ended: str = ""
    said: str = ""

    @property
    def problem(self) -> str:
        """What is wrong with the target, in a line that says how to see it again, and the end of its words."""
        if self.findings:
            return f"{self.target} breaks; again: {again(self.target, self.findings[0])}{self._end()}"
        if self.ended:
            return f"{self.target}: {self.ended}{self._end()}"
        return f"{self.target}: only {self.runs} inputs" if self.runs < FEWEST_INPUTS else ""

    def _end(self) -> str:
        raised = _RAISED.search(self.said)
        lines = (raised[1] if raised else self.said).rstrip().splitlines()[-_LINES_SHOWN:]
        return "".join(f"\n  {line[:_LONGEST_LINE]}" for line in lines)


@dataclass(frozen=True, slots=True)
class Fuzzer:
    """How a target is fuzzed: for so many seconds, by a program with libFuzzer's options, findings into a folder."""

    seconds: float
    findings: Path
    program: Sequence[str]

    def result(self, target: str) -> FuzzResult:
        """Fuzz it; what breaks it is kept beside what broke it in other runs."""
        with tempfile.TemporaryDirectory() as folder:
            corpus, words, made = Path(folder, "corpus"), Path(folder, "words"), Path(folder, "made")
            corpus.mkdir()
            made.mkdir()
            write_seeds(target, corpus)
            write_words(words)
            options = _options(self.seconds, corpus, words, made)
            code, said = _ended([*self.program, target, *options], self.seconds + _START_SECONDS)
            findings = tuple(self._kept(target, one) for one in sorted(made.iterdir()))
        counted = _RUNS.findall(said)
        ended = "did not end by itself" if code is None else f"ended with {code}" if code or not counted else ""
        return FuzzResult(target, int(counted[-1]) if counted else 0, findings, ended, said[-_MOST_SAID:])

    def _kept(self, target: str, made: Path) -> Path:
        kept = self.findings / slug(target) / made.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, kept)
        return kept


def can_fuzz() -> bool:
    """Whether atheris is made for this machine."""
    return sys.platform == "linux" and os.uname().machine == "x86_64"


def fuzz(fuzzer: Fuzzer, workers: int, progress: Progress, targets: Sequence[str] = tuple(TARGETS)) -> list[FuzzResult]:
    """Fuzz every target, so many side by side. One that is broken stops no other."""
    found: list[FuzzResult] = []
    with ThreadPoolExecutor(workers) as pool:
        for result in pool.map(fuzzer.result, targets):
            found.append(result)
            progress(len(found), len(targets))
    return found


def program() -> tuple[str, ...]:
    """The program that fuzzes a target, with atheris. Raises LocalError."""
    return (sys.executable, "-m", _PROGRAM, "--tools", str(tools_folder()))


def tools_folder() -> Path:
    """Where atheris is installed, for this Python. Raises LocalError."""
    python = clean_environment(TOOLS, what=WHAT)
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise LocalError(f"{python} does not run: {done.stderr.strip()[-200:]}")
    return Path(done.stdout.strip())


def again(target: str, finding: Path) -> str:
    """How to run an input again."""
    place = finding.relative_to(ROOT) if finding.is_relative_to(ROOT) else finding
    return f'.venv/bin/python -m {_PROGRAM} "{target}" {place}'


def _ended(command: Sequence[str], seconds: float) -> tuple[int | None, str]:
    """With which code a program ended (none: it was ended), and what it said."""
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, timeout=seconds, check=False
            )
            code: int | None = done.returncode
        except subprocess.TimeoutExpired:
            code = None
        output.seek(0)
        return code, output.read().decode(errors="replace")


def _options(seconds: float, corpus: Path, words: Path, findings: Path) -> Iterator[str]:
    """LibFuzzer's bounds."""
    yield f"-max_total_time={max(1, round(seconds))}"
    yield f"-max_len={MAX_BYTES}"
    yield f"-rss_limit_mb={MEMORY_MB}"
    yield f"-timeout={INPUT_SECONDS}"
    yield f"-artifact_prefix={findings}{os.sep}"
    yield f"-dict={words}"
    yield "-print_final_stats=1"
    yield str(corpus)


def write_seeds(target: str, folder: Path) -> None:
    """The samples that a target begins with, whole and damaged, as files."""
    seeds, chance = TARGETS[target].seeds(), Random(target)  # noqa: S311 - the same damages every time
    for seed in (*seeds, *(damaged(chance, seeds) for _ in range(_DAMAGED))):
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed[:MAX_BYTES])


def write_words(file: Path) -> None:
    """What to put into inputs, in the form of libFuzzer's dictionaries."""
    words = ("".join(f"\\x{byte:02x}" for byte in piece) for piece in PIECES if len(piece) <= _LONGEST_WORD)
    file.write_text("".join(f'"{word}"\n' for word in words), encoding="ascii")
