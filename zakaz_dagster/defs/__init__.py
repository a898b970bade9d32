"""The only folder that imports Dagster: assets, checks, schedules, sensors, and lineage."""
