"""What can go wrong before the host runs, in words for the person who started it."""


class HostError(Exception):
    """The app cannot be run as it is; the message is one line and says what to do."""
