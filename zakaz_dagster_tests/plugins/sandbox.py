"""Fixtures of the sandbox."""
