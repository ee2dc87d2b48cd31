"""Why the demo does not start or ends."""


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do, in a line or two for a person."""


class Stopped(BaseException):
    """Ctrl-C or a signal asked for the end. A BaseException, so that no `except Exception` on the way swallows it."""
