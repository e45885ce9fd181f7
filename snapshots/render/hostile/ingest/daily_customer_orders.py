"""Load shop.orders and shop.customers into the schema raw_shop.

    python ingest/daily_customer_orders.py --target dev --as-of 2026-03-31

A second run of the same day changes nothing. `orders` covers [as_of - 30 days, as_of) by
ordered_at. `customers` takes what is new by updated_at since the last run.
"""

import os
from datetime import timedelta

from pipewright_load import Column, Cursor, Pipeline, Table, Window, duckdb, main, snowflake, sqlite

TABLES = (
    Table(
        name="orders",
        source='Order "Details"',
        mode="merge",
        key=("order_id",),
        window=Window("ordered_at", days=30),
        columns=(
            Column("order_id", "bigint", source="Order Id", nullable=False),
            Column("customer_id", "bigint", nullable=False),
            Column("status", "text", source="select", nullable=False),
            Column("ordered_at", "timestamp", nullable=False),
            Column("shipped_at", "timestamp", source="d%d;--"),
            Column(
                "total_amount",
                "decimal",
                source=(
                    "a'b\\xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                    "xxxxxxxxxxxxxxxxxxxxxxxxxx y z"
                ),
                precision=12,
                scale=2,
                nullable=False,
            ),
            Column("currency", "text", source="{{ env_var('X') }}", nullable=False),
            Column("updated_at", "timestamp", source="naïve 🤦 \u202e", nullable=False),
        ),
    ),
    Table(
        name="customers",
        source="customers",
        mode="merge",
        key=("customer_id",),
        cursor=Cursor("updated_at", lag=timedelta(days=1)),
        columns=(
            Column("customer_id", "bigint", nullable=False),
            Column("first_name", "text", nullable=False),
            Column("last_name", "text", nullable=False),
            Column("email", "text"),
            Column("phone", "text"),
            Column("country_code", "text", nullable=False),
            Column("birth_date", "date"),
            Column("created_at", "timestamp", nullable=False),
            Column("updated_at", "timestamp", source="naïve 🤦 \u202e", nullable=False),
        ),
    ),
)
PIPELINE = Pipeline(
    name="daily_customer_orders_shop",
    schema="raw_shop",
    tables=TABLES,
    sources={
        "dev": lambda: sqlite("shop.sqlite"),
        "prod": lambda: os.environ["SHOP_MYSQL_URL"],
    },
    targets={
        "dev": lambda: duckdb("warehouse.duckdb"),
        "prod": lambda: snowflake("SNOWFLAKE"),
    },
)

if __name__ == "__main__":
    main(PIPELINE, about=__doc__)
