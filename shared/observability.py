"""What the app logs, and what never gets into a log: tokens, subscription keys and the `sig` of a callback URL.

A record is one line, whatever a caller or the API wrote: what is not printable is escaped, an exception is indented.
"""

import logging
import re

_NAMED = (
    r"sig(?:=|%(?:25)*3D)",  # a callback URL or a SAS, also one that was put into another URL
    r"Bearer ",
    r"AccountKey=",
    r"[?&](?:code|subscription-key)=",
    r"(?:Ocp-Apim-Subscription-Key|x-functions-key)['\"]?[:,=] ?b?['\"]?",
)
_SECRETS = re.compile(
    rf"({'|'.join(_NAMED)})[^\s&'\",;}}]+|\beyJ[\w-]{{10,}}\.[\w.-]+|\bwhsec_[\w+/=-]+", re.IGNORECASE
)
_FORMATTER = logging.Formatter()
_QUIET = ("azure", "aiohttp.access", "asyncio")
_SILENT = ("msal",)  # it logs answers of Entra ID that it cannot read, with the tokens that are in them
_INDENT = "  "


class RedactingFilter(logging.Filter):
    """Takes secrets and line ends out of a record's text, and secrets out of its exception's, before it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, redacted."""
        text = record.getMessage()
        written = one_line(redact(text))
        if written != text:
            record.msg, record.args = written, ()
        if record.exc_info and not (record.exc_text or "").startswith(_INDENT):
            _redact_exception(record, _FORMATTER.formatException(record.exc_info))
        return True


def redact(text: str) -> str:
    """The text without secrets."""
    return _SECRETS.sub(lambda found: f"{found[1] or ''}***", text)


def one_line(text: str) -> str:
    """The text with an escape for everything that could end a line or hide one: nobody writes a record of his own."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def _redact_exception(record: logging.LogRecord, text: str) -> None:
    """An exception that holds a secret goes on as text only: handlers that read the exception itself get none."""
    redacted = redact(text)
    if redacted != text:
        record.exc_info = None
    record.exc_text = "\n".join(f"{_INDENT}{one_line(line)}" for line in redacted.splitlines())


def set_up_logging() -> None:
    """Guard the handlers that the Functions worker put on the root logger, and quiet the SDKs' request logs."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, RedactingFilter) for one in handler.filters):
            handler.addFilter(RedactingFilter())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
