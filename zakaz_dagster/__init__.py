"""Zakaz Dagster: ticket sales and advertising spend of a touring-show organiser, from vendors to DataLens.

Holds nothing but the name; start reading at `definitions.py` (Dagster) or `cli/` (the `zakaz` command).
"""
