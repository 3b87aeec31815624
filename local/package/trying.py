"""Does the package start in an environment of its own, and does it declare what the checkout does?"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.children import ROOT
from local.errors import BrokenRunError

PROBE = Path(__file__).with_name("probe.py")
OWN = ("functions", "shared")
SECONDS = 300
SERVICES = ("blob", "queue", "table")
SOME_ID = "00000000-0000-4000-8000-000000000001"
IN_A_WORKER = {"FUNCTIONS_WORKER_RUNTIME": "python"}
# As the app finds them in Azure, of no app that there is.
AS_IN_AZURE = {
    **IN_A_WORKER,
    "WEBSITE_SITE_NAME": "signals",
    "WEBSITE_HOSTNAME": "signals.azurewebsites.net",
    "IDENTITY_ENDPOINT": "http://127.0.0.1:9/msi/token",
    **{
        f"AzureWebJobsStorage__{service}ServiceUri": f"https://signals.{service}.core.windows.net/"
        for service in SERVICES
    },
    "AzureWebJobsStorage__clientId": SOME_ID,
    "AZURE_CLIENT_ID": SOME_ID,
    "POLL_SCHEDULE": "0 * * * * *",
    "CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "none",
    "CALLBACK_ENCRYPTION_KEYS": "A" * 43 + "=",
    "ENTRA_TENANT_IDS": SOME_ID,
    "ENTRA_CLIENT_ID": SOME_ID,
    "CALLING_APPS": SOME_ID,
}
TELEMETRY = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={SOME_ID};IngestionEndpoint=https://127.0.0.1:9/"
}
UNRESOLVED = {"CUSTOMER_INSIGHTS_SUBSCRIPTION_KEY": "@Microsoft.KeyVault(SecretUri=https://signals.vault.azure.net/x)"}
REFUSALS: Mapping[str, Mapping[str, str]] = {
    "without settings": IN_A_WORKER,
    "without access to Key Vault": {**AS_IN_AZURE, **UNRESOLVED},
}
OF_EVERY_SYSTEM = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Indexed:
    """What an app declares, and the libraries that it imported for that, in order."""

    functions: Mapping[str, Mapping[str, Any]]
    libraries: Sequence[str]

    def counts(self, by: str) -> Mapping[str, int]:
        """How many functions there are of each family or kind."""
        return dict(Counter(one[by] for one in self.functions.values()))


def ask(
    python: Path,
    question: str,
    folder: Path,
    names: Sequence[str] = (),
    settings: Mapping[str, str] = AS_IN_AZURE,
) -> dict[str, Any]:
    """Have a fresh process answer, which knows the folder, its Python and these settings only."""
    done = probe((python,), question, folder, names, settings)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def probe(
    python: Sequence[object],
    question: str,
    folder: Path,
    names: Sequence[str] = (),
    settings: Mapping[str, str] = AS_IN_AZURE,
) -> subprocess.CompletedProcess[str]:
    """Run the probe, without bytecode of the app's own: a package that is mounted to be read has none."""
    command = [*map(str, python), "-I", "-B", "-X", "utf8", str(PROBE), question, str(folder.resolve())]
    kept = {name: os.environ[name] for name in OF_EVERY_SYSTEM if name in os.environ}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**kept, **settings},
            input=json.dumps(names),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokenRunError(f"The package could not be tried: {error}") from None
    if done.returncode or not done.stdout.strip():
        end = "\n".join(f"  {line}" for line in done.stderr.splitlines()[-8:])
        raise BrokenRunError(f"The package could not be tried (exit code {done.returncode}):\n{end}")
    return done


def indexed(python: Path, folder: Path) -> Indexed:
    """What the app in the folder declares. Raises BrokenRunError when it does not start."""
    answer = ask(python, "index", folder)
    if "error" in answer:
        raise BrokenRunError(f"{folder.name} does not start: {why(answer)}")
    if answer["elsewhere"]:
        raise BrokenRunError(f"{folder.name} imports what is not in it: {answer['elsewhere'][0]}")
    return Indexed({one["name"]: one for one in answer["functions"]}, answer["libraries"])


def why(answer: Mapping[str, Any]) -> str:
    """What is wrong, and what to do where that is clear."""
    module = str(answer["module"] or "")
    if answer["error"] != "ModuleNotFoundError":
        place = f"{answer['where']}: " if answer.get("where") else ""
        return f"{place}{answer['error']}: {answer['said']}"
    if module.partition(".")[0] in OWN:
        return f"{module} is not in the package: see .funcignore"
    return f"requirements.txt does not install {module}: put what has it into requirements.in, then ./dev lock"


def require_all_imports(python: Path, folder: Path) -> None:
    """Raise BrokenRunError when anything is imported, be it when a function is called, that is not installed."""
    answer = ask(python, "imports", folder)
    if "error" in answer:
        raise BrokenRunError(f"{folder.name} cannot be imported: {why(answer)}")
    if answer["missing"]:
        raise BrokenRunError(f"requirements.txt does not install what {answer['missing'][0]}")


def require_the_same(package: Indexed, checkout: Indexed) -> None:
    """Raise BrokenRunError when the two declare different functions."""
    for name in sorted(package.functions.keys() | checkout.functions.keys()):
        ours, theirs = package.functions.get(name), checkout.functions.get(name)
        if ours is None or theirs is None:
            where, other = ("checkout", "package") if ours is None else ("package", "checkout")
            raise BrokenRunError(f"The function {name} is in the {where} and not in the {other}")
        if ours != theirs:
            raise BrokenRunError(f"The function {name} is another one in the package than in the checkout")


def of_the_checkout() -> Indexed:
    """What the app of this checkout declares, with this Python."""
    return indexed(Path(sys.executable), ROOT)


def refusal(python: Path, folder: Path, settings: Mapping[str, str]) -> str:
    """The clear words with which the app refuses settings that will not do. Raises BrokenRunError when it does not."""
    answer = ask(python, "index", folder, settings=settings)
    if answer.get("error") != "SettingsInvalid":
        said = why(answer) if "error" in answer else "it starts"
        raise BrokenRunError(f"{folder.name} does not refuse settings that will not do: {said}")
    return str(answer["said"])
