"""Survival curves and incidences without a model: Kaplan–Meier, log-rank, Aalen–Johansen."""
