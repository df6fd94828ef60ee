"""Measures mediaops beside its own bare limits."""
