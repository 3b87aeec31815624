"""What the app logs, and what never gets into a log: tokens, subscription keys and the `sig` of a callback URL."""

import logging
import re

_SECRETS = re.compile(r"(sig=|Bearer |Ocp-Apim-Subscription-Key['\"]?: ?['\"]?)[^\s&'\",}]+", re.IGNORECASE)
_QUIET = ("azure", "aiohttp.access", "asyncio")


class RedactingFilter(logging.Filter):
    """Replaces secrets in a record's text before any handler writes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, redacted."""
        text = record.getMessage()
        redacted = redact(text)
        if redacted != text:
            record.msg, record.args = redacted, ()
        return True


def redact(text: str) -> str:
    """The text without secrets."""
    return _SECRETS.sub(lambda found: f"{found[1]}***", text)


def set_up_logging() -> None:
    """Guard the handlers that the Functions worker put on the root logger, and quiet the SDKs' request logs."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, RedactingFilter) for one in handler.filters):
            handler.addFilter(RedactingFilter())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
