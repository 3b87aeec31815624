"""A file in pieces: whatever is in it, all pieces together are the file."""

import base64
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.acting import Stretch
from shared.domain.callers import Caller
from shared.domain.catalog import Entity, Partition
from shared.services.read_partition import Piece, read_partition
from tests.factories import ENVIRONMENT
from tests.services.named import named
from tests.services.stage import MAKER, Stage

TEXTS = st.lists(st.sampled_from(["a", "é", "€", "\N{GRINNING FACE}", "\n", "\r\n", ",", "x" * 60]), max_size=60)
LINES = TEXTS.map("".join).map(str.encode)
ODD = st.lists(st.sampled_from([b"\xff", b"\xe9\n", b"\n", b"a" * 30, b"\x80", b"\xc3\xa9"]), max_size=40)


async def pieces(whole: bytes, length: int) -> list[Piece]:
    """The file, so many bytes at a time."""
    stage, found, start = Stage(), [], 0
    stage.partitions.files["here"] = whole
    stage.actions.entity_list = (Entity("E", "E", partitions=(Partition("p", "here"),)),)
    while True:
        place = (ENVIRONMENT, "E", "p")
        piece = await read_partition(stage.ports, MAKER, stage.actions, place, start=start, length=length)
        found.append(piece)
        if piece.next_start is None:
            return found
        assert piece.next_start > start
        start = piece.next_start


def bytes_of(piece: Piece) -> bytes:
    return base64.b64decode(piece.content) if piece.encoding == "base64" else piece.content.encode()


@given(st.one_of(LINES, ODD.map(b"".join), st.binary(max_size=300)), st.integers(4, 80))
@example(b"\xe9\n" + b"x" * 100, 10)
async def test_no_file_is_cut_short(whole: bytes, length: int) -> None:
    """Text, text in another encoding, and no text at all."""
    found = await pieces(whole, length)
    assert b"".join(map(bytes_of, found)) == whole
    assert all(piece.bytes == len(bytes_of(piece)) <= length for piece in found)


@given(LINES, st.integers(4, 80))
async def test_a_file_of_text_comes_as_text(whole: bytes, length: int) -> None:
    """A piece ends with a line if there is an end in it, and never within a letter."""
    found = await pieces(whole, length)
    assert {piece.encoding for piece in found} == {"utf-8"}
    assert all(piece.content.endswith("\n") for piece in found[:-1] if "\n" in piece.content)


@pytest.mark.parametrize(
    ("whole", "start", "length", "content", "encoding", "rest"),
    [
        (b"a\nb\ncd", 0, 5, "a\nb\n", "utf-8", 4),
        (b"a\nb\ncd", 4, 5, "cd", "utf-8", None),
        (b"a\nb\ncd", 0, 6, "a\nb\ncd", "utf-8", None),
        (b"ab\xf0\x9f\x98\xffcd", 0, 6, "YWLwn5j/", "base64", 6),
        (b"abcdef", 0, 3, "abc", "utf-8", 3),
        (b"abcdef", 3, 3, "def", "utf-8", None),
        ("ab€d".encode(), 0, 4, "ab", "utf-8", 2),
        ("a😀d".encode(), 0, 4, "a", "utf-8", 1),
        (b"ab\0d", 0, 3, "YWIA", "base64", 3),
        (b"ab\xff", 0, 3, "YWL/", "base64", None),
        (b"\xe9abcdefg", 0, 6, "6WFiY2Rl", "base64", 6),
        (b"", 0, 6, "", "utf-8", None),
    ],
)
async def test_a_piece_ends_where_a_line_or_a_letter_does(
    whole: bytes, start: int, length: int, content: str, encoding: str, rest: int | None
) -> None:
    """What is no text comes whole, in base64."""
    stage = Stage()
    stage.partitions.files["here"] = whole
    stage.actions.entity_list = (Entity("E", "E", partitions=(Partition("q", "there"), Partition("p", "here"))),)
    place = (ENVIRONMENT, "E", "p")
    piece = await read_partition(stage.ports, MAKER, named(stage.actions), place, start=start, length=length)
    assert (piece.content, piece.encoding, piece.next_start) == (content, encoding, rest)
    assert (piece.name, piece.start, piece.total_bytes) == ("p", start, len(whole))


class Versions:
    """Tells what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Caller, str, int, int, str]] = []

    async def read(self, caller: Caller, location: str, *, start: int, length: int, version: str = "") -> Stretch:
        self.asked.append((caller, location, start, length, version))
        return Stretch(b"a\n", 9, "v2")


async def test_a_piece_is_read_as_its_caller_and_of_the_version_that_is_meant(stage: Stage) -> None:
    stage.actions.entity_list = (Entity("E", "E", partitions=(Partition("p", "here", has_header=True),)),)
    files, place = Versions(), (ENVIRONMENT, "E", "p")
    ports = replace(stage.ports, partitions=files)
    piece = await read_partition(ports, MAKER, stage.actions, place, start=3, length=4, version="v2")
    assert piece == Piece("p", "a\n", "utf-8", True, 3, 2, 9, "v2")
    await read_partition(ports, MAKER, stage.actions, place, start=0, length=1)
    assert files.asked == [(MAKER, "here", 3, 4, "v2"), (MAKER, "here", 0, 1, "")]
