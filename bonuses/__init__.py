"""Bonuses for reaching a target in a period (SPEC A10)."""
