"""Grants and the deployment's ClickHouse files agree with each other and parse in the engine."""

from __future__ import annotations

import re
import string
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from zakaz_dagster.warehouse import grants, schema
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.drift import quoted
from zakaz_dagster.warehouse.sql_files import Place, load

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "clickhouse"
HASH = "0" * 64


def template_statements() -> list[str]:
    text = (DEPLOY / "users.sql.template").read_text("utf-8")
    sql = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    values = {name: HASH if name.endswith("SHA256") else "ANY" for name in re.findall(r"\$\{(\w+)\}", sql)}
    return [part.strip() for part in string.Template(sql).substitute(values).split(";") if part.strip()]


@pytest.mark.parametrize("name", list(load("grants")))
@pytest.mark.parametrize("place", [Place(), Place(database="mart", cluster="prod")], ids=["one server", "cluster"])
def test_a_grant_parses_wherever_it_runs(bare_warehouse: Warehouse, name: str, place: Place) -> None:
    sql = load("grants")[name].rendered(place)
    assert bare_warehouse.scalar(f"SELECT formatQuerySingleLine({quoted(sql)})", None, schema.ANYWHERE)
    assert ("ON CLUSTER '" in sql) == bool(place.cluster)


def test_the_users_template_parses_and_grants_each_its_role(bare_warehouse: Warehouse) -> None:
    statements = template_statements()
    for sql in statements:
        assert bare_warehouse.scalar(f"SELECT formatQuerySingleLine({quoted(sql)})", None, schema.ANYWHERE)
    granted = dict(re.findall(r"GRANT (\w+) TO (\w+)", "\n".join(statements)))
    said = {
        f"zakaz_{name}": grant.meta["granted_to"]
        for name, grant in load("grants").items()
        if "granted_to" in grant.meta
    }
    assert granted == said


def test_roles_come_before_what_is_given_to_them() -> None:
    names = [statement.name for statement in grants.in_order()]
    assert set(names) == set(load("grants")) - {"role_writer__cluster", "role_writer__replicas"}
    assert "role_writer__cluster" in [each.name for each in grants.in_order(Place(cluster="prod"))]
    for name in names:
        owner = name.split("__")[0]
        assert names.index(owner) <= names.index(name)
    assert names.index("marts_definer") < names.index("role_writer__definer")


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.xml")), ids=lambda path: path.parent.name)
def test_configuration_files_are_well_formed_and_hold_no_password(path: Path) -> None:
    tree = ET.parse(path)  # noqa: S314  our own file
    for element in tree.iter():
        if "password" in element.tag:
            assert element.get("from_env")
            assert not (element.text or "").strip()
