"""How is a line of the report written? On a terminal broken at its width, elsewhere whole."""

import shutil
import sys
import textwrap

INDENTED = "    "


def say(text: str) -> None:
    """Print it at once: an error that follows on the other stream comes after it. Spaces in front are kept."""
    indent = " " * (len(text) - len(text.lstrip()))
    print(broken(text, indent) if sys.stdout.isatty() else text, flush=True)


def broken(text: str, indent: str, width: int = 0) -> str:
    """The text in lines of a width, the terminal's without one; names and paths stay whole."""
    return textwrap.fill(
        text,
        width or shutil.get_terminal_size().columns,
        subsequent_indent=indent + INDENTED,
        break_long_words=False,
        break_on_hyphens=False,
    )
