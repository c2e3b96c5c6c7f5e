"""Partners: the list, a new one, and everything about one of them (SPEC A2 to A5)."""
