"""The columns of orders and of sale lines as Arrow types."""

import pyarrow as pa

from zakaz_dagster.table_schemas import schema_of

MONEY = pa.decimal128(18, 2)
MOSCOW = "Europe/Moscow"
UTM_COLUMNS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
ORDERS = schema_of("stg_qtickets_orders_raw")
LINES = schema_of("stg_qtickets_sales_raw")
