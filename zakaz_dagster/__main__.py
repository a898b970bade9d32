"""`python -m zakaz_dagster` is the `zakaz` command."""

from zakaz_dagster.cli import main

main()
