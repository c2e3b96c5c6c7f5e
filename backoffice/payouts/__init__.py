"""Payouts: what is outstanding, recording one, and what was paid (SPEC Y, first form)."""
