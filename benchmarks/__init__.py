"""Measuring the product against the least that the same work can cost (`make bench`). See RESULTS.md."""
