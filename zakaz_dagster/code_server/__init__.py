"""Dagster's code server for our definitions, whose runs begin with everything imported."""
