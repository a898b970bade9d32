"""The scripts that a team would write instead: pydantic row by row, and pandas.

Each loads what the vendor gives into one ClickHouse table, and no more: no totals, no proof, no ledger.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pandas as pd
from pydantic import BaseModel

from benchmarks.race_place import Place
from zakaz_dagster.timezone import MOSCOW, bounds

PER_PAGE = 200
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
REPORT = {
    "Date": "date", "CampaignId": "campaign_id", "CampaignName": "campaign_name", "AdGroupId": "ad_group_id",
    "AdGroupName": "ad_group_name", "AdId": "ad_id", "AdNetworkType": "network", "Impressions": "impressions",
    "Clicks": "clicks", "Cost": "cost_rub", "Conversions": "conversions",
}  # fmt: skip


def bodies(place: Place, first: date, last: date) -> Iterator[bytes]:
    """Pages until the vendor's total is reached."""
    start, end = bounds(first)[0].isoformat(), bounds(last)[1].isoformat()
    where = [
        {"column": "payed_at", "operator": ">=", "value": start},
        {"column": "payed_at", "operator": "<", "value": end},
    ]
    page, total = 1, PER_PAGE
    with httpx.Client(timeout=60) as client:
        while (page - 1) * PER_PAGE < total:
            asked = {"where": where, "orderBy": {"payed_at": "asc"}, "page": page, "perPage": PER_PAGE}
            body = client.request("GET", f"{place.vendor}/qtickets/orders", json=asked).content
            total = int(body[body.rindex(b'"total":') + 8 :].rstrip(b"} "))
            yield body
            page += 1


def tsv(place: Place) -> bytes:
    asked = {"params": {"ReportName": "race", "FieldNames": list(REPORT)}}
    return httpx.post(f"{place.vendor}/direct/v5/reports", json=asked, timeout=60).content


# pydantic, row by row


class Ticket(BaseModel):
    id: int
    show_id: int
    price: Decimal
    original_price: Decimal
    refunded_at: datetime | None
    refunded_amount: Decimal | None
    deleted_at: datetime | None


class Order(BaseModel):
    id: int
    payed_at: datetime
    client_id: int | None
    event_id: int
    utm: dict[str, str | None]
    baskets: list[Ticket]


class Orders(BaseModel):
    data: list[Order]


def rows_tickets(place: Place, first: date, last: date) -> None:
    client = place.client()
    for body in bodies(place, first, last):
        rows = [_row(order, ticket) for order in Orders.model_validate_json(body).data for ticket in order.baskets]
        client.insert("race_tickets", rows)


def _row(order: Order, ticket: Ticket) -> tuple[Any, ...]:
    paid = order.payed_at.astimezone(MOSCOW)
    return (paid.date(), paid, order.id, ticket.id, order.event_id, ticket.show_id, ticket.price, ticket.original_price,
            ticket.refunded_at, ticket.refunded_amount or Decimal(0), ticket.deleted_at, str(order.client_id or ""),
            *(order.utm.get(name) or "" for name in UTM))  # fmt: skip


class Line(BaseModel):
    Date: date
    CampaignId: int
    CampaignName: str
    AdGroupId: int = 0
    AdGroupName: str = ""
    AdId: int = 0
    AdNetworkType: str
    Impressions: int
    Clicks: int
    Cost: Decimal
    Conversions: int | None = None


def rows_report(place: Place, _first: date, _last: date) -> None:
    client = place.client()
    rows: list[tuple[Any, ...]] = []
    for cells in csv.DictReader(io.StringIO(tsv(place).decode()), delimiter="\t", quoting=csv.QUOTE_NONE):
        if cells["CampaignId"] is None:
            continue  # the line of the total
        line = Line.model_validate({name: value for name, value in cells.items() if value != "--"})
        rows.append(tuple(getattr(line, name) for name in REPORT))
    client.insert("race_report", rows)


# pandas


def pandas_tickets(place: Place, first: date, last: date) -> None:
    client = place.client()
    meta = ["id", "payed_at", "client_id", "event_id", *(["utm", name] for name in UTM)]
    for body in bodies(place, first, last):
        found = pd.json_normalize(
            msgspec.json.decode(body)["data"], "baskets", meta, meta_prefix="order.", errors="ignore"
        )
        paid = pd.to_datetime(found["order.payed_at"], utc=True).dt.tz_convert("Europe/Moscow")
        frame = pd.DataFrame(
            {
                "sale_date": paid.dt.date, "sold_at": paid, "order_id": found["order.id"].astype("uint64"),
                "ticket_id": found["id"].astype("uint64"), "event_id": found["order.event_id"].astype("uint64"),
                "show_id": found["show_id"].astype("uint64"), "price_rub": found["price"],
                "original_price_rub": found["original_price"],
                "refunded_at": pd.to_datetime(found["refunded_at"], utc=True),
                "refunded_rub": found["refunded_amount"].astype(float).fillna(0.0),
                "deleted_at": pd.to_datetime(found["deleted_at"], utc=True),
                "client_id": found["order.client_id"].astype(str),
                **{name: found[f"order.utm.{name}"].astype(object).fillna("") for name in UTM},
            }
        )  # fmt: skip
        client.insert_df("race_tickets", frame)


def pandas_report(place: Place, _first: date, _last: date) -> None:
    client = place.client()
    frame = pd.read_csv(io.BytesIO(tsv(place)), sep="\t", na_values=["--"], quoting=csv.QUOTE_NONE)
    frame = frame[frame["CampaignId"].notna()].rename(columns=REPORT)
    frame["date"] = pd.to_datetime(frame["date"]).dt.date
    for name in ("campaign_id", "ad_group_id", "ad_id", "impressions", "clicks"):
        frame[name] = frame[name].fillna(0).astype("uint64")
    frame["ad_group_name"] = frame["ad_group_name"].astype(object).fillna("")
    frame["conversions"] = frame["conversions"].astype("Int64")
    client.insert_df("race_report", frame)
