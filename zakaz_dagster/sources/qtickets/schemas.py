"""The columns of orders and of sale lines as Arrow types; the tables of sql/tables without their service columns."""

import pyarrow as pa

MONEY = pa.decimal128(18, 2)
MOSCOW = "Europe/Moscow"
UTM_COLUMNS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")

ORDERS = pa.schema(
    [
        ("sale_date", pa.date32()),
        ("order_id", pa.uint64()),
        ("updated_at", pa.timestamp("s", MOSCOW)),
        ("payload", pa.string()),
    ]
)
LINES = pa.schema(
    [
        ("channel", pa.string()),
        ("sale_date", pa.date32()),
        ("line_id", pa.string()),
        ("order_id", pa.uint64()),
        ("order_lines", pa.uint32()),
        ("sold_at", pa.timestamp("s", MOSCOW)),
        ("event_id", pa.uint64()),
        ("show_id", pa.uint64()),
        ("event_name", pa.string()),
        ("city", pa.string()),
        ("tickets", pa.uint32()),
        ("price_rub", MONEY),
        ("original_price_rub", MONEY),
        ("is_free", pa.uint8()),
        ("is_removed", pa.uint8()),
        ("removed_date", pa.date32()),
        ("refund_date", pa.date32()),
        ("refunded_tickets", pa.uint32()),
        ("refunded_rub", MONEY),
        ("deduction_rub", MONEY),
        *((name, pa.string()) for name in UTM_COLUMNS),
        ("client_hash", pa.string()),
        ("reported_at", pa.timestamp("s", MOSCOW)),
    ]
)
