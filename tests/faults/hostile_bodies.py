"""Which bodies would an attacker send to whatever reads JSON?"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from functions.answers import MAX_BODY_BYTES

LEVELS = 10_000
DIGITS = 100_000
GOOD = b'{"a": 1}'


def nested(levels: int = LEVELS) -> Mapping[str, bytes]:
    """Arrays and objects in one another."""
    return {
        "deep arrays": b"[" * levels + b"]" * levels,
        "deep objects": b'{"a":' * levels + b"1" + b"}" * levels,
        "deep arrays and objects": b'[{"a":' * (levels // 2) + b"1" + b"}]" * (levels // 2),
        "deep arrays without an end": b"[" * levels,
        "deep objects without an end": b'{"a":' * levels,
        "an object with something deep in it": b'{"a":' + b"[" * levels + b"]" * levels + b"}",
    }


NUMBERS: Mapping[str, bytes] = {
    "1e999999": b"1e999999",
    "an exponent of 20 digits": b"1e99999999999999999999",
    "a fraction with such an exponent": b"1.5e-99999999999999999999",
    "60,000 digits": b"9" * 60_000,
    "100,000 digits": b"9" * DIGITS,
    "60,000 digits behind the dot": b"1." + b"9" * 60_000,
    "-0": b"-0",
    "2 to the 64": b"18446744073709551616",
    "01": b"01",
    "0x10": b"0x10",
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
}
VALUES: Mapping[str, bytes] = {
    **{name: body for name, body in nested().items() if "without" not in name},
    **{name: body for name, body in NUMBERS.items() if name not in ("01", "0x10")},
    "null": b"null",
    "true": b"true",
    "an empty list": b"[]",
    "an empty object": b"{}",
    "an empty text": b'""',
    "a NUL": b'"\\u0000"',
    "half a pair": b'"\\ud800"',
    "bytes that are no letter": b'"\xff\xfe"',
    "a long text": b'"' + b"a" * 50_000 + b'"',
    "a date of the year 1": b'"0001-01-01T00:00:00+14:00"',
    "a date of the year 9999": b'"9999-12-31T23:59:59-14:00"',
    "the same name twice": b'{"a": 1, "a": [2]}',
}
DOCUMENTS: Mapping[str, bytes] = {
    **nested(),
    **NUMBERS,
    **{f"{name} in an object": b'{"a": %s}' % body for name, body in NUMBERS.items()},
    "the same name twice": b'{"a": 1, "a": 2}',
    "the same name 5,000 times": b"{" + b",".join([b'"a":1'] * 5000) + b"}",
    "6,000 names": json.dumps({f"n{place}": 0 for place in range(5000)}).encode()[:65_000],
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-16 without a mark": GOOD.decode().encode("utf-16-le"),
    "UTF-16 of the other end": GOOD.decode().encode("utf-16-be"),
    "UTF-32": GOOD.decode().encode("utf-32"),
    "Latin-1": '{"a": "Ærø"}'.encode("latin-1"),
    "bytes that are no letter": b'{"a": "\xff\xfe\xc0\xaf"}',
    "bytes that are no letter, as a name": b'{"\xff": 1}',
    "a letter in too many bytes": b'{"a": "\xc1\x81"}',
    "half a pair": b'{"a": "\\ud800"}',
    "half a pair in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "a NUL as a name": b'{"\\u0000": 1}',
    "NULs": b"\x00" * 1000,
    "gzip": gzip.compress(GOOD, mtime=0),
    "gzip of much": gzip.compress(b"0" * 10_000_000, mtime=0),
    "nothing": b"",
    "blanks": b" \r\n\t" * 100,
    "null": b"null",
    "a list": b"[1]",
    "a text": b'"text"',
    "two objects": GOOD * 2,
    "lines of objects": GOOD + b"\n" + GOOD,
    "something behind it": GOOD + b" x",
    "a comma too many": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "a comment": b'{"a": 1 /* x */}',
    "no end": b'{"a": [1, {"b": "c',
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "a form": b"a=1&callbackUrl=https%3A%2F%2Fexample.com",
    "parts": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
    "a pickle": b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "YAML": b"!!python/object/apply:os.system [id]",
}
LARGE: Mapping[str, bytes] = {
    "one byte too many": b'{"a": "' + b"x" * (MAX_BODY_BYTES - 8) + b'"}',
    "a megabyte of JSON": b'{"a": [' + b"1," * 500_000 + b"1]}",
    "a megabyte of levels": b"[" * 1_000_000,
    "16 megabytes of nothing": b" " * 16_000_000,
}
LARGEST = b'{"a": "' + b"x" * (MAX_BODY_BYTES - 9) + b'"}'
TYPES = (
    *("application/json; charset=utf-16", "application/json;charset=x", "text/plain", "text/xml", "application/xml"),
    *(
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "x",
        "",
        "\xff",
    ),
)


def spoiled(document: bytes, values: Mapping[str, bytes]) -> Iterator[bytes]:
    """A JSON document with each of its values, at every place, and each of its names in turn another one."""
    whole = json.loads(document)
    for put in _places(whole):
        for value in values.values():
            yield put(value)


def _places(whole: Any) -> Iterator[Callable[[bytes], bytes]]:
    """For each value in a document: what writes the document with another one in its place."""
    mark = "\ue000here\ue000"

    def writer(text: bytes) -> Callable[[bytes], bytes]:
        head, _, tail = text.partition(json.dumps(mark, ensure_ascii=False).encode())
        return lambda value: head + value + tail

    def walk(part: Any, inside: Callable[[Any], Any]) -> Iterator[Callable[[bytes], bytes]]:
        yield writer(json.dumps(inside(mark), ensure_ascii=False).encode())
        items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        for key, value in items:
            yield from walk(value, partial(_inside, inside, part, key))

    return walk(whole, lambda found: found)


def _inside(inside: Callable[[Any], Any], part: Any, key: Any, found: Any) -> Any:
    copied = part.copy()
    copied[key] = found
    return inside(copied)
