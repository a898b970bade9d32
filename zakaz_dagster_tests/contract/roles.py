"""The roles of sql/grants for an engine that knows users from a file only: its `default` gets the rights of one role.

Belongs here: the users file. Does not: what a role may do (the tests).
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape

from zakaz_dagster.warehouse.sql_files import load, named_after

USERS = """<clickhouse>
  <profiles><default/><reader>{profile}</reader></profiles>
  <quotas><default/></quotas>
  <users>
    <default><password/><networks><ip>::/0</ip></networks><profile>{name}</profile><quota>default</quota>{grants}</default>
    <zakaz_marts_definer><no_password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
      <grants><query>GRANT SELECT ON zakaz.*</query><query>GRANT SELECT ON zakaz_drill.*</query></grants></zakaz_marts_definer>
  </users>
</clickhouse>
"""


def users_file(folder: Path, role: str, database: str = "zakaz") -> Path:
    """The file in which `default` has the rights and limits of a database's role; of `everything` all of them."""
    all_rights = "<grants><query>GRANT ALL ON *.*</query></grants>"
    grants = all_rights if role == "everything" else rights_of(role)
    name = "reader" if role == "role_reader" else "default"
    path = folder / f"{role}-{database}.xml"
    users = USERS.format(profile=reader_profile(), name=name, grants=grants)
    path.write_text(named_after(users, database), "utf-8")
    return path


def rights_of(role: str) -> str:
    """The role's GRANT statements as those of a user in a users file."""
    found = [
        found[0]
        for s in load("grants").values()
        if (found := re.search(r"^GRANT [^;]* TO zakaz_" + role, s.sql, re.MULTILINE))
    ]
    assert found, role
    queries = (f"<query>{escape(' '.join(text.split()).removesuffix(f' TO zakaz_{role}'))}</query>" for text in found)
    return f"<grants>{''.join(queries)}</grants>"


def reader_profile() -> str:
    """profile_reader as XML: values, and their limits as constraints."""
    body = load("grants")["profile_reader"].sql.split("SETTINGS\n")[1].rsplit("TO zakaz_role_reader", 1)[0]
    values, limits = [], []
    for line in body.strip().split(",\n"):
        name, value, limit = re.fullmatch(
            r"\s*(\w+) = ('[^']*'|\d+)\s*((?:MIN \d+ )?MAX \d+|READONLY)?\s*", line
        ).groups()  # type: ignore[union-attr]
        values.append(f"<{name}>{value.strip(chr(39))}</{name}>")
        if limit:
            bounds = re.findall(r"(MIN|MAX) (\d+)", limit)
            rule = "".join(f"<{kind.lower()}>{bound}</{kind.lower()}>" for kind, bound in bounds) or "<readonly/>"
            limits.append(f"<{name}>{rule}</{name}>")
    return f"{''.join(values)}<constraints>{''.join(limits)}</constraints>"
