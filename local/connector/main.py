"""Which part of `./dev connector` was asked for? Each is imported only when it is."""

from collections.abc import Callable

from local.options import OneLineParser

Part = Callable[[list[str]], int]


def build(arguments: list[str]) -> int:
    """Fill host and ids in: a folder and a zip that can be imported."""
    from local.connector.build import main as run

    return run(arguments)


def check(arguments: list[str]) -> int:
    """Hold the connector to Microsoft's schemas, the certification rules and its last release."""
    from local.connector.checks import main as run

    return run(arguments)


def preview(arguments: list[str]) -> int:
    """Show the connector in a page as its makers meet it in the designer."""
    from local.connector.preview import main as run

    return run(arguments)


def docs(arguments: list[str]) -> int:
    """Write the pages that follow from the definition, or say which do not."""
    from local.connector.reference import main as run

    return run(arguments)


def icon(arguments: list[str]) -> int:
    """Draw the icon."""
    from local.connector.icon import main as run

    return run(arguments)


PARTS: dict[str, Part] = {"build": build, "check": check, "preview": preview, "docs": docs, "icon": icon}


def main(arguments: list[str]) -> int:
    """Do the part; what follows its name is the part's own."""
    parser = OneLineParser(prog="./dev connector", description="The custom connector of Power Automate.")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART", parser_class=OneLineParser)
    for name, part in PARTS.items():
        parts.add_parser(name, help=(part.__doc__ or "").rstrip("."), add_help=False)
    options = parser.parse_args(arguments[:1])
    return PARTS[options.part](arguments[1:])
