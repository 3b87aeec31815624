"""`python -m local.entra`: serve the stand-in for Entra ID over TLS on 127.0.0.1 until Ctrl-C."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from local.entra.certificate import make_certificate
from local.entra.directory import TENANT
from local.entra.issuer import Issuer
from local.entra.server import make_app
from local.options import OneLineParser

HOST = "127.0.0.1"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve it; the exit code is 2 if the port is taken."""
    options = _parser().parse_args(argv)
    issuer = Issuer(f"https://{HOST}:{options.port}")
    certificate = make_certificate(options.folder)
    ready = f"Entra ID stand-in ready on {issuer.authority}/{TENANT} (trust {certificate.ca})"
    try:
        web.run_app(
            make_app(issuer),
            host=HOST,
            port=options.port,
            ssl_context=certificate.context(),
            print=lambda *_: print(ready, flush=True),
            access_log=None,
            shutdown_timeout=1,
            loop=asyncio.new_event_loop(),
        )
    except OSError as error:
        print(f"Port {options.port} cannot be used ({error.strerror}); choose another with --port.", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="python -m local.entra", description="Serve a small Entra ID for this machine.")
    parser.add_argument("--port", type=int, required=True, help="where it listens")
    parser.add_argument("--folder", type=Path, required=True, help="where its certificates are written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
