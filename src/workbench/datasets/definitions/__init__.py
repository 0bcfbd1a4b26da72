"""dataset.yaml and the canonical tables: what a dataset says of itself."""
