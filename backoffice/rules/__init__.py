"""What partners earn: the rules of programs, groups and partners, and a form to try them on an order."""
