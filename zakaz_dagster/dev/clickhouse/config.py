"""The engine's configuration file: query log, and the caller's own files beside it.

Belongs here: XML for the engine. Does not: settings of a connection.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from zakaz_dagster.private_files import write_private

_TEMPLATE = """<clickhouse>
  <display_name>zakaz-embedded</display_name>
  <query_log>
    <database>system</database>
    <table>query_log</table>
    <partition_by>toMonday(event_date)</partition_by>
    <ttl>event_date + INTERVAL 14 DAY DELETE</ttl>
    <flush_interval_milliseconds>7500</flush_interval_milliseconds>
  </query_log>
{users}</clickhouse>
"""


def written(path: Path, config_file: Path | None, users_file: Path | None) -> Path:
    """The file to start the engine with: the caller's own, or ours naming the caller's users file."""
    if config_file is not None:
        return config_file.resolve(strict=True)
    users = f"  <users_config>{escape(str(users_file.resolve(strict=True)))}</users_config>\n" if users_file else ""
    write_private(path, _TEMPLATE.format(users=users).encode())
    return path
