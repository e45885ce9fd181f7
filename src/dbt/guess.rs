//! What a project runs on where no profile says it, as in most repositories: what it installs, and what its SQL can only
//! be written for.

use std::collections::BTreeMap;

use super::Tree;
use super::profile::{dialect, unread};

/// Most files that are looked at.
const MOST: usize = 300;

/// The adapter that a project is written for; none where its files don't agree on one.
pub(super) fn adapter(tree: &Tree, root: &str) -> Option<&'static str> {
    let installed = installed(tree);
    if let [only] = installed.as_slice() {
        return Some(only);
    }
    let mut scores: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts(tree, root) {
        let lines =
            text.lines().map(|line| line.split("--").next().unwrap_or_default()).filter(|l| !l.starts_with('#'));
        let text = lines.collect::<Vec<_>>().join("\n").to_ascii_lowercase();
        let mut here: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, adapters) in MARKS.iter().filter(|(mark, _)| says(&text, mark)) {
            adapters.iter().for_each(|adapter| *here.entry(adapter).or_default() += 1);
        }
        // A long file has no more to say than three short ones.
        here.into_iter().for_each(|(adapter, n)| *scores.entry(adapter).or_default() += n.min(3));
    }
    scores.retain(|adapter, _| installed.is_empty() || installed.contains(adapter));
    let mut ranked: Vec<(usize, &str)> = scores.into_iter().map(|(adapter, score)| (score, adapter)).collect();
    ranked.sort_unstable_by(|a, b| b.cmp(a));
    let second = ranked.get(1).map_or(0, |r| r.0);
    let decided = ranked.first().filter(|(best, _)| *best >= 2 && best * 2 >= second * 3);
    known(decided?.1)
}

/// The adapter that the project asks for most, `target.type == 'duckdb'`: one of several that it can be rendered for.
pub(super) fn asked_for(tree: &Tree, root: &str) -> Option<&'static str> {
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts(tree, root) {
        for after in text.split("target.type").skip(1) {
            let value = after.trim_start().strip_prefix("==").map(str::trim_start);
            let Some(value) = value.and_then(|v| v.strip_prefix(['\'', '"'])) else { continue };
            let end = value.find(['\'', '"']).unwrap_or(0);
            *asked.entry(&value[..end]).or_default() += 1;
        }
    }
    // One that is not read is no help.
    let most = asked.into_iter().filter(|(a, _)| dialect(a).is_some()).max_by_key(|(_, n)| *n)?;
    known(most.0)
}

/// Whether a mark stands in a text, and no longer name ends with it: `iff(` is not in `datediff(`.
fn says(text: &str, mark: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let of_name = mark.starts_with(is_name);
    text.match_indices(mark).any(|(at, _)| !of_name || !text[..at].ends_with(is_name))
}

/// Adapters that the repository installs: `dbt-snowflake` in `requirements.txt`, `pyproject.toml`, a `Dockerfile`.
fn installed(tree: &Tree) -> Vec<&'static str> {
    let is_list = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        !path.contains("dbt_packages/")
            && (name.starts_with("requirements")
                || matches!(name, "pyproject.toml" | "Dockerfile" | "setup.py" | "setup.cfg"))
    };
    let mut out: Vec<&'static str> = Vec::new();
    for (_, text) in tree.iter().filter(|(path, _)| is_list(path)) {
        let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        out.extend(names.filter_map(|name| known(name.strip_prefix("dbt-").or_else(|| name.strip_prefix("dbt_"))?)));
    }
    out.sort_unstable();
    out.dedup();
    // `dbt-redshift` brings `dbt-postgres` along.
    if out.contains(&"redshift") {
        out.retain(|adapter| *adapter != "postgres");
    }
    out
}

fn known(adapter: &str) -> Option<&'static str> {
    ADAPTERS
        .iter()
        .find(|known| **known == adapter)
        .copied()
        .filter(|known| dialect(known).is_some() || unread(known).is_some())
}

