"""What can go wrong with the embedded servers, as one exception with a sentence for a person."""


class EmbeddedServerError(Exception):
    """An embedded server could not be started or used; the message says why and what to do."""
