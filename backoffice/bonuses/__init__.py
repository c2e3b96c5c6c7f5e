"""Bonuses: what is promised, how far everybody is, and the end of a promise (SPEC A10)."""
