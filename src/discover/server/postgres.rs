//! PostgreSQL's catalog, version 12 and later.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Limits;
use super::line::{Lines, Trouble};
use crate::contract::TableKind;
use crate::discover::connector::{ForeignKey, RawColumn, RawTable};
use crate::discover::skipped;
use crate::vocabulary::{DataType, Diagnostic};

/// What every connection begins with: nothing can be written, and nothing waits for ever.
pub fn set_up(limits: Limits) -> String {
    format!(
        "set default_transaction_read_only = on; set statement_timeout = {}; set lock_timeout = {}; \
         set idle_in_transaction_session_timeout = {}; set timezone = 'UTC'; set datestyle = 'ISO, YMD'; \
         set intervalstyle = 'postgres'; set extra_float_digits = 1; set bytea_output = 'hex'; \
         set standard_conforming_strings = on",
        limits.statement.as_millis(),
        limits.lock.as_millis(),
        limits.statement.as_millis(),
    )
}

/// Schemas that hold tables, of which one was not asked for.
pub fn elsewhere(lines: &Lines) -> Result<Vec<String>, Trouble> {
    let sql = "select distinct n.nspname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
               where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' \
               and n.nspname <> 'information_schema' order by 1";
    Ok(lines.texts(sql, &[], 1)?.into_iter().flatten().flatten().collect())
}

/// Tables, partitioned ones as one, views, materialized ones, foreign tables; nothing of an extension. `$1` are the
/// schemas as JSON, none for the connection's own.
const RELATIONS: &str = "\
select c.oid::text, n.nspname::text, c.relname::text, c.relkind::text, obj_description(c.oid, 'pg_class'),
  case when n.nspname = current_schema() and pg_table_is_visible(c.oid) then 't' else 'f' end,
  case when c.relkind in ('r', 'm') and c.reltuples >= 0 and (c.reltuples > 0 or c.relpages > 0)
    then c.reltuples::int8::text end,
  (c.relpages::int8 * current_setting('block_size')::int8)::text,
  case when has_schema_privilege(n.oid, 'usage') then 't' else 'f' end
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
  and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
    and d.deptype = 'e')
  and case when $1 = '[]' then n.nspname = current_schema()
    when $1::jsonb ? '*' then n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    else $1::jsonb ? n.nspname::text end
order by n.nspname <> current_schema(), n.nspname::text collate \"C\", c.relname::text collate \"C\"";

/// Columns of the relations whose numbers are in `$1`, a domain by what it is made of.
const COLUMNS: &str = "\
with recursive wanted as (select value::oid as id from jsonb_array_elements_text($1::jsonb)),
made(id, base, modifier, needed) as (
  select t.oid, t.typbasetype, t.typtypmod, t.typnotnull from pg_type t where t.typtype = 'd'
  union all
  select m.id, t.typbasetype, case when t.typtypmod <> -1 then t.typtypmod else m.modifier end,
    m.needed or t.typnotnull
  from made m join pg_type t on t.oid = m.base where t.typtype = 'd'),
domains as (select m.* from made m join pg_type t on t.oid = m.base where t.typtype <> 'd')
select a.attrelid::text, a.attname::text, format_type(a.atttypid, a.atttypmod),
  format_type(coalesce(d.base, a.atttypid), coalesce(d.modifier, a.atttypmod)), b.typtype::text, b.typcategory::text,
  case when a.attnotnull or coalesce(d.needed, false) then 't' else 'f' end,
  a.attidentity::text || a.attgenerated::text, col_description(a.attrelid, a.attnum),
  (select jsonb_agg(e.enumlabel::text order by e.enumsortorder)::text from pg_enum e where e.enumtypid = b.oid),
  case when has_column_privilege(a.attrelid, a.attnum, 'select') then 't' else 'f' end
from wanted w join pg_attribute a on a.attrelid = w.id and a.attnum > 0 and not a.attisdropped
  left join domains d on d.id = a.atttypid
  join pg_type b on b.oid = coalesce(d.base, a.atttypid)
order by a.attrelid, a.attnum";

/// Primary and unique keys over columns alone and all rows; foreign keys.
const KEYS: &str = "\
with wanted as (select value::oid as id from jsonb_array_elements_text($1::jsonb)),
named as (
  select i.indrelid as id, case when i.indisprimary then 'p' else 'u' end as kind, i.indexrelid as own,
    (select jsonb_agg(a.attname::text order by k.at) from unnest(i.indkey::int2[]) with ordinality as k(number, at)
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number where k.at <= i.indnkeyatts) as columns,
    null::oid as other, null::jsonb as there
  from pg_index i join wanted w on w.id = i.indrelid
  where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  union all
  select f.conrelid, 'f', f.oid,
    (select jsonb_agg(a.attname::text order by k.at) from unnest(f.conkey) with ordinality as k(number, at)
      join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.number),
    f.confrelid,
    (select jsonb_agg(a.attname::text order by k.at) from unnest(f.confkey) with ordinality as k(number, at)
      join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.number)
  from pg_constraint f join wanted w on w.id = f.conrelid where f.contype = 'f' and f.conparentid = 0)
