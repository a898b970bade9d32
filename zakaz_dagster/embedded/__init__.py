"""A local ClickHouse HTTP endpoint over the in-process engine, for development, demo and tests.

Imports nothing of ours.
"""
