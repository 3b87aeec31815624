"""What the app logs, and what never gets into a log: tokens, subscription keys and the `sig` of a callback URL."""

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


class RedactingFilter(logging.Filter):
    """Replaces secrets in a record's text, and in its exception's, before any handler writes them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, redacted."""
        text = record.getMessage()
        redacted = redact(text)
        if redacted != text:
            record.msg, record.args = redacted, ()
        if record.exc_info:
            _redact_exception(record, _FORMATTER.formatException(record.exc_info))
        return True


def redact(text: str) -> str:
    """The text without secrets."""
    return _SECRETS.sub(lambda found: f"{found[1] or ''}***", text)


def _redact_exception(record: logging.LogRecord, text: str) -> None:
    """An exception that holds a secret goes on as text only: handlers that read the exception itself get none."""
    redacted = redact(text)
    if redacted != text:
        record.exc_info, record.exc_text = None, redacted


def set_up_logging() -> None:
    """Guard the handlers that the Functions worker put on the root logger, and quiet the SDKs' request logs."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, RedactingFilter) for one in handler.filters):
            handler.addFilter(RedactingFilter())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
