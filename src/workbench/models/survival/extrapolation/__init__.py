"""Beyond the data: parametric families that carry a curve on."""
