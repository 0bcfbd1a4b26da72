"""Why somebody is at risk: `explainers` (Shapley values of a forecast) → `importance`, `reasons`; `early_warnings`."""
