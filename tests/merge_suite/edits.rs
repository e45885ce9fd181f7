//! What people do to generated files.

use std::collections::BTreeMap;

use pipewright::render::Files;

use super::generated::replaced;

/// One edit.
pub struct Edit {
    pub name: &'static str,
    pub files: Files,
    /// Files that it moved: where they stood, where they stand.
    pub moved: Vec<(String, String)>,
}

pub const MART: &str = "dbt/models/marts/daily_sales.sql";
const MART_YML: &str = "dbt/models/marts/daily_sales.yml";
const ORDERS: &str = "dbt/models/staging/shop/stg_shop__orders.sql";
const ORDERS_YML: &str = "dbt/models/staging/shop/stg_shop__orders.yml";
const CUSTOMERS: &str = "dbt/models/staging/shop/stg_shop__customers.sql";
const CUSTOMERS_YML: &str = "dbt/models/staging/shop/stg_shop__customers.yml";
const SOURCES: &str = "dbt/models/staging/shop/_shop__sources.yml";
const DAG: &str = "dags/daily_sales.py";
const DAG_YML: &str = "dags/daily_sales.yml";
const INGEST: &str = "ingest/daily_sales.py";
const DDL: &str = "ddl/daily_sales/duckdb.sql";

/// Name, file, and what is replaced by what in it.
const REPLACEMENTS: &[(&str, &str, &[(&str, &str)])] = &[
    ("SQL: column at the end", MART, &[("as sales\n", "as sales,\n        max(total_amount) as largest\n")]),
    (
        "SQL: column in between",
        ORDERS,
        &[("        status,\n", "        status,\n        upper(status) as status_code,\n")],
    ),
    (
        "SQL: column at the start",
        MART,
        &[(
            "        cast(ordered_at as date) as order_date,\n",
            "        'shop' as sold_by,\n        cast(ordered_at as date) as order_date,\n",
        )],
    ),
    (
        "SQL: column beside each of two",
        MART,
        &[
            (
                "        count(*) as order_count,\n",
                "        count(*) as order_count,\n        min(total_amount) as smallest,\n",
            ),
            (
                "        customers.country_code\n",
                "        customers.country_code,\n        customers.created_at as customer_since\n",
            ),
        ],
    ),
    (
        "SQL: join",
        MART,
        &[
            (
                "        on orders.customer_id = customers.customer_id\n",
                "        on orders.customer_id = customers.customer_id\n    left join regions\n        on customers.country_code = regions.country_code\n",
            ),
            (
                "joined as (",
                "regions as (\n\n    select distinct country_code from {{ ref('stg_shop__customers') }}\n\n),\n\njoined as (",
            ),
        ],
    ),
    (
        "SQL: condition",
        MART,
        &[("        and status != 'cancelled'\n", "        and status != 'cancelled'\n        and total_amount > 0\n")],
    ),
    (
        "SQL: condition before the others",
        MART,
        &[("    where\n        ordered_at >=", "    where\n        total_amount > 0\n        and ordered_at >=")],
    ),
    ("SQL: condition deleted", MART, &[("        and status != 'cancelled'\n", "")]),
    (
        "SQL: having",
        MART,
        &[(
            "    group by cast(ordered_at as date), country_code\n",
            "    group by cast(ordered_at as date), country_code\n    having count(*) > 1\n",
        )],
    ),
    (
        "SQL: CTE in the chain",
        MART,
        &[
            (
                "aggregated as (\n",
                "paid as (\n\n    select * from filtered\n    where total_amount > 0\n\n),\n\naggregated as (\n",
            ),
            ("    from filtered\n    group", "    from paid\n    group"),
        ],
    ),
    (
        "SQL: CTE at the end",
        MART,
        &[(
            "\n)\n\nselect * from aggregated",
            "\n),\n\nranked as (\n\n    select\n        *,\n        row_number() over (order by order_date) as place\n    from aggregated\n\n)\n\nselect * from ranked",
        )],
    ),
    ("SQL: expression", MART, &[("count(*) as order_count", "count(distinct ordered_at) as order_count")]),
    (
        "SQL: expression over several lines",
        MART,
        &[(
            "sum(total_amount) as sales",
            "sum(\n            case when total_amount > 0 then total_amount else 0 end\n        ) as sales",
        )],
    ),
    ("SQL: type by hand", ORDERS, &[("decimal(12, 2)", "decimal(18, 4)")]),
    ("SQL: window by hand", MART, &[("'day', -30", "'day', -90")]),
    ("SQL: column called otherwise", MART, &[("as customer_count", "as buyers")]),
    (
        "SQL: comments",
        MART,
        &[
            (
                "        count(*) as order_count,\n",
                "        -- every order counts\n        count(*) as order_count,  -- returned ones too\n",
            ),
            ("filtered as (", "-- what is looked at\nfiltered as ("),
            ("select * from aggregated\n", "-- a row per day and country\nselect * from aggregated\n"),
        ],
    ),
    (
        "SQL: comments beside columns",
        ORDERS,
        &[
            ("        shipped_at,\n", "        shipped_at,  -- null while it waits\n"),
            ("        currency,\n", "        /* ISO 4217 */\n        currency,\n"),
        ],
    ),
    (
        "SQL: config and incremental",
        MART,
        &[
            (
                "with orders as (",
                "{{ config(materialized='incremental', unique_key='order_date') }}\n\nwith orders as (",
            ),
            (
                "select * from aggregated\n",
                "select * from aggregated\n{% if is_incremental() %}\nwhere order_date >= (select max(order_date) from {{ this }})\n{% endif %}\n",
            ),
        ],
    ),
    ("SQL: column deleted", ORDERS, &[("        shipped_at,\n", "")]),
    ("SQL: last column deleted", ORDERS, &[("        currency,\n        updated_at\n", "        currency\n")]),
    (
        "SQL: columns moved",
        ORDERS,
        &[
            ("        updated_at\n", "        shipped_at\n"),
            ("        shipped_at,\n", ""),
            ("        order_id,\n", "        order_id,\n        updated_at,\n"),
        ],
    ),
    ("SQL: CTE renamed", ORDERS, &[("renamed as (", "final as ("), ("from renamed", "from final")]),
    (
        "SQL: select list written out",
        MART,
        &[(
            "select * from aggregated\n",
            "select\n    order_date,\n    country_code,\n    order_count,\n    customer_count\nfrom aggregated\norder by order_date\n",
        )],
    ),
    (
        "YAML: tests added",
        MART_YML,
        &[
            (
                "        description: Number of orders.\n        data_tests: [not_null]\n",
                "        description: Number of orders.\n        data_tests: [not_null, unique]\n",
            ),
            (
                "              description: The pipeline spec asks for it.\n",
                "              description: The pipeline spec asks for it.\n          - unique\n",
            ),
        ],
    ),
    (
        "YAML: description",
        MART_YML,
        &[
            ("description: Value of the orders.", "description: What the orders were worth, in euros."),
            (
                "description: Orders per day and country, over the last 30 days.\n    config",
                "description: The orders of each day.\n    config",
            ),
        ],
    ),
    (
        "YAML: description of the model",
        ORDERS_YML,
        &[("description: Orders of shop, one row each.", "description: What was ordered.")],
    ),
    (
        "YAML: meta",
        MART_YML,
        &[
            ("      tags: [daily_sales]\n", "      tags: [daily_sales]\n      meta: {owner: finance}\n"),
            ("      - name: sales\n", "      - name: sales\n        config:\n          meta: {unit: EUR}\n"),
        ],
    ),
    (
        "YAML: comments",
        ORDERS_YML,
        &[
            ("      - name: ordered_at\n", "      # in UTC, as the shop keeps it\n      - name: ordered_at\n"),
            ("[EUR, USD]", "[EUR, USD]  # no others yet"),
        ],
    ),
    (
        "YAML: column added",
        MART_YML,
        &[(
            "        description: Number of customers.\n        data_tests: [not_null]\n",
            "        description: Number of customers.\n        data_tests: [not_null]\n      - name: largest\n        description: The largest order.\n",
        )],
    ),
    (
        "YAML: column at the end",
        ORDERS_YML,
        &[(
            "        description: When the row last changed.\n        data_tests: [not_null]\n",
            "        description: When the row last changed.\n        data_tests: [not_null]\n      - name: status_code\n        description: The status in capitals.\n",
        )],
    ),
    (
        "YAML: test deleted",
        ORDERS_YML,
        &[(
            "          - accepted_values:\n              arguments:\n                values: [cancelled, completed, pending, refunded, shipped]\n",
            "",
        )],
    ),
    (
        "YAML: column deleted",
        ORDERS_YML,
        &[("      - name: shipped_at\n        description: When the order was shipped (UTC).\n", "")],
    ),
    (
        "YAML: lists written out",
        ORDERS_YML,
        &[
            (
                "        data_tests: [not_null, unique]\n",
                "        data_tests:\n          - not_null\n          - unique\n",
            ),
            ("[EUR, USD]", "['EUR', 'USD']"),
        ],
    ),
    ("YAML: values added", ORDERS_YML, &[("pending, refunded, shipped]", "pending, refunded, shipped, unknown]")]),
    (
        "YAML: freshness",
        SOURCES,
        &[(
            "            warn_after: {count: 36, period: hour}\n      - name: orders",
            "            warn_after: {count: 12, period: hour}\n            error_after: {count: 48, period: hour}\n      - name: orders",
        )],
    ),
    (
        "YAML: personal data",
        CUSTOMERS_YML,
        &[("          meta: {pii: email}\n", "          meta: {pii: email, reviewed: true}\n")],
    ),
    (
        "YAML: unit test added",
        MART_YML,
        &[(
            "unit_tests:\n",
            "unit_tests:\n  - name: daily_sales_by_hand\n    model: daily_sales\n    given:\n      - input: ref('stg_shop__customers')\n        rows: []\n      - input: ref('stg_shop__orders')\n        rows: []\n    expect:\n      rows: []\n",
        )],
    ),
    (
        "DAG: task by hand",
        DAG,
        &[(
            "    ingest >> staging\n",
            "    notify = run(\"notify\", \"curl -sf https://example.com/done\")\n    tests >> notify\n    ingest >> staging\n",
        )],
    ),
    (
        "DAG: callback",
        DAG,
        &[
            (
                "        \"owner\": \"data-team\",\n",
                "        \"owner\": \"data-team\",\n        \"on_failure_callback\": page_someone,\n",
            ),
            ("def run(task_id", "def page_someone(context):\n    print(context)\n\n\ndef run(task_id"),
        ],
    ),
    (
        "DAG: arguments",
        DAG,
        &[
            ("timedelta(hours=2)", "timedelta(hours=6)"),
            ("    catchup=False,\n", "    catchup=False,\n    is_paused_upon_creation=True,\n"),
        ],
    ),
    ("DAG: retries by hand", DAG, &[("\"PIPEWRIGHT_RETRIES\", \"2\"", "\"PIPEWRIGHT_RETRIES\", \"7\"")]),
    (
        "DAG: comments",
        DAG,
        &[
            ("import os\n", "import os\n# Owned by the data team.\n"),
            ("    schedule=\"0 6 * * *\",\n", "    schedule=\"0 6 * * *\",  # after the shop closes\n"),
        ],
    ),
    ("DAG: task deleted", DAG, &[("    marts >> tests\n", "")]),
    ("DAG YAML: pool", DAG_YML, &[("max_active_runs: 1\n", "max_active_runs: 1\npool: shop\n")]),
    (
        "ingestion: another target",
        INGEST,
        &[
            (
                "        \"dev\": lambda: duckdb(\"warehouse.duckdb\"),\n",
                "        \"dev\": lambda: duckdb(\"warehouse.duckdb\"),\n        \"mine\": lambda: duckdb(\"mine.duckdb\"),\n",
            ),
            ("if __name__", "if PIPELINE is None:\n    raise SystemExit(1)\nif __name__"),
        ],
    ),
    (
        "ingestion: column by hand",
        INGEST,
        &[(
            "            Column(\"currency\", \"text\", nullable=False),\n",
            "            Column(\"currency\", \"text\", nullable=False),\n            Column(\"note\", \"text\"),\n",
        )],
    ),
    (
        "DDL: index",
        DDL,
        &[(
            "comment on table raw_shop.orders is",
            "create index if not exists orders_by_day on raw_shop.orders (ordered_at);\n\ncomment on table raw_shop.orders is",
        )],
    ),
];

