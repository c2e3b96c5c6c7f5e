"""How far a rule reaches: which of those behind it in the order can ever be asked. Pure."""

from collections.abc import Iterable, Iterator

from rewards.rules import Terms


def decides_every_sale(terms: Terms) -> bool:
    """Whether it matches any order in any currency, with all that is open of it: then the asking ends there."""
    details = terms.details
    return details.event == "sale" and not (details.conditions or details.narrows_lines or terms.currency)


def with_reach(rules: Iterable[Terms]) -> Iterator[tuple[Terms, bool]]:
    """Rules in the order in which they are asked, each with whether it ever is: sales end at one that decides all."""
    is_over = False
    for terms in rules:
        is_sale = terms.details.event == "sale"
        yield terms, not (is_over and is_sale)
        is_over = is_over or decides_every_sale(terms)
