//! The catalog of MySQL (5.7 and later) and MariaDB (10.3 and later).

use std::collections::{BTreeMap, BTreeSet};

use super::Limits;
use super::line::{Lines, Trouble};
use crate::contract::TableKind;
use crate::discover::connector::{ForeignKey, RawColumn, RawTable};
use crate::discover::skipped;
use crate::vocabulary::{DataType, Diagnostic};

type Rows = Vec<Vec<Option<String>>>;
/// A schema and a table.
type Key = (String, String);

/// What every connection begins with: nothing can be written, and nothing waits for ever. Each server reads its own
/// comment.
pub fn set_up(limits: Limits) -> String {
    let (lock, seconds) = (limits.lock.as_secs(), limits.statement.as_secs());
    format!(
        "set session transaction read only; set session lock_wait_timeout = {lock}, innodb_lock_wait_timeout = {lock} \
         /*M! , max_statement_time = {seconds} */ /*!50708 , max_execution_time = {}000 */",
        seconds
    )
}

const SYSTEM: &str = "('mysql', 'information_schema', 'performance_schema', 'sys')";

/// Databases that hold tables.
pub fn elsewhere(lines: &Lines) -> Result<Vec<String>, Trouble> {
    let sql = format!(
        "select distinct table_schema from information_schema.tables where table_schema not in {SYSTEM} order by 1"
    );
    Ok(lines.texts(&sql, &[], 1)?.into_iter().flatten().flatten().collect())
}

/// All that may be read, sorted: the connection's own database first.
pub fn tables(lines: &Lines, schemas: &[String], warnings: &mut Vec<Diagnostic>) -> Result<Vec<RawTable>, Trouble> {
    let bound: Vec<&str> = if schemas.iter().any(|s| s == "*") { Vec::new() } else { list(schemas) };
    let wanted = |column: &str| match (schemas.is_empty(), bound.is_empty()) {
        (true, _) => format!("{column} = database()"),
        (_, true) => format!("{column} not in {SYSTEM}"),
        _ => format!("{column} in ({})", vec!["?"; bound.len()].join(", ")),
    };
    let ask = |what: &str, from: &str, schema: &str, and: &str, columns: usize| {
        let sql = format!("select {what} from information_schema.{from} where {} {and}", wanted(schema));
        lines.texts(&sql, &bound, columns)
    };
    let tables = ask(
        "table_schema, table_name, table_type, table_comment, cast(table_rows as char), \
         cast(data_length + index_length as char), case when table_schema = database() then 't' else 'f' end",
        "tables",
        "table_schema",
        "and table_type <> 'SEQUENCE' order by table_schema <> database(), binary table_schema, binary table_name",
        7,
    )?;
    let columns = ask(
        "table_schema, table_name, column_name, column_type, is_nullable, extra, column_comment, privileges",
        "columns",
        "table_schema",
        "order by ordinal_position",
        8,
    )?;
    let unique = ask(
        "table_schema, table_name, index_name, column_name, cast(sub_part as char)",
        "statistics",
        "table_schema",
        "and non_unique = 0 order by index_name, seq_in_index",
        5,
    )?;
    let foreign = ask(
        "table_schema, table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name, \
         referenced_column_name, case when referenced_table_schema = database() then 't' else 'f' end",
        "key_column_usage",
        "table_schema",
        "and referenced_table_name is not null order by constraint_name, ordinal_position",
        8,
    )?;
    // MariaDB's JSON is text with a check. MySQL has a type of its own, and no such columns here.
    let checks = ask(
        "constraint_schema, table_name, check_clause",
        "check_constraints",
        "constraint_schema",
        "and lower(check_clause) like 'json_valid(%'",
        3,
    );
    let json: BTreeSet<(String, String, String)> = match checks {
        Ok(rows) => rows.iter().map(|r| (own(r, 0), own(r, 1), text(r, 2).to_owned())).collect(),
        Err(Trouble::Table(_)) => BTreeSet::new(),
        Err(trouble) => return Err(trouble),
    };
    let (mut columns, mut unique, mut foreign) = (by_table(columns), by_table(unique), by_table(foreign));
    let mut out = Vec::with_capacity(tables.len());
    for row in &tables {
        let key: Key = (own(row, 0), own(row, 1));
        let said = text(row, 3);
        if said.contains("references invalid table(s)") {
            warnings.push(skipped(&key.1, said));
            continue;
        }
        let (mut own_columns, mut hidden) = (Vec::new(), Vec::new());
        for row in columns.remove(&key).unwrap_or_default() {
            let mut column = column(&row);
            let check = |quoted: &str| json.contains(&(key.0.clone(), key.1.clone(), format!("json_valid({quoted})")));
            if check(&format!("`{}`", column.name.replace('`', "``"))) {
                column.data_type = Some(DataType::Json);
            }
            match text(&row, 7).split(',').any(|p| p == "select") {
                true => own_columns.push(column),
                false => hidden.push(column.name),
            }
        }
        if own_columns.is_empty() {
            let why = if hidden.is_empty() {
                "it has no columns that can be read"
            } else {
                "permission denied: its user may not select"
            };
            warnings.push(skipped(&key.1, why));
            continue;
        }
        if !hidden.is_empty() {
            let what = format!("`{}` is read without {}", key.1.escape_debug(), hidden.join(", ").escape_debug());
            let next = "grant `select` on these columns, if they are wanted";
            warnings.push(Diagnostic::warning("columns-skipped", what).why("permission denied").next(next));
        }
        uniques(unique.remove(&key).unwrap_or_default(), &mut own_columns);
        let view = text(row, 2).ends_with("VIEW");
        out.push(RawTable {
            schema: (text(row, 6) != "t").then(|| key.0.clone()),
            description: Some(said.trim()).filter(|s| !s.is_empty() && !view).map(str::to_owned),
            kind: if view { TableKind::View } else { TableKind::Table },
            columns: own_columns,
            foreign_keys: foreign_keys(foreign.remove(&key).unwrap_or_default()),
            rows: text(row, 4).parse().ok().filter(|_| !view),
            bytes: text(row, 5).parse().ok().filter(|_| !view),
            name: key.1,
            numbered: false,
            ..RawTable::default()
        });
    }
    Ok(out)
}

