"""Lifetimes from whichever table a dataset has: how long customers were there, and whether they left."""
