"""What is said of a pilot: `phrases` (sizes with units), `verdicts` (of one arm), `several` (arms side by side)."""
