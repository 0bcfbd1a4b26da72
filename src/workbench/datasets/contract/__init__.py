"""What a canonical table must keep, and what is said where it does not."""
