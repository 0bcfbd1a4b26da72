"""Whether what a study says an initiative returns is so: simulated companies whose truth is known, row by row."""
