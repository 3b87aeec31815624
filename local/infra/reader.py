"""Which token is next, and is it the one that belongs there?"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from local.infra.tokens import Refused, Token

T = TypeVar("T")


class Reader:
    """Tokens, read from the first to the last."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0

    @property
    def line(self) -> int:
        """The line of the next token."""
        return self.peek().line

    def peek(self, ahead: int = 0) -> Token:
        """The next token, or one behind it."""
        return self._tokens[min(self._place + ahead, len(self._tokens) - 1)]

    def behind_newlines(self, ahead: int = 0) -> Token:
        """The next token that is no new line."""
        while self.peek(ahead).kind == "newline":
            ahead += 1
        return self.peek(ahead)

    def take(self) -> Token:
        """The next token; the reader goes on."""
        token = self.peek()
        self._place += 1
        return token

    def at(self, *kinds: str) -> bool:
        """Is the next token one of these?"""
        return self.peek().kind in kinds

    def at_word(self, *words: str) -> bool:
        """Is the next token one of these words?"""
        return self.peek().kind == "identifier" and self.peek().text in words

    def taken(self, kind: str) -> bool:
        """Take the next token if it is of the kind."""
        found = self.at(kind)
        self._place += found
        return found

    def taken_word(self, word: str) -> bool:
        """Take the next token if it is the word."""
        found = self.at_word(word)
        self._place += found
        return found

    def expect(self, kind: str, what: str = "") -> Token:
        """The next token, which must be of the kind."""
        if not self.at(kind):
            wanted = what or f"'{kind}'"
            raise self.refused(f"{wanted} is missing before {self.peek().shown}")
        return self.take()

    def expect_word(self, word: str) -> None:
        """The next token must be the word."""
        if not self.taken_word(word):
            raise self.refused(f"'{word}' is missing before {self.peek().shown}")

    def name(self, what: str = "a name") -> str:
        """The next token, which must be an identifier."""
        return self.expect("identifier", what).text

    def refused(self, what: str) -> Refused:
        """What is wrong here."""
        return Refused(self.line, what)

    def newlines(self) -> None:
        """Pass over new lines."""
        while self.at("newline"):
            self.take()

    def elements(self, closing: str, element: Callable[[], T]) -> Iterator[T]:
        """The elements of an object or array, each in a line of its own or parted by commas; then its end."""
        self.newlines()
        while not self.at(closing, "end"):
            yield element()
            if self.at("newline"):
                self.newlines()
            elif self.taken(","):
                if self.at("newline"):
                    raise self.refused("a comma at the end of a line: elements in lines of their own have none")
            elif not self.at(closing):
                raise self.refused(f"a new line or a comma is missing before {self.peek().shown}")
        self.expect(closing)

    def arguments(self, closing: str, argument: Callable[[], T]) -> Iterator[T]:
        """What is given to a function, parted by commas; lines may end anywhere."""
        self.newlines()
        while not self.at(closing, "end"):
            yield argument()
            self.newlines()
            if not self.taken(","):
                break
            self.newlines()
            if self.at(closing):
                raise self.refused("a comma behind the last argument")
        self.expect(closing)

    def skip_to_next_declaration(self, words: frozenset[str]) -> None:
        """Behind something unreadable: to where a line begins with one of these words or a decorator."""
        while not self.at("end"):
            after_newline = self.take().kind == "newline"
            begins = self.at("@") or (self.at("identifier") and self.peek().text in words)
            if after_newline and begins and self.peek().column == 0:
                return
