"""Cox's proportional hazards: covariates screened, fitted, tests of proportionality, time-varying effects."""
