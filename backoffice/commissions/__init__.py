"""Commissions: the list, each with its explanation, and what is decided by hand (SPEC A13 to A15)."""
