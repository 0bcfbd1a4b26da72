"""Boosted trees as tables: what XGBoost has learned, read from its JSON, and exact Shapley values of it."""
