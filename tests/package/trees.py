"""Trees of files: what goes to Azure, and what lies beside it on people's machines."""

from collections.abc import Mapping
from pathlib import Path

from local.children import ROOT

OURS = (
    "function_app.py",
    "host.json",
    "requirements.txt",
    "functions/__init__.py",
    "functions/timers.py",
    "shared/settings.py",
    "shared/domain/events.py",
    "shared/domain/detection/progress.py",
)
OTHERS = (
    ".azure/prod/.env",
    ".cache/python3.13/lib/shared/settings.py",
    ".ci/run",
    ".env",
    ".git/config",
    ".git/shared/settings.py",
    ".github/workflows/deploy.yml",
    ".gitignore",
    ".hypothesis/examples/1",
    ".local/azurite/node_modules/x/host.json",
    ".python_packages/lib/site-packages/x.py",
    ".venv/lib/python3.11/site-packages/functions/x.py",
    ".vscode/settings.json",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "__pycache__/function_app.cpython-311.pyc",
    "appsettings.secrets.json",
    "azure.yaml",
    "bench/run.py",
    "connector/settings.json",
    "dev",
    "dist/package/function_app.py",
    "dist/package/shared/settings.py",
    "docs/settings.md",
    "flows/samples/a.json",
    "functions/.env",
    "functions/__pycache__/timers.cpython-311.pyc",
    "functions/key.pem",
    "functions/local.settings.json",
    "infra/main.bicep",
    "infra/shared/names.py",
    "local.settings.example.json",
    "local.settings.json",
    "local/run.py",
    "node_modules/x/index.js",
    "planted/secret.txt",
    "planted/shared/settings.py",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements.in",
    "scripts/next-steps.py",
    "shared/.env",
    "shared/domain/.DS_Store",
    "shared/domain/__pycache__/events.cpython-311.pyc",
    "shared/key.pfx",
    "shared/secrets/key.txt",
    "tests/test_house.py",
)


def funcignore() -> str:
    """What ours says."""
    return (ROOT / ".funcignore").read_text(encoding="utf-8")


def planted(root: Path, files: Mapping[str, str]) -> Path:
    """The files, in a folder with our .funcignore."""
    for path, text in {".funcignore": funcignore(), **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root
