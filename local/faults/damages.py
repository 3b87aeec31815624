"""What becomes of a sample when it is damaged by chance? The same for the same chance, in every process."""

import re
from collections.abc import Sequence
from random import Random

_LONGEST = 64 * 1024
_DEEP = 3000
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null')
PIECES = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b":",
        b",",
        b"\\",
        b"null",
        b"true",
        b"-1",
        b"0",
        b"1e999999",
        b"1e99999999999999999999",
    ),
    *(
        b"NaN",
        b"-Infinity",
        b"9" * 5000,
        b"1." + b"9" * 500,
        b"\\ud800",
        b"\\u0000",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    ),
    *(
        b"\r\n",
        b"\xe2\x80\xa8",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x92\xa9",
        "٣".encode(),
        b"%00",
        b"../",
        b"0001-01-01T00:00:00Z",
    ),
    *(b"9999-12-31T23:59:59-23:59", b"[" * _DEEP, b'{"a":' * _DEEP, b"a" * 3000),
)


def damaged(chance: Random, samples: Sequence[bytes]) -> bytes:
    """A sample with one to five damages."""
    body = chance.choice(samples)
    for _ in range(chance.randint(1, 5)):
        body = _with_one(chance, body, samples)
    return body[:_LONGEST]


def _with_one(chance: Random, body: bytes, samples: Sequence[bytes]) -> bytes:
    place = chance.randrange(len(body) + 1)
    end = min(len(body), place + chance.choice((1, 1, 2, 8, 64)))
    match chance.randrange(8):
        case 0:  # one bit
            return (
                body[:place]
                + bytes(one ^ (1 << chance.randrange(8)) for one in body[place : place + 1])
                + body[place + 1 :]
            )
        case 1:
            return body[:place] + bytes((chance.randrange(256),)) + body[place:]
        case 2:
            return body[:place] + body[end:]
        case 3:  # the rest of another sample
            other = chance.choice(samples)
            return body[:place] + other[chance.randrange(len(other) + 1) :]
        case 4:  # twice
            return body[:end] + body[place:]
        case 5:
            return body[:place] + chance.choice(PIECES) + body[place:]
        case 6:
            return _another_value(chance, body)
        case _:
            return body[:place] + chance.choice(PIECES) + body[end:]


def _another_value(chance: Random, body: bytes) -> bytes:
    """Where it is JSON, another value or name in the place of one: a piece, in quotes or not."""
    found = [one.span() for one in _VALUE.finditer(body)]
    if not found:
        return body
    start, end = chance.choice(found)
    piece = chance.choice(PIECES)
    return body[:start] + (b'"%s"' % piece if chance.random() < 1 / 2 else piece) + body[end:]
