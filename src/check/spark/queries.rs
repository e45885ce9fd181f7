//! SQL that Spark is given as text.

use crate::check::python::{File, each_expression};
use crate::vocabulary::Diagnostic;

/// Rows of a table that fits into every machine's memory.
const FEW: u64 = 10_000;
/// Hints that send one side of a join to all machines.
const HINTS: &[&str] = &["broadcast", "broadcastjoin", "mapjoin"];

/// Joins with a table that is small, by what a comment or its name says, and that has no hint.
pub(super) fn look(file: &File<'_>, found: &mut Vec<Diagnostic>) {
    if !file.imports.has("pyspark") || !file.text.contains(".sql(") {
        return;
    }
    each_expression(&file.body, &mut |expr| {
        let Some((object, "sql", arguments)) = expr.method() else { return };
        let Some(query) = arguments.first().map(|a| &a.value).filter(|_| super::frames::is_session(object)) else {
            return;
        };
        let Some((table, why)) = query.text().and_then(|sql| small(file, sql)) else { return };
        let what = format!("`{table}` is small ({why}), and nothing says so in this join");
        let fault = Diagnostic::warning("spark-no-broadcast", what)
            .why("Spark may sort and move the large side over the network instead of sending the small one to it")
            .next(format!("`select /*+ BROADCAST({table}) */ …`, by the name that the query gives it"));
        found.push(file.fault(fault, query.at));
    });
}

/// A small table that a query joins with one that is not, and why it is known to be.
fn small(file: &File<'_>, sql: &str) -> Option<(String, String)> {
    let lower = sql.to_lowercase();
    let hinted = lower.split("/*+").skip(1).any(|hint| HINTS.iter().any(|word| hint.trim_start().starts_with(word)));
    if hinted {
        return None;
    }
    let plain: Vec<&str> = lower.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let words: Vec<&str> = plain.iter().flat_map(|line| line.split_whitespace()).collect();
    let after = |word: &str| {
        let named = words.windows(2).filter(|two| two[0] == word).map(|two| two[1].trim_matches(['`', ';', ',', ')']));
        named.filter(|name| !name.starts_with('(')).map(str::to_owned).collect::<Vec<_>>()
    };
    // Of two small tables neither has to be said.
    let large = after("from").iter().all(|table| said(file, table).is_none());
    after("join").into_iter().filter(|_| large).find_map(|table| said(file, &table).map(|why| (table, why)))
}

/// Why a table is known to be small.
fn said(file: &File<'_>, table: &str) -> Option<String> {
    let name = table.rsplit('.').next().filter(|n| !n.is_empty())?;
    let rows = file.text.lines().find_map(|line| {
        let comment = line.split_once('#').or_else(|| line.split_once("--"))?.1.to_lowercase();
        let rest = comment.split_once(table).or_else(|| comment.split_once(name))?.1;
        // Up to what is said of another table.
        let rest = rest.split([';', '.']).next().unwrap_or(rest);
        let before = rest.split_once(" rows")?.0;
        let number = before.trim_start_matches(|c: char| !c.is_ascii_digit()).replace([',', '_'], "");
        number.trim().parse::<u64>().ok()
    });
    match rows {
        Some(rows) => (rows <= FEW).then(|| format!("a comment says that it has {rows} rows")),
        None => {
            let list = name.split('_').any(|part| matches!(part, "lookup" | "lookups" | "mapping" | "codes"));
            list.then(|| "by its name it is a list of few things".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::small;
    use crate::check::python::read;

    #[test]
    fn small_tables_are_told() -> Result<(), String> {
        let text = "# lake.views: ~4 bn rows; ref.countries: ~250 rows\n";
        let file = read("a.py", text).map_err(|_| "no Python")?;
        let join = |hint: &str, table: &str| format!("select {hint} * from lake.views v join {table} c on a = b");
        for (sql, want) in [
            (join("", "ref.countries"), true),
            (join("/*+ BROADCAST(c) */", "ref.countries"), false),
            (join("/*+ MAPJOIN(c) */", "ref.countries"), false),
            (join("", "ref.orders"), false),
            (join("", "ref.country_codes"), true),
            ("select * from ref.countries a join ref.country_codes b on a.x = b.x".to_owned(), false),
            ("select * from ref.countries".to_owned(), false),
        ] {
            assert_eq!(small(&file, &sql).is_some(), want, "{sql}");
        }
        Ok(())
    }
}