/// Models, macros and configuration of the project itself, spread over it where there are many. A project of integration
/// tests speaks as the package that it tests.
fn texts<'t>(tree: &'t Tree, root: &'t str) -> impl Iterator<Item = &'t str> {
    const TESTS: &str = "integration_tests/";
    let (home, tests) = root.find(TESTS).map_or((root, false), |at| (&root[..at], true));
    let own = move |path: &str| {
        path.starts_with(home)
            && !["dbt_packages/", "dbt_modules/"].iter().any(|other| path.contains(other))
            && (tests || !path.contains(TESTS))
            && (path.ends_with(".sql") || path == format!("{root}dbt_project.yml"))
    };
    let found: Vec<&str> = tree.iter().filter(|(path, _)| own(path)).map(|(_, text)| text.as_ref()).collect();
    let step = found.len().div_ceil(MOST).max(1);
    found.into_iter().step_by(step)
}

const ADAPTERS: &[&str] = &[
    "bigquery",
    "databricks",
    "duckdb",
    "fabric",
    "mysql",
    "postgres",
    "redshift",
    "snowflake",
    "spark",
    "sqlite",
    "sqlserver",
    "synapse",
];

/// What only some can say, or hardly anybody else says.
const MARKS: &[(&str, &[&str])] = &[
    ("`", &["bigquery", "databricks", "mysql"]),
    ("safe_divide(", &["bigquery"]),
    ("safe_cast(", &["bigquery"]),
    ("countif(", &["bigquery"]),
    ("timestamp_trunc(", &["bigquery"]),
    ("timestamp_diff(", &["bigquery"]),
    ("datetime_diff(", &["bigquery"]),
    ("parse_date(", &["bigquery"]),
    ("format_date(", &["bigquery"]),
    ("generate_date_array(", &["bigquery"]),
    ("int64", &["bigquery"]),
    ("float64", &["bigquery"]),
    ("_table_suffix", &["bigquery"]),
    ("require_partition_filter", &["bigquery"]),
    ("date_sub(current_date(), interval", &["bigquery"]),
    ("lateral flatten", &["snowflake"]),
    ("table(flatten", &["snowflake"]),
    ("timestamp_ntz", &["snowflake"]),
    ("to_timestamp_ntz", &["snowflake"]),
    ("::variant", &["snowflake"]),
    ("try_parse_json(", &["snowflake"]),
    ("parse_json(", &["snowflake", "bigquery"]),
    ("zeroifnull(", &["snowflake"]),
    ("object_construct", &["snowflake"]),
    ("array_construct", &["snowflake"]),
    ("try_to_", &["snowflake"]),
    ("::number", &["snowflake"]),
    ("to_varchar(", &["snowflake"]),
    ("snowflake_warehouse", &["snowflake"]),
    ("query_tag", &["snowflake"]),
    ("iff(", &["snowflake", "databricks"]),
    ("dateadd(", &["snowflake", "redshift", "databricks", "sqlserver"]),
    ("datediff(", &["snowflake", "redshift", "databricks", "sqlserver"]),
    ("convert_timezone(", &["snowflake", "redshift"]),
    ("getdate()", &["redshift", "sqlserver"]),
    (".[", &["sqlserver"]),
    ("as [", &["sqlserver"]),
    ("nvarchar", &["sqlserver"]),
    ("eomonth(", &["sqlserver"]),
    ("(nolock)", &["sqlserver"]),
    ("distkey", &["redshift"]),
    ("sortkey", &["redshift"]),
    ("diststyle", &["redshift"]),
    ("dist=", &["redshift"]),
    ("sort=", &["redshift"]),
    ("::super", &["redshift"]),
    ("json_extract_path_text(", &["redshift", "postgres"]),
    ("nvl(", &["redshift", "snowflake", "databricks"]),
    ("jsonb", &["postgres"]),
    ("make_interval(", &["postgres"]),
    ("->>", &["postgres", "duckdb", "mysql"]),
    ("generate_series(", &["postgres", "duckdb"]),
    ("distinct on", &["postgres", "duckdb"]),
    ("string_agg(", &["postgres", "duckdb", "bigquery"]),
    ("::timestamptz", &["postgres", "duckdb"]),
    ("to_char(", &["postgres", "redshift", "snowflake"]),
    ("interval '", &["postgres", "duckdb", "redshift", "snowflake"]),
    ("::numeric", &["postgres", "duckdb", "redshift", "snowflake"]),
    ("read_csv", &["duckdb"]),
    ("read_parquet(", &["duckdb"]),
    ("read_json", &["duckdb"]),
    ("strptime(", &["duckdb"]),
    ("epoch_ms(", &["duckdb"]),
    ("struct_pack(", &["duckdb"]),
    ("hugeint", &["duckdb"]),
    ("list_", &["duckdb"]),
    ("date_diff('", &["duckdb"]),
    ("strftime(", &["duckdb", "sqlite"]),
    ("lateral view", &["databricks"]),
    ("from_json(", &["databricks"]),
    ("explode(", &["databricks"]),
    ("collect_list(", &["databricks"]),
    ("collect_set(", &["databricks"]),
    ("get_json_object(", &["databricks"]),
    ("file_format", &["databricks"]),
    ("tblproperties", &["databricks"]),
    ("liquid_clustered_by", &["databricks"]),
    ("date_format(", &["databricks", "mysql"]),
    ("unix_timestamp(", &["databricks", "mysql"]),
    ("str_to_date(", &["mysql"]),
    ("group_concat(", &["mysql", "sqlite"]),
    ("curdate()", &["mysql"]),
    ("timestampdiff(", &["mysql"]),
    ("julianday(", &["sqlite"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).into())).collect()
    }

    #[test]
    fn what_is_installed_or_written_says_what_it_runs_on() {
        let a = ("models/a.sql", "select safe_divide(a, b) as r, cast(c as int64) as c from `x.y`");
        let b = ("models/b.sql", "select dateadd(day, 1, d) as d, iff(a, 1, 0) as b, c::variant as c from t");
        let plain = ("models/c.sql", "select a, b from t group by 1, 2");
        let says = |files: &[(&str, &str)]| adapter(&tree(files), "");
        assert_eq!(says(&[a]), Some("bigquery"));
        assert_eq!(says(&[b, plain]), Some("snowflake"));
        assert_eq!(says(&[plain]), None);
        // A longer name and a comment say nothing.
        let longer = ("models/d.sql", "select datediff(day, a, b) as d -- `x`");
        assert_ne!(says(&[longer, plain]), Some("databricks"));
        // Files that don't agree say nothing.
        assert_eq!(says(&[a, b]), None);
        let both = "{% if target.type == 'bigquery' %}a{% elif target.type == \"duckdb\" %}b{% endif %}";
        let files = tree(&[plain, ("models/d.sql", both), ("models/e.sql", "{{ 1 if target.type=='duckdb' }}")]);
        assert_eq!((adapter(&files, ""), asked_for(&files, "")), (None, Some("duckdb")));
        assert_eq!(asked_for(&files, "integration_tests/"), Some("duckdb"));
        let fabric = "{% if target.type == 'fabric' %}a{% elif target.type == 'fabric' %}{{ target.type == 'snowflake' }}{% endif %}";
        assert_eq!(asked_for(&tree(&[("models/f.sql", fabric)]), ""), Some("snowflake"));
        let brackets = ("models/f.sql", "select top 5 a.[id], isnull(b, 0) as [b], getdate() as at from t as a");
        assert_eq!(says(&[brackets, plain]), Some("sqlserver"));
        let redshift = ("models/g.sql", "select dateadd(day, 1, d) as d, getdate() as at, nvl(a, b) as a from t");
        assert_eq!(says(&[redshift, plain]), Some("redshift"));
        // What packages are written for says nothing of the project.
        assert_eq!(says(&[("dbt_packages/u/models/a.sql", a.1), plain]), None);
        assert_eq!(says(&[a, ("requirements.txt", "dbt-core==1.10\ndbt-duckdb>=1.9\n")]), Some("duckdb"));
        let both = ("pyproject.toml", "dependencies = [\"dbt-core\", \"dbt-redshift~=1.9\", \"dbt-postgres\"]");
        assert_eq!(says(&[plain, both]), Some("redshift"));
        assert_eq!(says(&[b, ("Dockerfile", "RUN pip install dbt-snowflake dbt-bigquery\n")]), Some("snowflake"));
    }
}
