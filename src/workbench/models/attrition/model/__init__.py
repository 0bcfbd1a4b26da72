"""Who leaves: `customers` (rows with an end) → `encoding` → `boosting`, `baselines` → `fitting` → `choice`."""
