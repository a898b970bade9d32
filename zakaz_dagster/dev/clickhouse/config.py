"""The engine's configuration files: query log, the rights of its one user, and the caller's own files over them.

Belongs here: XML for the engine. Does not: which rights there are (`access`), settings of a connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

from zakaz_dagster.dev.clickhouse import access
from zakaz_dagster.private_files import write_private

_ENGINE = """<clickhouse>
  <display_name>zakaz-embedded</display_name>
  <users_config>{users}</users_config>
  <default_database>_files</default_database>
  <access_control_improvements>
    <table_engines_require_grant>{engines_by_grant}</table_engines_require_grant>
  </access_control_improvements>
  <query_log>
    <database>system</database>
    <table>query_log</table>
    <partition_by>toMonday(event_date)</partition_by>
    <ttl>event_date + INTERVAL 14 DAY DELETE</ttl>
    <flush_interval_milliseconds>7500</flush_interval_milliseconds>
  </query_log>
</clickhouse>
"""
# A query may take an hour. What would let SQL hide in a string, or be another language, stays off.
_USERS = """<clickhouse>
  <profiles>
    <default>
      <max_execution_time>3600</max_execution_time>
      <constraints>
        <dialect><readonly/></dialect>
        <allow_experimental_eval_table_function><readonly/></allow_experimental_eval_table_function>
      </constraints>
    </default>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
{grants}
      </grants>
    </default>
  </users>
</clickhouse>
"""


def written(folder: Path, config_file: Path | None, users_file: Path | None, allowed: Iterable[str]) -> Path:
    """The file to start the engine with. It names the caller's users or our rights; the caller's own configuration
    is merged over it, as a server merges the folder beside its own.
    """
    users = users_file.resolve(strict=True) if users_file else folder / "users.xml"
    if users_file is None:
        grants = "\n".join(f"        <query>{escape(one)}</query>" for one in access.rights(allowed))
        write_private(users, _USERS.format(grants=grants).encode())
    own = folder / "engine.d" / "own.xml"
    own.unlink(missing_ok=True)
    if config_file is not None:
        write_private(own, config_file.read_bytes())
    path = folder / "engine.xml"
    by_grant = str(users_file is None).lower()
    write_private(path, _ENGINE.format(users=escape(str(users)), engines_by_grant=by_grant).encode())
    return path
