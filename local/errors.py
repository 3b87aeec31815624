"""What stops a local command, said to a person in one line."""


class LocalError(Exception):
    """A local command cannot begin or go on as it was asked to; the message says why and what to do."""

    exit_code = 2


class BrokenRunError(LocalError):
    """Something that was started does not do its part; the message says which and where its log is."""

    exit_code = 1