select n.id::text, n.kind, n.columns::text, s.nspname::text, c.relname::text, n.there::text,
  case when s.nspname = current_schema() and pg_table_is_visible(c.oid) then 't' else 'f' end
from named n left join pg_class c on c.oid = n.other left join pg_namespace s on s.oid = c.relnamespace
order by n.id, n.kind, n.columns::text collate \"C\", n.own";

/// Sizes on disk, those of a partitioned table's parts together.
const SIZES: &str = "\
select w.value, coalesce((select sum(pg_table_size(p.relid)) from pg_partition_tree(w.value::oid::regclass) p),
  pg_table_size(w.value::oid::regclass))::text
from jsonb_array_elements_text($1::jsonb) w";

/// All that may be read, sorted: the connection's own schema first.
pub fn tables(lines: &Lines, schemas: &[String], warnings: &mut Vec<Diagnostic>) -> Result<Vec<RawTable>, Trouble> {
    let wanted = Value::from(schemas).to_string();
    let relations = lines.texts(RELATIONS, &[&wanted], 9)?;
    let numbers: Vec<&str> = relations.iter().map(|r| text(r, 0)).collect();
    let bound = Value::from(numbers).to_string();
    let mut columns: BTreeMap<String, Vec<(RawColumn, bool)>> = BTreeMap::new();
    for row in lines.texts(COLUMNS, &[&bound], 11)? {
        columns.entry(text(&row, 0).to_owned()).or_default().push((column(&row), text(&row, 10) == "t"));
    }
    let mut keys: BTreeMap<String, Vec<Vec<Option<String>>>> = BTreeMap::new();
    for row in lines.texts(KEYS, &[&bound], 7)? {
        keys.entry(text(&row, 0).to_owned()).or_default().push(row);
    }
    // Asking for a size waits for whoever alters the table: then the catalog's pages must do.
    let sizes: BTreeMap<String, u64> = match lines.texts(SIZES, &[&bound], 2) {
        Ok(rows) => rows.iter().filter_map(|r| Some((text(r, 0).to_owned(), text(r, 1).parse().ok()?))).collect(),
        Err(Trouble::Table(_)) => BTreeMap::new(),
        Err(trouble) => return Err(trouble),
    };
    let mut out = Vec::with_capacity(relations.len());
    for row in &relations {
        let (id, name) = (text(row, 0), text(row, 2));
        if text(row, 8) != "t" {
            warnings.push(skipped(name, &format!("permission denied for schema {}", text(row, 1).escape_debug())));
            continue;
        }
        let all = columns.remove(id).unwrap_or_default();
        let hidden: Vec<String> = all.iter().filter(|c| !c.1).map(|c| c.0.name.clone()).collect();
        let mut columns: Vec<RawColumn> = all.into_iter().filter(|c| c.1).map(|c| c.0).collect();
        if columns.is_empty() {
            let why =
                if hidden.is_empty() { "it has no columns" } else { "permission denied: its user may not select" };
            warnings.push(skipped(name, why));
            continue;
        }
        if !hidden.is_empty() {
            let what = format!("`{}` is read without {}", name.escape_debug(), hidden.join(", ").escape_debug());
            let next = "grant `select` on these columns, if they are wanted";
            warnings.push(Diagnostic::warning("columns-skipped", what).why("permission denied").next(next));
        }
        let foreign_keys = declare(keys.get(id).map(Vec::as_slice).unwrap_or_default(), &mut columns);
        let kind = if matches!(text(row, 3), "v" | "m") { TableKind::View } else { TableKind::Table };
        out.push(RawTable {
            schema: (text(row, 5) != "t").then(|| text(row, 1).to_owned()),
            name: name.to_owned(),
            description: comment(row, 4),
            kind,
            columns,
            foreign_keys,
            rows: text(row, 6).parse().ok(),
            bytes: sizes.get(id).copied().or_else(|| text(row, 7).parse().ok()).filter(|_| text(row, 3) != "v"),
            numbered: matches!(text(row, 3), "r" | "p" | "m"),
            ..RawTable::default()
        });
    }
    Ok(out)
}

fn text(row: &[Option<String>], index: usize) -> &str {
    row.get(index).and_then(Option::as_deref).unwrap_or_default()
}

/// What people said of a thing; whitespace around it is none of that.
fn comment(row: &[Option<String>], index: usize) -> Option<String> {
    Some(text(row, index).trim()).filter(|t| !t.is_empty()).map(str::to_owned)
}

fn list(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_default()
}

fn column(row: &[Option<String>]) -> RawColumn {
    let declared = match text(row, 7) {
        "a" => format!("{} generated always as identity", text(row, 2)),
        "d" => format!("{} generated by default as identity", text(row, 2)),
        "s" | "v" => format!("{} generated always", text(row, 2)),
        _ => text(row, 2).to_owned(),
    };
    let mut accepted_values = list(text(row, 9));
    accepted_values.sort();
    RawColumn {
        name: text(row, 1).to_owned(),
        description: comment(row, 8),
        declared,
        data_type: Some(data_type(text(row, 3), text(row, 4), text(row, 5))),
        required: text(row, 6) == "t",
        accepted_values,
        ..RawColumn::default()
    }
}

