"""Writes a dbt project of N models as teams have them: sources, staging, intermediate and marts, with macros,
config, refs, tests and descriptions. The same N gives the same bytes.

    python3 benches/make_project.py 1000 FOLDER
"""

import pathlib
import sys

PROJECT = """name: bench
version: "1.0"
profile: bench
model-paths: [models]
macro-paths: [macros]
vars:
  only_recent: true
models:
  bench:
    staging:
      +materialized: view
    intermediate:
      +materialized: ephemeral
    marts:
      +materialized: table
"""

PROFILE = """bench:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: ":memory:"
"""

MACROS = """{% macro cents(column, scale=2) -%}
  cast(({{ column }} / 100.0) as decimal(18, {{ scale }}))
{%- endmacro %}

{% macro day(column) -%}
  cast(date_trunc('day', {{ column }}) as date)
{%- endmacro %}

{% macro limit_in_dev(column) -%}
  {% if var('only_recent', true) -%}
  and {{ column }} >= cast('2020-01-01' as date)
  {%- endif %}
{%- endmacro %}
"""

STAGING = """{{{{ config(materialized='view', tags=['staging', 'area_{area}']) }}}}

with source as (

    select * from {{{{ source('app_{area}', 'orders_{n}') }}}}

),

renamed as (

    select
        id as order_id,
        customer_id,
        -- the shop writes the status in any case
        lower(trim(status)) as status,
        {{{{ cents('amount') }}}} as amount,
        {{{{ cents('tax') }}}} as tax,
        country_code,
        cast(ordered_at as timestamp) as ordered_at,
        {{{{ day('ordered_at') }}}} as ordered_on,
        coalesce(is_test, false) as is_test
    from source
    where id is not null
      {{{{ limit_in_dev('ordered_at') }}}}

)

select * from renamed
where not is_test
"""

INTERMEDIATE = """{{%- set statuses = ['placed', 'shipped', 'completed', 'returned'] -%}}

with orders as (
    select * from {{{{ ref('{left}') }}}}
),

others as (
    select * from {{{{ ref('{right}') }}}}
),

per_customer as (
    select
        customer_id,
        count(*) as orders,
        sum(amount) as amount,
        max(ordered_at) as last_ordered_at
        {{%- for status in statuses %}},
        sum(case when status = '{{{{ status }}}}' then amount else 0 end) as {{{{ status }}}}_amount
        {{%- endfor %}}
    from others
    group by customer_id
),

joined as (
    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        orders.ordered_on,
        orders.amount,
        orders.country_code,
        orders.status,
        per_customer.orders as orders_of_customer,
        per_customer.amount as amount_of_customer,
        per_customer.placed_amount,
        row_number() over (partition by orders.customer_id order by orders.ordered_at, orders.order_id) as nth_order
    from orders
    left join per_customer on orders.customer_id = per_customer.customer_id
)

select
    *,
    amount / nullif(amount_of_customer, 0) as share_of_customer
from joined
"""

MART = """{{{{ config(
    materialized='{materialized}',
    unique_key='order_id',
    on_schema_change='append_new_columns'
) }}}}

with enriched as (
    select * from {{{{ ref('{inner}') }}}}
    {{% if is_incremental() %}}
    where ordered_at >= (select max(ordered_at) from {{{{ this }}}})
    {{% endif %}}
),

staged as (
    select order_id, tax from {{{{ ref('{staged}') }}}}
)

select
    enriched.order_id,
    enriched.customer_id,
    enriched.ordered_at,
    enriched.ordered_on,
    enriched.status,
    enriched.country_code,
    enriched.amount,
    staged.tax,
    enriched.amount - staged.tax as net_amount,
    enriched.nth_order = 1 as is_first_order,
    case
        when enriched.amount_of_customer > 10000 then 'large'
        when enriched.amount_of_customer > 1000 then 'medium'
        else 'small'
    end as customer_size
from enriched
inner join staged on enriched.order_id = staged.order_id
"""


def described(name, columns):
    lines = [f"  - name: {name}", f"    description: Rows of {name}.", "    columns:"]
    for column in columns:
        lines += [f"      - name: {column}", f"        description: The {column.replace('_', ' ')}."]
        if column == "order_id":
            lines += ["        data_tests:", "          - unique", "          - not_null"]
    return "\n".join(lines)


def main(count, folder):
    root = pathlib.Path(folder)
    files = {"dbt_project.yml": PROJECT, "profiles.yml": PROFILE, "macros/helpers.sql": MACROS}
    # Half staging, a quarter intermediate, a quarter marts; an area of 50 models is a folder.
    staging = [f"stg_orders_{n}" for n in range(max(2, count // 2))]
    rest = count - len(staging)
    inner = [f"int_orders_{n}" for n in range(max(1, rest // 2))]
    marts = [f"fct_orders_{n}" for n in range(rest - len(inner))]
    sources, yaml = {}, {}

    def entry(path, name, columns):
        yaml.setdefault(path, []).append(described(name, columns))

    for n, name in enumerate(staging):
        area = n // 50
        files[f"models/staging/area_{area}/{name}.sql"] = STAGING.format(area=area, n=n)
        sources.setdefault(area, []).append(n)
        entry(f"models/staging/area_{area}/models.yml", name, ["order_id", "customer_id", "status", "amount"])
    for n, name in enumerate(inner):
        # Later ones read earlier ones, so that lineage is deep and not only wide.
        left = staging[n % len(staging)] if n % 3 else (inner[n - 3] if n >= 3 else staging[0])
        files[f"models/intermediate/area_{n // 50}/{name}.sql"] = INTERMEDIATE.format(
            left=left, right=staging[(n * 7 + 1) % len(staging)]
        )
        entry(f"models/intermediate/area_{n // 50}/models.yml", name, ["order_id", "customer_id", "nth_order"])
    for n, name in enumerate(marts):
        files[f"models/marts/area_{n // 50}/{name}.sql"] = MART.format(
            materialized="incremental" if n % 2 else "table", inner=inner[n % len(inner)], staged=staging[n % len(staging)]
        )
        entry(f"models/marts/area_{n // 50}/models.yml", name, ["order_id", "net_amount", "customer_size"])
    for path, entries in yaml.items():
        files[path] = "version: 2\n\nmodels:\n" + "\n".join(entries) + "\n"
    columns = {
        "id": "bigint", "customer_id": "bigint", "status": "varchar", "amount": "bigint", "tax": "bigint",
        "country_code": "varchar", "ordered_at": "timestamp", "is_test": "boolean",
    }
    listed = "".join(f"          - name: {c}\n            data_type: {t}\n" for c, t in columns.items())
    for area, tables in sources.items():
        text = f"version: 2\n\nsources:\n  - name: app_{area}\n    schema: app\n    tables:\n"
        for n in tables:
            text += f"      - name: orders_{n}\n        columns:\n{listed}"
        files[f"models/staging/area_{area}/sources.yml"] = text
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
