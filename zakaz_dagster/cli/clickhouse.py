"""`zakaz clickhouse`: a local ClickHouse for development, demo and tests."""

from __future__ import annotations

from pathlib import Path

import click

from zakaz_dagster.cli.params import ANY_PORT, Folder, InputFile
from zakaz_dagster.dev.clickhouse.access import NAMES
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.settings import Settings


@click.group()
def clickhouse() -> None:
    """Serve a local ClickHouse over HTTP (development and tests)."""


@clickhouse.command()
@click.option("--data-dir", type=Folder(), help="Kept between runs. Default: <data dir>/clickhouse.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; others are refused.")
@click.option("--port", type=ANY_PORT, help="0 takes a free one. Default: CLICKHOUSE_PORT.")
@click.option("--password", help="Default: CLICKHOUSE_PASSWORD, or a random one in <data dir>/clickhouse/password.")
@click.option("--no-password", is_flag=True, help="Let in every program of this machine.")
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(NAMES),
    help="Open this to SQL; repeat. Default: its own tables only.",
)
@click.option("--config-file", type=InputFile(), help="Configuration of the engine, merged over ours.")
@click.option("--users-file", type=InputFile(), help="users.xml for `default`.")
def serve(
    *,
    data_dir: Path | None,
    host: str,
    port: int | None,
    password: str | None,
    no_password: bool,
    allow: tuple[str, ...],
    config_file: Path | None,
    users_file: Path | None,
) -> None:
    """Serve until Ctrl-C. Clients connect as they would to a ClickHouse server."""
    try:
        from zakaz_dagster.dev.clickhouse.serve import CannotServe, Options, Served
        from zakaz_dagster.dev.clickhouse.serve import serve as run
    except ImportError as error:
        raise ConfigFault(
            f"the local engine is not installed ({error.name})",
            source="clickhouse",
            next_step="pip install 'zakaz-dagster[local]', or set CLICKHOUSE_HOST to a ClickHouse server",
        ) from error

    settings = Settings()
    platform, server = settings.platform, settings.clickhouse
    given = server.password.get_secret_value() if "password" in server.model_fields_set else None
    options = Options(
        data_dir=data_dir or platform.data_dir / "clickhouse",
        host=host,
        port=server.port if port is None else port,
        user=server.user,
        password="" if no_password else password or given,
        allow=allow,
        config_file=config_file,
        users_file=users_file,
    )

    def ready(served: Served) -> None:
        secret = f"in {served.password_file}" if served.password_file else "set" if options.password else "none"
        click.echo(f"ClickHouse {served.version} (embedded) answers at http://{served.host}:{served.port}")
        click.echo(f"data: {options.data_dir}   user: {options.user}   password: {secret}")
        click.echo(
            f"SQL reaches {', '.join(['its own tables', *allow])}; the kernel holds: {served.kernel or 'nothing'}"
        )
        click.echo("Ctrl-C stops it.")

    try:
        run(options, ready)
    except CannotServe as error:
        raise ConfigFault(str(error), source="clickhouse") from error