/// Writes keys into their columns; gives foreign keys.
fn declare(keys: &[Vec<Option<String>>], columns: &mut [RawColumn]) -> Vec<ForeignKey> {
    let mut out = Vec::new();
    for row in keys {
        let names = list(text(row, 2));
        let mut of = |name: &str, act: &mut dyn FnMut(&mut RawColumn)| {
            columns.iter_mut().filter(|c| c.name == name).for_each(act);
        };
        match text(row, 1) {
            "p" => names.iter().zip(1..).for_each(|(name, at)| of(name, &mut |c| c.primary_key = Some(at))),
            "u" => {
                if let [name] = &names[..] {
                    of(name, &mut |c| c.unique = true);
                }
            }
            _ => out.push(ForeignKey {
                columns: names,
                schema: (text(row, 6) != "t").then(|| text(row, 3).to_owned()),
                table: text(row, 4).to_owned(),
                to: Some(list(text(row, 5))),
            }),
        }
    }
    out
}

/// What a type means, by how `format_type` writes it, its kind and its category.
fn data_type(written: &str, kind: &str, category: &str) -> DataType {
    if category == "A" || kind == "c" {
        return DataType::Json;
    }
    let base = written.split('(').next().unwrap_or_default().trim_end();
    let zoned = written.ends_with("with time zone");
    match base {
        "smallint" | "integer" | "bigint" | "oid" => DataType::Integer,
        "real" | "double precision" => DataType::Float,
        "money" => DataType::Decimal { precision: 19, scale: 2 },
        "numeric" => numeric(written),
        "boolean" => DataType::Boolean,
        "date" => DataType::Date,
        "timestamp" | "timestamp without time zone" | "timestamp with time zone" if zoned => DataType::TimestampTz,
        "timestamp" | "timestamp without time zone" => DataType::Timestamp,
        // With an offset, a time of day is no time of day.
        "time" | "time without time zone" if !zoned => DataType::Time,
        "bytea" => DataType::Binary,
        "json" | "jsonb" | "hstore" => DataType::Json,
        _ => DataType::Text,
    }
}

/// `numeric(12,2)`; one without bounds gets wide ones, which loads hold it to; one of more than 38 digits, or with a scale below nothing, is kept as text.
fn numeric(written: &str) -> DataType {
    let Some((_, arguments)) = written.trim_end_matches(')').split_once('(') else {
        return DataType::Decimal { precision: 38, scale: 9 };
    };
    let mut parts = arguments.split(',').map(|n| n.trim().parse::<i32>().unwrap_or(i32::MAX));
    let (precision, scale) = (parts.next().unwrap_or(i32::MAX), parts.next().unwrap_or(0));
    let fits = u8::try_from(precision).ok().filter(|p| *p <= 38).zip(u8::try_from(scale).ok());
    match fits {
        Some((precision, scale)) if scale <= precision => DataType::Decimal { precision, scale },
        _ => DataType::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_mapped_honestly() {
        let decimal = |precision, scale| DataType::Decimal { precision, scale };
        for (written, kind, category, want) in [
            ("bigint", "b", "N", DataType::Integer),
            ("numeric(12,2)", "b", "N", decimal(12, 2)),
            ("numeric(38,0)", "b", "N", decimal(38, 0)),
            ("numeric(39,0)", "b", "N", DataType::Text),
            ("numeric(5,-2)", "b", "N", DataType::Text),
            ("numeric(3,5)", "b", "N", DataType::Text),
            ("numeric", "b", "N", decimal(38, 9)),
            ("money", "b", "N", decimal(19, 2)),
            ("real", "b", "N", DataType::Float),
            ("character varying(20)", "b", "S", DataType::Text),
            ("timestamp(3) with time zone", "b", "D", DataType::TimestampTz),
            ("timestamp with time zone", "b", "D", DataType::TimestampTz),
            ("timestamp without time zone", "b", "D", DataType::Timestamp),
            ("timestamp(0) without time zone", "b", "D", DataType::Timestamp),
            ("time without time zone", "b", "D", DataType::Time),
            ("time(3) with time zone", "b", "D", DataType::Text),
            ("interval", "b", "T", DataType::Text),
            ("integer[]", "b", "A", DataType::Json),
            ("address", "c", "C", DataType::Json),
            ("mood", "e", "E", DataType::Text),
            ("int4range", "r", "R", DataType::Text),
            ("bit varying(5)", "b", "V", DataType::Text),
            ("uuid", "b", "U", DataType::Text),
            ("jsonb", "b", "U", DataType::Json),
            ("bytea", "b", "U", DataType::Binary),
        ] {
            assert_eq!(data_type(written, kind, category), want, "{written}");
        }
    }
}
