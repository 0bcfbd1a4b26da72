"""Answers to a survey as the drivers' model takes them."""
