"""What the reference says about a view's methods, written beside them.

Scope, path, query and body are read from the code; `documented` adds what code cannot say: a summary, an example that
works (a test sends every one), and the codes of the refusals that are particular to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

H = TypeVar("H", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address."""

    summary: str
    answer: Any
    """The type of the body answered; `bytes` for a file."""
    files: tuple[str, ...] = ("text/csv",)
    """The types of the file answered."""
    upload: str = ""
    """What the part `upload` of a multipart body is; empty where only JSON is taken."""
    status: int = 200
    query: type | None = None
    body: Any = None
    example: Mapping[str, Any] | None = None
    """A body that works; ids in it stand in `api.examples.IDS`."""
    answer_example: Mapping[str, Any] | None = None
    """Where one made from the type would mislead."""
    refusals: tuple[str, ...] = ()
    also: Mapping[int, str] = field(default_factory=dict)
    """Further statuses with the same body, and when they are answered."""


def documented(summary: str, **rest: Any) -> Callable[[H], H]:
    """Attach an `Operation` to a method of a TenantView. The method's docstring is the description."""

    def attach(handler: H) -> H:
        handler.operation = Operation(summary=summary, **rest)  # type: ignore[attr-defined]
        return handler

    return attach


def operation_of(handler: Any) -> Operation:
    """What was attached; AttributeError for a method that nobody described."""
    found: Operation = handler.operation
    return found
