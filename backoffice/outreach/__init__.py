"""What partners are given and told."""
