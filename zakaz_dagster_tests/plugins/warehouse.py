"""Fixtures of the warehouse."""
