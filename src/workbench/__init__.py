"""Research and modelling workbench for customer operations."""