/// Every edit of the generated files.
pub fn edits(base: &Files) -> Vec<Edit> {
    let mut out: Vec<Edit> = REPLACEMENTS
        .iter()
        .map(|(name, path, changes)| {
            let text = changes.iter().fold(base[*path].clone(), |text, (from, to)| replaced(&text, from, to));
            whole(base, name, &[(path, text)])
        })
        .collect();
    let with = |path: &str, from: &str, to: &str| replaced(&base[path], from, to);
    out.push(whole(
        base,
        "SQL: reformatted",
        &[(MART, reformatted(&base[MART])), (ORDERS, reformatted(&base[ORDERS]))],
    ));
    out.push(whole(
        base,
        "SQL: on few lines",
        &[(ORDERS, on_few_lines(&base[ORDERS])), (CUSTOMERS, on_few_lines(&base[CUSTOMERS]))],
    ));
    out.push(whole(
        base,
        "SQL: leading commas",
        &[(MART, leading_commas(&base[MART])), (ORDERS, leading_commas(&base[ORDERS]))],
    ));
    out.push(whole(base, "SQL: tabs", &[(MART, tabs(&base[MART])), (ORDERS, tabs(&base[ORDERS]))]));
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let largest = with(MART, "as sales\n", "as sales,\n        max(total_amount) as largest\n");
    out.push(whole(base, "SQL: CRLF and a column", &[(MART, crlf(&largest)), (ORDERS, crlf(&base[ORDERS]))]));
    let bare = |text: &str| text.trim_end().to_owned();
    let ends = with(MART, "select * from aggregated\n", "select * from aggregated where order_count > 0");
    out.push(whole(base, "SQL: no final newline", &[(MART, ends), (ORDERS, bare(&base[ORDERS]))]));
    out.push(whole(base, "YAML: CRLF", &[(MART_YML, crlf(&base[MART_YML])), (ORDERS_YML, crlf(&base[ORDERS_YML]))]));
    out.push(whole(base, "DAG: CRLF", &[(DAG, crlf(&base[DAG]))]));
    let upside_down = {
        let (head, columns) = base[ORDERS_YML].split_once("    columns:\n").unwrap();
        let mut entries: Vec<&str> = columns.split("      - name: ").filter(|e| !e.is_empty()).collect();
        entries.reverse();
        let entries: String = entries.iter().map(|e| format!("      - name: {}\n", e.trim_end())).collect();
        format!("{head}    columns:\n{entries}")
    };
    out.push(whole(base, "YAML: columns moved", &[(ORDERS_YML, upside_down)]));
    let own = "select customer_id, count(*) as orders\nfrom {{ ref('stg_shop__orders') }}\ngroup by customer_id\n";
    out.push(whole(base, "new file", &[("dbt/models/marts/orders_per_customer.sql", own.to_owned())]));
    out.push(moved(base, "file moved", |path| path.replace("marts/daily_sales", "marts/sales/daily_sales"), |_, t| t));
    out.push(moved(
        base,
        "file moved and edited",
        |path| path.replace("marts/daily_sales", "marts/sales/daily_sales"),
        |path, text| match path {
            MART => replaced(&text, "as sales\n", "as sales,\n        max(total_amount) as largest\n"),
            _ => text,
        },
    ));
    out.push(moved(
        base,
        "model renamed",
        |path| path.replace("marts/daily_sales", "marts/sales_per_day"),
        |_, text| {
            text.replace("name: daily_sales\n", "name: sales_per_day\n")
                .replace("model: daily_sales\n", "model: sales_per_day\n")
        },
    ));
    let gone: BTreeMap<_, _> = base
        .iter()
        .filter(|(path, _)| !path.contains("marts/daily_sales"))
        .map(|(p, t)| (p.clone(), t.clone()))
        .collect();
    out.push(Edit { name: "model deleted", files: gone, moved: Vec::new() });
    out
}

