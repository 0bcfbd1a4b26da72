"""Small groups of people over all that a run leaves, and over the runs of a dataset: nothing tells of them."""
