"""What does `./dev token` do? Prints an access token of the Entra ID stand-in that a run has started."""

from contextlib import suppress

from local.entra.certificate import Certificate
from local.errors import LocalError
from local.guard import ENTRA_FOLDER
from local.options import OneLineParser, port_base
from local.places import DEFAULT_PORT, run_folder
from local.sign_in import DEFAULT_SCOPE, WHO, NotRunningError, fetch_token
from local.stage import Addresses

DESCRIPTION = "Print an access token for the app of a ./dev run that is up, on one line."


def main(arguments: list[str]) -> int:
    """Print it."""
    parser = OneLineParser(prog="./dev token", description=DESCRIPTION)
    add = parser.add_argument
    add("--as", dest="who", choices=WHO, default="maker", help="who signs in (default maker)")
    add("--scope", default=DEFAULT_SCOPE, help="what the token is for (default: all that the app offers)")
    add("--port", type=port_base, default=DEFAULT_PORT, metavar="BASE", help="first port of the run (default 7071)")
    options = parser.parse_args(arguments)
    print(token_of(options.who, options.scope, options.port))
    return 0


def token_of(who: str, scope: str, port: int) -> str:
    """The token; the run may be one against the simulator or one against a real tenant."""
    for name in ("run", "real"):
        ca = Certificate(run_folder(name, port) / ENTRA_FOLDER).ca
        if ca.exists():
            with suppress(NotRunningError):
                return fetch_token(Addresses(port).entra, ca, who, scope).text
    raise LocalError(f"No ./dev run is up at port {port}: start one first, or name its first port with --port.")
