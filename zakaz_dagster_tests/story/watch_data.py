"""What can go wrong with the data: by the vendor's own switches, and by rows that nobody should have written.

Each fault is cured by what its mail says: the days are loaded again.
"""

# ruff: noqa: S608
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zakaz_dagster_tests.story.watch_faults import SALES, SPEND, Act, Fault, loaded, spoilt
from zakaz_dagster_tests.story.watch_stage import Stage


def vendor(name: str, job: str, switches: Mapping[str, Any], back: int = 1) -> dict[str, Act]:
    """The vendor misbehaves while a job reads it, and the job runs again when it does not."""

    def breaks(stage: Stage) -> None:
        stage.sandbox.fault(name, **switches)
        assert not stage.run(job, back).success

    def cures(stage: Stage) -> None:
        stage.sandbox.fault(name, **dict.fromkeys(switches))
        assert (outcome := stage.run(job, back)).success, outcome.error

    return {"breaks": breaks, "cures": cures}


def rows(*statements: str, check: str = "", job: str, first: int, last: int | None = None) -> dict[str, Act]:
    """Rows are spoilt and the check runs, by itself if it is not live; loading the days again is the cure.

    In the statements {dN} is the day N days ago.
    """

    def breaks(stage: Stage) -> None:
        stage.sql(*(each.format(**{f"d{n}": stage.day(n) for n in range(9)}) for each in statements))
        if check:
            stage.check(check)

    return {"breaks": breaks, "cures": lambda stage: loaded(stage, job, first, last)}


def mail_differs(stage: Stage) -> None:
    day, after = stage.day(4), stage.day(3)
    stage.sql(
        "INSERT INTO stg_qtickets_sales_raw (channel, sale_date, line_id, sold_at, tickets, price_rub, reported_at)"
        f" VALUES ('mail', '{day}', 'm:1', '{day} 10:00:00', 1, 17, '{after} 06:00:00')"
    )
    stage.check("stg_qtickets_sales_raw__mail_agrees")


def mail_gone(stage: Stage) -> None:
    stage.sql(f"ALTER TABLE stg_qtickets_sales_raw DROP PARTITION ('mail', '{stage.day(4)}')")
    stage.check("stg_qtickets_sales_raw__mail_agrees")


def spend_vanishes(stage: Stage) -> None:
    """VK itself says so: the load succeeds."""
    stage.sandbox.fault("vk", money="zero")
    loaded(stage, "vk_ads_daily", 1)


def spend_returns(stage: Stage) -> None:
    stage.sandbox.fault("vk", money=None)
    loaded(stage, "vk_ads_daily", 1)
    loaded(stage, "marts_refresh", 1)


def utm_unread(stage: Stage) -> None:
    day = stage.day(1)
    stage.sql(
        "INSERT INTO stg_qtickets_sales_raw (channel, sale_date, line_id, order_id, sold_at, tickets, price_rub,"
        " utm_source, utm_medium, utm_content)"
        f" VALUES ('api', '{day}', '999999999', 1, '{day} 10:00:00', 1, 5000000, 'vk', 'x', 'nowhere_99_99')"
    )
    loaded(stage, "marts_refresh", 1)


LEDGER = "INSERT INTO meta_day_loads SELECT * REPLACE ({} AS {}, _ver + 1 AS _ver) FROM meta_day_loads FINAL WHERE source = '{}'"

