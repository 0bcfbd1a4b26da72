"""One column of a file becomes one canonical column: numbers, moments, choices."""
