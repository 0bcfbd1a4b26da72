"""What effects differ by: direction of change, group, touchpoint; and the order of work."""
