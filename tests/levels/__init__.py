"""What recruiters earn."""
