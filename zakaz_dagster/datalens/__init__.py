"""Dashboards as code: one specification drives the DataLens client and the static preview."""
