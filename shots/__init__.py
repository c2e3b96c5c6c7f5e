"""Pictures of every page, for people to look at beside each other: `make shots` while `make demo` runs."""