DATA = {
    "vendor down": Fault(
        "run__qtickets_reload", "Загрузка QTickets (qtickets_reload) не удалась", ("qtickets",), views=SALES,
        **vendor("qtickets", "qtickets_reload", {"off": True}),
    ),
    "token expired": Fault(
        "run__qtickets_reload", "Загрузка QTickets (qtickets_reload) не удалась", ("QTICKETS_TOKEN",), views=SALES,
        **vendor("qtickets", "qtickets_reload", {"expired_token": True}),
    ),
    "VK's token refused": Fault(
        "run__vk_ads_daily", "Загрузка VK Реклама (vk_ads_daily) не удалась", ("VK_ADS_CLIENT",), views=SPEND,
        **vendor("vk", "vk_ads_daily", {"refuse_tokens": "invalid_token", "secret_status": 401}),
    ),
    "Direct's token expired": Fault(
        "run__yandex_direct_daily", "Загрузка Яндекс.Директ (yandex_direct_daily) не удалась", ("DIRECT_TOKEN",), views=SPEND,
        **vendor("direct", "yandex_direct_daily", {"error": 53}),
    ),
    "filter ignored": Fault(
        "run__qtickets_reload", "Загрузка QTickets (qtickets_reload) не удалась", ("filter ignored", "zakaz doctor --live"), views=SALES,
        **vendor("qtickets", "qtickets_reload", {"filter_ignored": "where", "only": "orders"}),
    ),
    "the vendor's shape drifted": Fault(
        "run__qtickets_reload", "Загрузка QTickets (qtickets_reload) не удалась", ("price", "$.data"), views=SALES,
        **vendor("qtickets", "qtickets_reload", {"missing_key": "baskets.price", "only": "orders"}),
    ),
    "half day": Fault(
        "stg_qtickets_sales_raw__no_missing_days", "QTickets: есть незагруженные дни", ("read before it ended",),
        views=SALES,
        **rows(
            LEDGER.format("toDateTime(day, 'Europe/Moscow') + 43200", "covered_until", "qtickets") + " AND day = '{d3}'",
            job="qtickets_reload", first=3,
        ),
    ),
    "day never loaded": Fault(
        "fact_vk_ads_daily__no_missing_days", "есть незагруженные дни", ("never loaded",), views=SPEND,
        **rows(
            "ALTER TABLE meta_day_loads DELETE WHERE source = 'vk_ads' AND day = '{d5}'", job="vk_ads_daily", first=5
        ),
    ),
    "stale source": Fault(
        "stg_qtickets_sales_raw__fresh", "QTickets: данные устарели", ("last loaded 180 min ago",), views=SALES,
        **rows(LEDGER.format("now() - 10800", "_loaded_at", "qtickets"), job="qtickets_reload", first=0),
    ),
    "loads succeed and bring nothing new": Fault(
        "fact_direct_daily__fresh", "данные устарели", ("4 days behind today",), views=SPEND,
        **rows(
            "ALTER TABLE fact_direct_daily DELETE WHERE date >= '{d3}'", job="yandex_direct_daily", first=3, last=1
        ),
    ),
    "duplicate": Fault(
        "stg_qtickets_sales_raw__one_row_per_ticket", "билет посчитан дважды", ("1 tickets on several days",), views=SALES,
        **rows(
            "INSERT INTO stg_qtickets_sales_raw SELECT * REPLACE (toDate('{d2}') AS sale_date)"
            " FROM (SELECT * FROM stg_qtickets_sales_raw FINAL WHERE channel = 'api' AND sale_date = '{d3}' LIMIT 1)",
            check="stg_qtickets_sales_raw__one_row_per_ticket", job="qtickets_reload", first=3, last=2,
        ),
    ),
    "volume unlike its weekday": Fault(
        "stg_qtickets_sales_raw__volume_as_usual", "продажи необычные", ("usual",), views=SALES, status="warning",
        **spoilt(
            "INSERT INTO stg_qtickets_sales_raw SELECT line.* REPLACE (concat(line_id, '-', toString(number)) AS line_id)"
            " FROM (SELECT * FROM stg_qtickets_sales_raw FINAL WHERE channel = 'api'"
            " AND sale_date = toDate(now('Europe/Moscow')) - 1) AS line CROSS JOIN numbers(30) AS copies",
            check="stg_qtickets_sales_raw__volume_as_usual",
            cure=lambda stage: stage.sql("ALTER TABLE stg_qtickets_sales_raw DELETE WHERE line_id LIKE '%-%'"),
        ),
    ),
    "sudden refunds": Fault(
        "stg_qtickets_sales_raw__refunds_as_usual", "внезапно много возвратов", ("RUB given back",), views=SALES,
        status="warning",
        **rows(
            "INSERT INTO stg_qtickets_sales_raw SELECT * REPLACE (toDate('{d1}') AS refund_date, price_rub AS refunded_rub,"
            " _ver + 1 AS _ver) FROM stg_qtickets_sales_raw FINAL WHERE channel = 'api' AND is_removed = 0"
            " AND sale_date >= '{d6}' AND sale_date <= '{d2}'",
            check="stg_qtickets_sales_raw__refunds_as_usual", job="qtickets_reload", first=6, last=1,
        ),
    ),
    "mail and API differ": Fault(
        "stg_qtickets_sales_raw__mail_agrees", "Письма QTickets и API расходятся", ("API", "mail"), views=SALES,
        status="warning",
        breaks=mail_differs, cures=mail_gone,
    ),
    "mail unread": Fault(
        "stg_qtickets_sales_raw__mails_read", "Письмо с отчётом QTickets не прочитано", ("message unreadable-1",),
        views=SALES, status="warning",
        **spoilt(
            "INSERT INTO stg_gmail_messages (message_id, part, received_at, outcome)"
            " VALUES ('unreadable-1', '', now(), 'refused')",
            check="stg_qtickets_sales_raw__mails_read",
            cure=lambda stage: stage.sql("ALTER TABLE stg_gmail_messages DELETE WHERE message_id = 'unreadable-1'"),
        ),
    ),
    "group total differs from its ads": Fault(
        "fact_vk_ads_daily__groups_equal_vendor", "не сходятся с группами", ("1 days differ",), views=SPEND,
        **rows(
            "INSERT INTO fact_vk_ads_daily SELECT * REPLACE (spent_rub + 100 AS spent_rub, _ver + 1 AS _ver)"
            " FROM fact_vk_ads_daily FINAL WHERE date = '{d2}' LIMIT 1",
            check="fact_vk_ads_daily__groups_equal_vendor", job="vk_ads_daily", first=2,
        ),
    ),
    "Direct's day differs from its report": Fault(
        "fact_direct_daily__days_equal_vendor", "расход не равен отчёту", ("1 days",), views=SPEND,
        **rows(
            "INSERT INTO fact_direct_daily SELECT * REPLACE (cost_rub + 7 AS cost_rub, _ver + 1 AS _ver)"
            " FROM fact_direct_daily FINAL WHERE date = '{d2}' LIMIT 1",
            check="fact_direct_daily__days_equal_vendor", job="yandex_direct_daily", first=2,
        ),
    ),
    "dashboards behind the loads": Fault(
        "fact_marketing_daily__equals_platforms", "Сводный расход отстал", ("days differ",), views=SPEND,
        **rows(
            "ALTER TABLE fact_marketing_daily DELETE WHERE date = '{d2}'",
            check="fact_marketing_daily__equals_platforms", job="marts_refresh", first=2,
        ),
    ),
    "spend drops to zero": Fault(
        "fact_vk_ads_daily__volume_as_usual", "расход необычный", (": 0 RUB",), views=SPEND, status="warning",
        breaks=spend_vanishes, cures=spend_returns,
    ),
    "UTM nobody can read": Fault(
        "fact_sales_attributed_daily__utm_mapped", "непонятными UTM", ("RUB with UTM are not read",), views=("v_romi_kpi",),
        status="warning", breaks=utm_unread, cures=lambda stage: loaded(stage, "qtickets_reload", 1),
    ),
}  # fmt: skip
