"""Whether arms are alike but for what was dealt: `dealt` (the draw), `later` (who was lost, or left), by `apart`."""
