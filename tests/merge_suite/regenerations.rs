//! What changes between two generations: a spec, a contract, or a template.

use pipewright::render::Files;

use super::generated::{ORDERS, SPEC, documents, generate, replaced};

/// One change, and what the generator makes of it.
pub struct Regeneration {
    pub name: &'static str,

    pub files: Files,
}

const CHANNEL: &str =
    "      - name: channel\n        physicalType: TEXT\n        logicalType: string\n        required: true\n";
const AVERAGE: &str = "      - {name: average_value, expr: avg(total_amount), description: Mean value of an order.}\n";
const SALES: &str = "{name: sales, sum: total_amount, description: Value of the orders.}";
const COUNTRIES: &str = "  - name: country_sales
    description: Orders per country.
    from: stg_shop__orders
    joins:
      - {to: stg_shop__customers, \"on\": {customer_id: customer_id}}
    group_by:
      - {name: country_code}
    measures:
      - {name: order_count, count: \"*\", description: Number of orders.}
tests:
";

/// Name, document, what stands there, what comes in its place.
const CHANGES: &[(&str, &str, &str, &str)] = &[
    ("column added", ORDERS, "      - name: ordered_at\n", "CHANNEL      - name: ordered_at\n"),
    ("column renamed", ORDERS, "- name: currency\n", "- name: currency_code\n"),
    (
        "column removed",
        ORDERS,
        "      - name: shipped_at\n        physicalType: timestamp\n        logicalType: timestamp\n",
        "",
    ),
    ("type changed", ORDERS, "decimal(12,2)", "decimal(14,3)"),
    ("values changed", ORDERS, "{value: shipped}]", "{value: shipped}, {value: lost}]"),
    ("measure added", SPEC, "tests:\n", "AVERAGEtests:\n"),
    (
        "measure changed",
        SPEC,
        SALES,
        "{name: sales, expr: \"round(sum(total_amount), 2)\", description: Rounded value of the orders.}",
    ),
    ("measure renamed", SPEC, "{name: sales, sum", "{name: revenue, sum"),
    ("filter changed", SPEC, "status <> 'cancelled'", "status in ('completed', 'shipped')"),
    ("filter added", SPEC, "[\"status <> 'cancelled'\"]", "[\"status <> 'cancelled'\", \"currency = 'EUR'\"]"),
    ("window changed", SPEC, "ordered_at, last: 30 days", "ordered_at, last: 60 days"),
    ("window gone", SPEC, "    window: {column: ordered_at, last: 30 days}\n", ""),
    ("group added", SPEC, "      - {name: country_code}\n", "      - {name: country_code}\n      - {name: currency}\n"),
    ("model added", SPEC, "tests:\n", "COUNTRIES"),
    ("description changed", SPEC, "Orders of shop, one row each.", "Orders of the shop, one row for each order."),
    ("test added", SPEC, "tests:\n", "tests:\n  - {model: stg_shop__orders, column: shipped_at, test: not_null}\n"),
    ("schedule changed", SPEC, "{cron: \"0 6 * * *\", retries: 2}", "{cron: \"30 4 * * 1-5\", retries: 5}"),
    (
        "cleaning added",
        SPEC,
        "    from: shop.customers\n",
        "    from: shop.customers\n    columns:\n      email: {clean: lower}\n",
    ),
];

/// All of them; the last is a template that leaves out blank lines and explains itself.
pub fn regenerations() -> Vec<Regeneration> {
    let mut out: Vec<Regeneration> = CHANGES
        .iter()
        .map(|(name, document, from, to)| {
            let mut documents = documents();
            let to = to.replace("CHANNEL", CHANNEL).replace("AVERAGE", AVERAGE).replace("COUNTRIES", COUNTRIES);
            let mut text = replaced(&documents[*document], from, &to);
            if *name == "measure renamed" {
                text = replaced(&text, "column: sales", "column: revenue");
            }
            documents.insert((*document).to_owned(), text);
            let files = generate(&documents);
            Regeneration { name, files }
        })
        .collect();
    let mut files = generate(&documents());
    for (path, text) in &mut files {
        if path.contains("/models/") && path.ends_with(".sql") {
            *text = text.replace("as (\n\n", "as (\n").replace("\n\n)", "\n)");
        } else if path.ends_with(".yml") {
            *text = text.replace("version: 2\n\n", "version: 2\n# Made from pipelines/.\n\n");
        } else if path.starts_with("dags/") {
            *text = replaced(text, "WORKSPACE = ", "# Where the workspace is.\nWORKSPACE = ");
        }
    }
    out.push(Regeneration { name: "template changed", files });
    out
}
