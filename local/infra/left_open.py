"""Which brace was forgotten? Where one is missing, the compiler notices it only much further down."""

from collections.abc import Sequence

from local.infra.tokens import Token

CLOSING = {"}": "{", "]": "[", ")": "("}


def left_open(tokens: Sequence[Token]) -> Token | None:
    """The bracket that is not closed, if one is: the first whose end is not below the line that it stands in."""
    waiting: list[tuple[Token, int]] = []
    strange: Token | None = None
    column, line = 0, 0
    for token in tokens:
        if token.kind != "newline" and token.line != line:
            column, line = token.column, token.line
        if token.kind in CLOSING.values():
            waiting.append((token, column))
        elif token.kind in CLOSING and waiting and waiting[-1][0].kind == CLOSING[token.kind]:
            opening, indentation = waiting.pop()
            # A bracket that ends a line of its own is as far to the right as the line that begins with its partner.
            if token.column == column and token.line != opening.line and column != indentation:
                strange = strange or opening
        elif token.kind in CLOSING:
            return waiting[-1][0] if waiting else None
    return (strange or waiting[-1][0]) if waiting else None
