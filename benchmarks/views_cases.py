"""The charts whose speed counts: a view, what a chart takes of it, and the same columns in the fact behind it."""

from __future__ import annotations

from dataclasses import dataclass

# Parts of other views and settings: no chart asks them.
INNER = {
    "v_romi_lights",
    "v_sales_attributed",
    "v_sales_counted",
    "v_sales_days",
    "v_sales_outdated",
    "v_sales_unmapped",
    "v_settings",
}
SALES, SPEND, SEATS = "fact_sales_attributed_daily", "fact_marketing_daily", "fact_inventory_daily"
NET = ("revenue_rub", "refunds_rub")


@dataclass(frozen=True)
class Case:
    """`by` is the view's date that the period narrows, `day` the fact's."""

    view: str
    dimension: str
    measures: tuple[str, ...]
    fact: str
    columns: tuple[str, ...]
    by: str = "date"
    day: str = "date"


CASES = (
    Case("v_sales_latest", "city", ("net_revenue_rub",), "fact_qtickets_sales_daily", ("city", *NET)),
    Case("v_sales_14d", "date", ("net_revenue_rub",), "fact_qtickets_sales_daily", ("date", *NET)),
    Case("v_sales_daily", "event_name", ("net_revenue_rub", "tickets_paid"), SALES, ("event_id", *NET, "tickets_sold")),
    Case("v_marketing_daily", "date", ("spend_rub", "net_revenue_rub"), SPEND, ("date", "spend_rub")),
    Case("v_romi_kpi", "city", ("spend_rub", "organiser_income_rub"), SPEND, ("city", "spend_rub")),
    Case("v_campaign_performance", "campaign_name", ("spend_rub", "clicks"), SPEND, ("campaign_name", "spend_rub")),
    Case("v_funnel_daily", "channel_group", ("impressions", "orders"), SPEND, ("channel_group", "impressions")),
    Case("v_city_performance", "city", ("net_revenue_rub", "spend_rub"), SPEND, ("city", "spend_rub")),
    Case("v_show_performance", "event_name", ("net_revenue_rub",), SALES, ("show_id", *NET), by="show_date"),
    Case("v_sales_curve", "days_to_show", ("tickets_sold",), SALES, ("show_id", "tickets_sold"), by="show_date"),
    Case("v_plan_vs_fact", "date", ("plan_revenue_rub", "fact_revenue_rub"), SALES, ("date", "revenue_rub")),
    Case("v_budget_pacing", "account", ("spend_rub", "budget_rub"), SPEND, ("account", "spend_rub"), by="month"),
    Case("v_attribution_quality", "match_level_name", ("revenue_rub",), SALES, ("match_level", "revenue_rub")),
    Case("v_utm_unmapped", "reason", ("money_rub",), SALES, ("utm_problem", "revenue_rub")),
    Case(
        "v_inventory_latest",
        "event_name",
        ("seats_sold",),
        SEATS,
        ("show_id", "seats_sold"),
        "show_date",
        "snapshot_date",
    ),
    Case(
        "v_ops_runs", "job", ("runs", "failures"), "meta_job_runs", ("job", "rows_received"), day="toDate(started_at)"
    ),
    Case("v_data_freshness", "source", ("missing_days",), SALES, ("sale_date", "orders"), by=""),
    Case("v_decisions", "city", ("spend_7d_rub",), SPEND, ("city", "spend_rub"), by=""),
    Case("v_decision_curve", "city", ("tickets_paid",), SALES, ("city", "tickets_sold"), by=""),
    Case("v_decisions_state", "state", ("shows",), SALES, ("city", "tickets_sold"), by=""),
    Case("v_forecast_quality", "verdict", ("shows",), SALES, ("city", "tickets_sold"), by=""),
)
