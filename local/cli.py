"""Which command was asked for? Hands `./dev COMMAND` to the part that does it; mistakes are one line each."""

import os
import sys
from collections.abc import Callable, Sequence

from local.errors import LocalError

Command = Callable[[list[str]], int]
GONE = 141  # as shells tell of a program whose reader went away


def run(arguments: list[str]) -> int:
    """Start everything and play a day."""
    from local.run import main as run_day

    return run_day(arguments)


def simulate(arguments: list[str]) -> int:
    """Only the Customer Insights simulator."""
    from local.simulator.__main__ import main as run_simulator

    return run_simulator(arguments)


def token(arguments: list[str]) -> int:
    """A token of the Entra ID stand-in of a run."""
    from local.token import main as print_token

    return print_token(arguments)


def connector(arguments: list[str]) -> int:
    """Build, check or show the connector."""
    from local.connector.main import main as do_connector

    return do_connector(arguments)


def flows(arguments: list[str]) -> int:
    """Build or check the solutions of the connector and the sample flows."""
    from local.flows.main import main as do_flows

    return do_flows(arguments)


def infra(arguments: list[str]) -> int:
    """Check the Bicep, and show what it costs."""
    from local.infra.main import main as do_infra

    return do_infra(arguments)


def package(arguments: list[str]) -> int:
    """Build the folder that Azure gets, and try it."""
    from local.package.main import main as build_package

    return build_package(arguments)


def faults(arguments: list[str]) -> int:
    """Try every promise of docs/reliability.md."""
    from local.faults.main import main as try_promises

    return try_promises(arguments)


def bench(arguments: list[str]) -> int:
    """Measure it beside its peers and the limits."""
    from bench.main import main as measure

    return measure(arguments)


def test(arguments: list[str]) -> int:
    """All tests."""
    from local.checks import run_tests

    return run_tests(arguments)


def check(arguments: list[str]) -> int:
    """Formatting, lint, types, import rule and size rules."""
    from local.checks import check_all

    return check_all(arguments)


def reformat(arguments: list[str]) -> int:
    """Put the code into its form."""
    from local.checks import put_into_form

    return put_into_form(arguments)


def lock(arguments: list[str]) -> int:
    """Compile the requirements."""
    from local.lock import compile_requirements

    return compile_requirements(arguments)


# Each command imports what it needs when it is asked for: `check` must work while the simulator does not.
COMMANDS: dict[str, Command] = {
    "run": run,
    "simulate": simulate,
    "token": token,
    "connector": connector,
    "flows": flows,
    "infra": infra,
    "package": package,
    "test": test,
    "faults": faults,
    "bench": bench,
    "check": check,
    "format": reformat,
    "lock": lock,
}


def main(arguments: Sequence[str]) -> int:
    """Do the command; a person's mistake or a broken run is said without a traceback."""
    name, *rest = arguments or ("",)
    command = COMMANDS.get(name)
    if command is None:
        print(f"There is no command '{name}'. Commands: {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        return with_all_said(command, rest)
    except LocalError as error:
        print(with_name(f"./dev {name}: ", str(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def with_all_said(command: Command, rest: list[str]) -> int:
    """Do it; whoever reads what it says may go away before the end, as `| head` does."""
    try:
        try:
            return command(rest)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Else Python says so once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GONE


def with_name(prefix: str, problems: str) -> str:
    """Each problem with the command in front; what is indented below one (the end of a log) stays as it is."""
    return "\n".join(line if line.startswith(" ") else prefix + line for line in problems.splitlines())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
