"""The one error that crosses floors: a rule of the domain said no.

Every verb raises a subclass (or this class with a code of its own) and never an HTTP error; `api.problems`
turns it into a problem document, forms turn it into a message. The message tells a person what to do.
"""

from typing import Any


class DomainError(Exception):
    """A request that is understood and refused.

    `code` is stable and part of the API's contract; `message` is for people; `field` is the path of the input
    at fault (`lines[2].amount`) or "" when no single field is; `status` is the HTTP status that means the same.
    """

    code = "invalid"
    status = 422

    def __init__(self, message: str, *, code: str = "", field: str = "", status: int = 0, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.extra = extra
        self.code = code or type(self).code
        self.status = status or type(self).status


class NotFound(DomainError):
    """No such object for this merchant. Another merchant's object is not found either: 404, never 403."""

    code = "not_found"
    status = 404


class Conflict(DomainError):
    """The object exists with other content, or is in a state that does not allow this."""

    code = "conflict"
    status = 409