fn whole(base: &Files, name: &'static str, texts: &[(&str, String)]) -> Edit {
    let mut files = base.clone();
    files.extend(texts.iter().map(|(path, text)| ((*path).to_owned(), text.clone())));
    assert!(files != *base, "{name} changes nothing");
    Edit { name, files, moved: Vec::new() }
}

fn moved(base: &Files, name: &'static str, to: impl Fn(&str) -> String, text: impl Fn(&str, String) -> String) -> Edit {
    let files: Files = base
        .iter()
        .map(|(path, was)| (if path.starts_with("dbt/") { to(path) } else { path.clone() }, text_of(path, was, &text)))
        .collect();
    let moved = base.keys().filter(|p| p.starts_with("dbt/") && to(p) != **p).map(|p| (p.clone(), to(p))).collect();
    Edit { name, files, moved }
}

fn text_of(path: &str, was: &str, text: &impl Fn(&str, String) -> String) -> String {
    if path.starts_with("dbt/models/") { text(path, was.to_owned()) } else { was.to_owned() }
}

const KEYWORDS: &[&str] =
    &["with", "as", "select", "from", "where", "and", "left", "join", "on", "group", "by", "cast", "count", "sum"];

/// Capitals, tabs, commas in front.
fn reformatted(text: &str) -> String {
    let word = regex::Regex::new(r"\b[a-z]+\b").unwrap();
    let jinja = regex::Regex::new(r"\{\{.*?\}\}").unwrap();
    let kept: Vec<String> = jinja.find_iter(text).map(|m| m.as_str().to_owned()).collect();
    let text = jinja.replace_all(text, "\u{1}");
    let text = word.replace_all(&text, |found: &regex::Captures<'_>| match KEYWORDS.contains(&&found[0]) {
        true => found[0].to_uppercase(),
        false => found[0].to_owned(),
    });
    let mut kept = kept.into_iter();
    let text: String = text.split('\u{1}').map(|part| part.to_owned() + &kept.next().unwrap_or_default()).collect();
    tabs(&leading_commas(&text))
}

fn tabs(text: &str) -> String {
    text.replace("    ", "\t")
}

fn leading_commas(text: &str) -> String {
    let (mut out, mut comma) = (String::new(), false);
    for line in text.lines() {
        let bare = line.trim_start();
        let indent = &line[..line.len() - bare.len()];
        let lead = if comma && !bare.is_empty() { ", " } else { "" };
        comma = (comma && bare.is_empty()) || bare.ends_with(',');
        out.push_str(&format!("{indent}{lead}{}\n", bare.strip_suffix(',').unwrap_or(bare)));
    }
    out
}

fn on_few_lines(text: &str) -> String {
    text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}
