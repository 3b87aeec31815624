"""How are options of the local commands read? Mistakes are one line each, with exit code 2."""

import argparse
from typing import Never


class OneLineParser(argparse.ArgumentParser):
    """A parser that answers a mistake with one line instead of the whole usage."""

    def error(self, message: str) -> Never:
        """Say what is wrong and where help is."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def positive(text: str) -> float:
    """A number above zero, for a speed or a duration."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return number


def a_few(text: str) -> int:
    """A number from 1 to 9, for programs of one kind."""
    if not text.isdigit() or not 1 <= int(text) <= 9:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 9")
    return int(text)


def port_base(text: str) -> int:
    """A port with room for the six after it."""
    if not text.isdigit() or not 0 < int(text) <= 65529:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port from 1 to 65529")
    return int(text)