fn list(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn text(row: &[Option<String>], index: usize) -> &str {
    row.get(index).and_then(Option::as_deref).unwrap_or_default()
}

fn own(row: &[Option<String>], index: usize) -> String {
    text(row, index).to_owned()
}

fn by_table(rows: Rows) -> BTreeMap<Key, Rows> {
    let mut out: BTreeMap<Key, Rows> = BTreeMap::new();
    for row in rows {
        out.entry((own(&row, 0), own(&row, 1))).or_default().push(row);
    }
    out
}

fn column(row: &[Option<String>]) -> RawColumn {
    let (written, extra) = (text(row, 3), text(row, 5).to_ascii_lowercase());
    let kind = ["auto_increment", "stored generated", "virtual generated", "persistent generated"];
    let kind = kind.iter().find(|kind| extra.contains(**kind)).map_or("", |kind| *kind);
    RawColumn {
        name: own(row, 2),
        description: Some(text(row, 6).trim()).filter(|t| !t.is_empty()).map(str::to_owned),
        declared: format!("{written} {kind}").trim_end().to_owned(),
        data_type: Some(data_type(written)),
        required: text(row, 4) == "NO",
        accepted_values: values(written),
        ..RawColumn::default()
    }
}

/// Primary and unique keys over whole columns.
fn uniques(rows: Rows, columns: &mut [RawColumn]) {
    let mut indexes: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for row in &rows {
        indexes.entry(own(row, 2)).or_default().push((own(row, 3), text(row, 4).is_empty()));
    }
    for (index, parts) in indexes {
        for (at, (name, whole)) in (1..).zip(&parts) {
            for column in columns.iter_mut().filter(|c| c.name == *name) {
                match index.as_str() {
                    "PRIMARY" => column.primary_key = Some(at),
                    _ => column.unique |= *whole && parts.len() == 1,
                }
            }
        }
    }
}

fn foreign_keys(rows: Rows) -> Vec<ForeignKey> {
    let mut out: BTreeMap<String, ForeignKey> = BTreeMap::new();
    for row in &rows {
        let key = out.entry(own(row, 2)).or_insert_with(|| ForeignKey {
            columns: Vec::new(),
            schema: (text(row, 7) != "t").then(|| own(row, 4)),
            table: own(row, 5),
            to: Some(Vec::new()),
        });
        key.columns.push(own(row, 3));
        key.to.iter_mut().for_each(|to| to.push(own(row, 6)));
    }
    out.into_values().collect()
}

/// What a type means, as `column_type` writes it.
fn data_type(written: &str) -> DataType {
    let lower = written.to_ascii_lowercase();
    let (base, rest) = lower.split_once('(').unwrap_or((&lower, ""));
    let mut words = base.split_whitespace();
    let base = words.next().unwrap_or_default();
    let unsigned = lower.contains("unsigned");
    let mut numbers = rest.split(')').next().unwrap_or_default().split(',').map(|n| n.trim().parse::<u8>().ok());
    let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
    match base {
        "tinyint" if first == Some(1) && !unsigned => DataType::Boolean,
        "bigint" if unsigned => DataType::Decimal { precision: 20, scale: 0 },
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" => DataType::Integer,
        "bit" if first.unwrap_or(1) == 1 => DataType::Boolean,
        "bit" if first.is_some_and(|n| n < 64) => DataType::Integer,
        "bit" => DataType::Decimal { precision: 20, scale: 0 },
        "decimal" | "numeric" => match (first.unwrap_or(10), second.unwrap_or(0)) {
            (precision, scale) if precision <= 38 => DataType::Decimal { precision, scale },
            // More digits than any target has.
            _ => DataType::Text,
        },
        "float" | "double" | "real" => DataType::Float,
        "date" => DataType::Date,
        "datetime" => DataType::Timestamp,
        // Kept as UTC, shown in the session's zone, which is UTC here.
        "timestamp" => DataType::TimestampTz,
        "time" => DataType::Time,
        "json" => DataType::Json,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "vector" => DataType::Binary,
        // The server's own form: four bytes of the reference system, then well-known binary.
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geometrycollection" | "geomcollection" => DataType::Binary,
        _ => DataType::Text,
    }
}

/// The values of `enum('a','b''c')`.
fn values(written: &str) -> Vec<String> {
    let Some(inner) = written.strip_prefix("enum(").and_then(|t| t.rsplit_once(')')).map(|(inner, _)| inner) else {
        return Vec::new();
    };
    let (mut out, mut value, mut inside) = (Vec::new(), String::new(), false);
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' if !inside => inside = true,
            '\'' if chars.next_if_eq(&'\'').is_some() => value.push('\''),
            '\'' => {
                out.push(std::mem::take(&mut value));
                inside = false;
            }
            '\\' if inside => value.extend(chars.next().map(|c| match c {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                other => other,
            })),
            c if inside => value.push(c),
            _ => {}
        }
    }
    out.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_mapped_honestly() {
        let decimal = |precision, scale| DataType::Decimal { precision, scale };
        for (written, want) in [
            ("tinyint(1)", DataType::Boolean),
            ("tinyint(4)", DataType::Integer),
            ("tinyint(1) unsigned", DataType::Integer),
            ("int(10) unsigned", DataType::Integer),
            ("int", DataType::Integer),
            ("bigint(20) unsigned", decimal(20, 0)),
            ("bigint unsigned", decimal(20, 0)),
            ("decimal(12,2)", decimal(12, 2)),
            ("decimal(65,30)", DataType::Text),
            ("decimal(10,0) unsigned zerofill", decimal(10, 0)),
            ("bit(1)", DataType::Boolean),
            ("bit(8)", DataType::Integer),
            ("bit(64)", decimal(20, 0)),
            ("year(4)", DataType::Integer),
            ("time(6)", DataType::Time),
            ("timestamp(3)", DataType::TimestampTz),
            ("datetime", DataType::Timestamp),
            ("double unsigned", DataType::Float),
            ("float(7,3)", DataType::Float),
            ("json", DataType::Json),
            ("point", DataType::Binary),
            ("varbinary(16)", DataType::Binary),
            ("enum('a','b')", DataType::Text),
            ("set('a','b')", DataType::Text),
            ("uuid", DataType::Text),
            ("inet6", DataType::Text),
            ("longtext", DataType::Text),
        ] {
            assert_eq!(data_type(written), want, "{written}");
        }
    }

    #[test]
    fn values_of_an_enum_are_unquoted() {
        assert_eq!(values("enum('b','a''c','d,e','f)','{{ x }}','\\\\')"), ["\\", "a'c", "b", "d,e", "f)", "{{ x }}"]);
        assert_eq!(values("set('a')"), Vec::<String>::new());
        assert_eq!(values("enum('')"), [""]);
    }
}
