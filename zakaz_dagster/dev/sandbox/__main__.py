"""`python -m zakaz_dagster.dev.sandbox` serves the sandbox."""

from zakaz_dagster.dev.sandbox.command import serve_command

serve_command()
