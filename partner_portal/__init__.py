"""The door of a merchant's partners: what they earned, why, and when it is paid (SPEC Q1 to Q5)."""
