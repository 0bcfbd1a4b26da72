"""The ordered logit or probit: likelihood, mode, sampling, imputation."""
