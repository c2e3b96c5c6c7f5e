"""Customers: the list, a new one, and the editor (SPEC C1)."""
