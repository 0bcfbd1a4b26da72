"""Cox's proportional hazards: covariates screened, fitted, tested for proportionality, and remedied."""
