"""A file in pieces: whatever is in it, all pieces together are the file."""

import base64

from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.catalog import Entity, Partition
from shared.services.read_partition import Piece, read_partition
from tests.factories import ENVIRONMENT
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
