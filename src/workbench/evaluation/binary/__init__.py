"""How good probabilities of a yes/no outcome are: `scores` of one forecast → `bootstrap` intervals, pairs; `groups`."""
