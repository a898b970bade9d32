"""Verdicts about the platform, and the endpoints that serve them."""
