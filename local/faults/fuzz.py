"""Does any input break a parser of bytes from outside? atheris (libFuzzer) looks for one, a target at a time."""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from local.children import ROOT
from local.errors import LocalError
from local.faults.mutating import PIECES, mutated
from local.faults.targets import TARGETS
from local.package.environment import CACHE, clean_environment

TOOLS = ROOT / "local" / "faults" / "tools" / "requirements.txt"
FINDINGS = CACHE / "faults" / "findings"
WHAT = "what mutates and fuzzes, which the app knows nothing of, into an environment of its own"
MAX_BYTES = 32 * 1024
MEMORY_MB = 1024
INPUT_SECONDS = 10
_DAMAGED = 300
_LONGEST_WORD = 64
_START_SECONDS = 120  # to import the app, instrumented, on a busy machine
_RUNS = re.compile(r"^(?:stat::number_of_executed_units:\s*|Done )(\d+)", re.MULTILINE)
_PROGRAM = "local.faults.fuzz_one"


@dataclass(frozen=True, slots=True)
class FuzzResult:
    """What came of a target: the inputs that were tried, the files of those that broke it, and what was said then."""

    target: str
    runs: int
    findings: tuple[Path, ...]
    said: str = ""

    @property
    def again(self) -> str:
        """How to run a finding again."""
        return "" if not self.findings else again(self.target, self.findings[0])


def can_fuzz() -> bool:
    """Whether atheris is made for this machine."""
    return sys.platform == "linux" and os.uname().machine == "x86_64"


def fuzz(seconds: float, workers: int, say: Callable[[str], None], names: Sequence[str] = ()) -> list[FuzzResult]:
    """Fuzz every target, or those named, for so many seconds each; on so many processors. Raises LocalError."""
    if not can_fuzz():
        say("Fuzzing is left out: atheris is made for Linux on x86-64 only")
        return []
    tools = tools_folder()
    with ThreadPoolExecutor(workers) as pool:
        found = []
        for result in pool.map(partial(_fuzz_one, seconds, tools), names or list(TARGETS)):
            broken = f", broken: {result.again}" if result.findings else ""
            say(f"{result.target}: {result.runs:,} inputs{broken}")
            found.append(result)
    return found


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


def _fuzz_one(seconds: float, tools: Path, target: str) -> FuzzResult:
    findings = FINDINGS / slug(target)
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    with ExitStack() as stack:
        corpus = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_seeds(target, corpus)
        words = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "words"
        write_words(words)
        command = [
            sys.executable,
            "-m",
            _PROGRAM,
            target,
            "--tools",
            str(tools),
            *_options(seconds, corpus, words, findings),
        ]
        done = _ended(command, seconds + _START_SECONDS)
    counted = _RUNS.findall(done.stdout)
    new = tuple(sorted(set(findings.iterdir()) - before))
    if (done.returncode and not new) or not counted:
        raise LocalError(f"Fuzzing {target} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return FuzzResult(target, int(counted[-1]), new, done.stdout[-4000:] if new else "")


def _ended(command: Sequence[str], seconds: float) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LocalError(f"{command[3]} did not end by itself") from None


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
    for seed in (*seeds, *(mutated(chance, seeds) for _ in range(_DAMAGED))):
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed[:MAX_BYTES])


def write_words(file: Path) -> None:
    """What to put into inputs, in the form of libFuzzer's dictionaries."""
    words = ("".join(f"\\x{byte:02x}" for byte in piece) for piece in PIECES if len(piece) <= _LONGEST_WORD)
    file.write_text("".join(f'"{word}"\n' for word in words), encoding="ascii")


def slug(target: str) -> str:
    """A target's name as a folder's."""
    return re.sub(r"\W+", "-", target.lower())
