"""The one error of this package."""


class EmbeddedError(Exception):
    """The embedded servers cannot be had; the message says why and what to do."""
