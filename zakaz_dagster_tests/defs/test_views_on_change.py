"""Views are created when they are missing, and again when their SQL or the columns they read change; by nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import dagster as dg
import pytest

from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.marts import views as virtual
from zakaz_dagster.warehouse import view_contract
from zakaz_dagster.warehouse.sql_files import Statement, load

VIEW = load("views")["v_funnel_daily"]
INPUTS = {**load("tables"), **load("views")}


class Server:
    """Dagster between two deployments: what exists, and what automation asks for at its next look."""

    def __init__(self) -> None:
        self.instance = dg.DagsterInstance.ephemeral()
        self.cursor: object = None

    def asks_for(self, view: Statement = VIEW) -> set[str]:
        result = dg.evaluate_automation_conditions(_definitions(view), self.instance, cursor=self.cursor)  # type: ignore[arg-type]
        self.cursor = result.cursor
        return {each.key.to_user_string() for each in result.results if each.true_subset.size}

    def made(self, *names: str) -> None:
        for name in names:
            self.instance.report_runless_asset_event(dg.AssetMaterialization(name))


def _definitions(view: Statement) -> dg.Definitions:
    made: Iterable[dg.AssetsDefinition] = [virtual._view(view)]
    origins = [dg.AssetSpec(key) for asset in made for key in asset.dependency_keys]
    return dg.Definitions(assets=[*made, *origins], resources={"warehouse": dg.ResourceDefinition.none_resource()})


@pytest.fixture
def server() -> Server:
    """The view exists, its tables too, and automation has looked once."""
    made = Server()
    made.made("fact_marketing_daily", "v_marketing_daily", VIEW.name)
    assert made.asks_for() == set()
    return made


def test_a_view_is_created_when_it_is_missing_but_not_before_its_tables() -> None:
    server = Server()
    assert server.asks_for() == set(), "nothing to read from yet"
    server.made("fact_marketing_daily", "v_marketing_daily")
    assert server.asks_for() == {VIEW.name}


def test_neither_time_nor_new_rows_create_it_again(server: Server) -> None:
    server.made("fact_marketing_daily", "v_marketing_daily")
    assert server.asks_for() == set()
    assert server.asks_for() == set()


def test_changed_sql_creates_it_again_once(server: Server) -> None:
    changed = replace(VIEW, sql=VIEW.sql.replace("COMMENT 'Клики'", "COMMENT 'Переходы'", 1) + "\n")
    assert changed.sql != VIEW.sql
    assert server.asks_for(changed) == {VIEW.name}
    server.made(VIEW.name)
    assert server.asks_for(changed) == set()


def test_a_changed_column_of_an_input_changes_the_version_and_a_changed_comment_does_not() -> None:
    before = virtual.code_version(VIEW, INPUTS)
    read = INPUTS["v_marketing_daily"]

    def after(old: str, new: str) -> str:
        assert old in read.sql
        return virtual.code_version(VIEW, {**INPUTS, read.name: replace(read, sql=read.sql.replace(old, new, 1))})

    assert after("clicks Int64", "clicks UInt64") != before
    assert after("COMMENT 'Клики'", "COMMENT 'Переходы'") == before
    assert virtual.code_version(VIEW, {**INPUTS, "v_sales_14d": read}) == before, "a table that it does not read"


def test_every_view_waits_for_that_condition_and_no_schedule_makes_one() -> None:
    definitions = build_definitions()
    graph = definitions.resolve_asset_graph()
    views = {dg.AssetKey(name) for name in load("views")}
    assert {graph.get(key).automation_condition for key in views} == {virtual.ON_CHANGE}
    assert {graph.get(key).code_version for key in views} >= {virtual.code_version(VIEW, INPUTS)}
    for schedule in definitions.get_repository_def().schedule_defs:
        targets = definitions.resolve_job_def(schedule.job_name).asset_layer.executable_asset_keys
        assert not views & set(targets), schedule.name


def test_every_view_is_read_as_datalens_reads_it_with_all_checks() -> None:
    definitions = build_definitions()
    keys = definitions.resolve_asset_graph().asset_check_keys
    looked_at = {key.asset_key.to_user_string() for key in keys if key.name == view_contract.NAME}
    assert looked_at == set(load("views"))
    assert "check_views" in {node.name for node in definitions.resolve_job_def("all_checks").nodes}
