"""`python -m zakaz_dagster.sandbox` serves the sandbox."""

from zakaz_dagster.sandbox.command import serve_command

serve_command()
