"""Into which tokens does a Bicep text fall?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SKIPPED = re.compile(r"[ \t]+|//[^\r\n]*|/\*.*?\*/|#(?:disable|restore)-[^\r\n]*", re.DOTALL)
NEWLINES = re.compile(r"\r\n|\n|\r")
PLAIN = re.compile(
    r"(?P<identifier>[A-Za-z_]\w*)|(?P<integer>\d+)"
    r"|\.\.\.|&&|\|\||\?\?|=>|::|==|!=|=~|!~|<=|>=|[@{}()\[\],.?:=+\-*/%!<>|^]"
)
SILENCED = re.compile(r"^[ \t]*#disable-next-line((?:[ \t]+[\w-]+)+)", re.MULTILINE)
ESCAPED = re.compile(r"\\(?:u\{([0-9A-Fa-f]+)\}|(.))")
PIECE = re.compile(r"(?:[^'\\\r\n$]|\\u\{[0-9A-Fa-f]+\}|\\[nrt$'\\]|\$(?!\{))*")
BLOCK = re.compile(r"'''(?:\r\n|\n|\r)?(.*?)'''(?!')", re.DOTALL)
LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
LAST_CHARACTER = 0x10FFFF


class Refused(Exception):
    """The text is no Bicep: in which line, and why."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line
        self.what = what


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text.

    `kind` is: identifier, integer, newline, end, text (a whole one), text start, text middle, text end (what is
    before, between and after the parts that are filled in), or the punctuation itself. `text` is without escapes.
    """

    kind: str
    text: str
    line: int
    column: int

    @property
    def shown(self) -> str:
        """What a person would call it."""
        names = {"newline": "a new line", "end": "the end of the file"}
        return names.get(self.kind, f"'{self.text}'")


def tokens_of(text: str) -> list[Token]:
    """The tokens, ending with one of kind `end`. Raises Refused."""
    return list(_Lexer(text.removeprefix("\N{BYTE ORDER MARK}")).tokens())


def silenced_in(text: str) -> frozenset[tuple[int, str]]:
    """The lines of which `#disable-next-line` asks not to hear a rule, with its name."""
    found = ((text.count("\n", 0, match.end()) + 2, match[1].split()) for match in SILENCED.finditer(text))
    return frozenset((line, rule) for line, rules in found for rule in rules)


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.line = 1
        self.start_of_line = 0
        self.depths: list[int] = []  # of braces in each text that is being filled in, the innermost last

    def tokens(self) -> Iterator[Token]:
        while self.place < len(self.text):
            if skipped := SKIPPED.match(self.text, self.place):
                self.pass_over(skipped.end())
            elif newline := NEWLINES.match(self.text, self.place):
                token = self.token("newline", newline[0])
                self.pass_over(newline.end())
                if self.depths:
                    raise Refused(token.line, "what is filled into a text goes on in the next line")
                yield token
            else:
                yield self.next_token()
        yield self.token("end", "")

    def token(self, kind: str, text: str) -> Token:
        return Token(kind, text, self.line, self.place - self.start_of_line)

    def pass_over(self, end: int) -> None:
        for newline in NEWLINES.finditer(self.text, self.place, end):
            self.line += 1
            self.start_of_line = newline.end()
        self.place = end

    def next_token(self) -> Token:
        if block := BLOCK.match(self.text, self.place):
            token = self.token("text", block[1])
            self.pass_over(block.end())
            return token
        if self.text[self.place] == "'":
            return self.piece("text", "text start")
        if self.depths and self.text[self.place] == "}" and self.depths[-1] == 0:
            self.depths.pop()
            return self.piece("text end", "text middle")
        return self.plain()

    def plain(self) -> Token:
        found = PLAIN.match(self.text, self.place)
        if self.text.startswith("/*", self.place):
            raise Refused(self.line, "a comment is not ended")
        if found is None:
            raise Refused(self.line, f"'{self.text[self.place]}' is no Bicep")
        if self.depths:
            self.depths[-1] += {"{": 1, "}": -1}.get(found[0], 0)
        token = self.token(found.lastgroup or found[0], found[0])
        self.place = found.end()
        return token

    def piece(self, whole: str, opening: str) -> Token:
        """A text up to its end or to the next part that is filled in."""
        found = PIECE.match(self.text, self.place + 1)
        end = found.end() if found else self.place + 1
        text = self.text[self.place + 1 : end]
        if self.text.startswith("'", end):
            kind, end = whole, end + 1
        elif self.text.startswith("${", end):
            kind, end = opening, end + 2
            self.depths.append(0)
        elif self.text.startswith("\\", end):
            raise Refused(self.line, f"'{self.text[end : end + 2]}' is no escape (write \\\\ for a backslash)")
        else:
            raise Refused(self.line, "a text is not ended in its line")
        token = self.token(kind, ESCAPED.sub(_unescaped, text))
        self.place = end
        return token


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(min(int(match[1], 16), LAST_CHARACTER))
    return LETTERS.get(match[2], match[2])
