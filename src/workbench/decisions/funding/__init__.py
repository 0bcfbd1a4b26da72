"""What to fund: what a reader gets of initiatives, from the chain that leads from them to money."""
