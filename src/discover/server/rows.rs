//! Rows of a server's tables: samples, values, and whether references hold.

use std::collections::BTreeMap;

use super::Limits;
use super::line::{Lines, Read, Trouble};
use crate::contract::TableKind;
use crate::discover::connector::{Cell, RawColumn, RawTable, Sample};
use crate::discover::profile::Seen;
use crate::discover::sampling::{Chooser, Sampling};
use crate::vocabulary::{DataType, Dialect, sql_identifier};
use crate::workspace::Method;

/// Characters of a text that are looked at.
const CUT: usize = 200;
/// Runs of neighbouring rows that a long MySQL table is looked at in.
const RUNS: u64 = 100;

/// Looks at all rows of a table, or at a part of one that has more than is asked for.
pub fn sample(lines: &Lines, table: &RawTable, sampling: &Sampling, limits: Limits) -> Result<Sample, Trouble> {
    let size = sampling.size.max(1);
    let from = relation(lines, table);
    let select = columns(lines, table);
    let mut least = table.rows.unwrap_or(0);
    if least <= size {
        let whole = read(lines, table, &format!("select {select} from {from} limit {}", size + 1))?;
        if whole.sample <= size {
            return Ok(Sample { rows: whole.sample, method: "all", ..whole });
        }
        least = whole.sample;
    }
    let (rows, estimated) = count(lines, &from, least, limits)?;
    if !estimated && rows <= size {
        let whole = read(lines, table, &format!("select {select} from {from} limit {size}"))?;
        return Ok(Sample { rows: whole.sample, method: "all", ..whole });
    }
    let reach = sampling.max_rows.unwrap_or(limits.count).min(rows);
    if matches!(sampling.method, Method::Reservoir | Method::Stratified) {
        let sample = chosen(lines, table, (&from, &select), sampling, reach)?;
        return Ok(Sample { rows: rows.max(sample.sample), estimated, ..sample });
    }
    let first = || read(lines, table, &format!("select {select} from {from} limit {size}"));
    let spread = match sampling.method {
        Method::First => None,
        _ => spread(lines, table, &from, &select, rows, sampling)?,
    };
    let (sample, method) = match spread {
        Some(statement) => match read(lines, table, &statement) {
            // Blocks that happen to be empty, or a server that is too slow for more than the beginning.
            Ok(sample) if sample.sample > 0 => (sample, "systematic"),
            Ok(_) | Err(Trouble::Table(_)) => (first()?, "first"),
            Err(trouble) => return Err(trouble),
        },
        None => (first()?, "first"),
    };
    let seed = (method == "systematic").then_some(sampling.seed);
    Ok(Sample { rows: rows.max(sample.sample), estimated, method, seed, ..sample })
}

/// Rows in a table: counted, or where they are many or counting takes too long, the server's estimate.
fn count(lines: &Lines, from: &str, estimate: u64, limits: Limits) -> Result<(u64, bool), Trouble> {
    if estimate > limits.count {
        return Ok((estimate, true));
    }
    match lines.numbers(&format!("select count(*) from {from}"), 1) {
        Ok(counted) => Ok((counted.first().copied().flatten().unwrap_or(0).unsigned_abs(), false)),
        Err(Trouble::Table(_)) => Ok((estimate, true)),
        Err(trouble) => Err(trouble),
    }
}

/// A statement for rows from all over a table, that does not read the whole of it; none where that can't be had.
fn spread(
    lines: &Lines,
    table: &RawTable,
    from: &str,
    select: &str,
    rows: u64,
    sampling: &Sampling,
) -> Result<Option<String>, Trouble> {
    let size = sampling.size.max(1);
    if lines.is_postgres() {
        // A view has no blocks of its own.
        #[allow(clippy::cast_precision_loss)] // a share needs no more digits
        let share = (size as f64 / rows.max(1) as f64 * 100.0).min(100.0);
        let blocks = format!(
            "select {select} from {from} tablesample system ({share:.6}) repeatable ({}) limit {size}",
            sampling.seed % 1_000_000
        );
        return Ok(table.numbered.then_some(blocks));
    }
    // MySQL has no samples: runs of neighbours by the key, from points that lie evenly between its ends.
    let key: Vec<&RawColumn> = table.columns.iter().filter(|c| c.primary_key.is_some()).collect();
    let ([key], TableKind::Table) = (&key[..], table.kind) else { return Ok(None) };
    if key.data_type != Some(DataType::Integer) {
        return Ok(None);
    }
    let name = sql_identifier(&key.name, Dialect::MySql);
    let ends =
        lines.numbers(&format!("select cast(min({name}) as signed), cast(max({name}) as signed) from {from}"), 2)?;
    let [Some(least), Some(most)] = ends[..] else { return Ok(None) };
    let (run, width) = (size.div_ceil(RUNS), most.abs_diff(least) / RUNS);
    if width <= run {
        return Ok(None);
    }
    let shift = sampling.seed % (width - run).max(1);
    let runs = (0..RUNS).map(|i| {
        let at = i128::from(least) + i128::from(i * width + shift);
        let end = i128::from(least) + i128::from((i + 1) * width);
        format!("(select {select} from {from} where {name} >= {at} and {name} < {end} order by {name} limit {run})")
    });
    Ok(Some(runs.collect::<Vec<_>>().join(" union all ")))
}

/// Looks at all rows of a statement.
fn read(lines: &Lines, table: &RawTable, statement: &str) -> Result<Sample, Trouble> {
    look(lines, table, statement, false, &mut |_| true)
}

/// Looks at those rows of a statement that are taken; `and_stratum` says that one more text stands at their end.
fn look(
    lines: &Lines,
    table: &RawTable,
    statement: &str,
    and_stratum: bool,
    takes: &mut dyn FnMut(Option<&Cell<'_>>) -> bool,
) -> Result<Sample, Trouble> {
    let mut reads: Vec<Read> = table.columns.iter().map(|c| how(c.data_type)).collect();
    reads.extend(and_stratum.then_some(Read::Text));
    let mut sample =
        Sample { bytes: table.bytes, columns: vec![Seen::new(); table.columns.len()], ..Sample::default() };
    let (seen, count) = (&mut sample.columns, &mut sample.sample);
    lines.each(statement, &[], &reads, &mut |cells| {
        if takes(cells.last().filter(|_| and_stratum)) {
            *count += 1;
            for (seen, cell) in seen.iter_mut().zip(cells) {
                seen.see(cell);
            }
        }
    })?;
    Ok(sample)
}

/// Rows chosen one by one from the first `reach`, by the values of a column where that is asked for.
fn chosen(
    lines: &Lines,
    table: &RawTable,
    (from, select): (&str, &str),
    sampling: &Sampling,
    reach: u64,
) -> Result<Sample, Trouble> {
    let by = sampling.by.as_ref().filter(|_| sampling.method == Method::Stratified);
    let by = by.and_then(|by| table.columns.iter().find(|c| c.name == *by));
    let by = by.map(|c| text(lines, &identifier(lines, &c.name)));
    let mut strata: BTreeMap<Option<String>, (usize, u64)> = BTreeMap::new();
    if let Some(by) = &by {
        let sql = format!(
            "select v, {} from (select {by} as v from {from} limit {reach}) as s group by v limit {}",
            text(lines, "count(*)"),
            sampling.size.saturating_add(1)
        );
        for row in lines.texts(&sql, &[], 2)? {
            let count = row.get(1).cloned().flatten().and_then(|n| n.parse().ok()).unwrap_or(0);
            strata.insert(row.into_iter().next().flatten(), (0, count));
        }
        strata.values_mut().enumerate().for_each(|(at, (place, _))| *place = at);
    }
    let sizes: Vec<u64> = strata.values().map(|(_, rows)| *rows).collect();
    let mut chooser = Chooser::new(sampling, reach, &sizes);
    let method = chooser.method().as_str();
    let end = by.as_ref().map_or(String::new(), |by| format!(", {by}"));
    let statement = format!("select {select}{end} from {from} limit {reach}");
    let sample = look(lines, table, &statement, by.is_some(), &mut |cell| {
        let value = cell.and_then(|cell| if let Cell::Text(text) = cell { Some((*text).to_owned()) } else { None });
        chooser.takes(strata.get(&value).map_or(0, |(place, _)| *place))
    })?;
    Ok(Sample { method, seed: Some(sampling.seed), ..sample })
}

/// All different values of a column, where there are at most so many.
pub fn distinct(lines: &Lines, table: &RawTable, column: &str, limit: usize) -> Result<Option<Vec<String>>, Trouble> {
    let name = identifier(lines, column);
    let text = text(lines, &name);
    let from = relation(lines, table);
    let sql = format!("select distinct {text} from {from} where {name} is not null limit {}", limit + 1);
    let rows = lines.texts(&sql, &[], 1)?;
    Ok((rows.len() <= limit).then(|| rows.into_iter().flatten().flatten().collect()))
}

/// In how many rows a column has no value of its own; not asked of a table that is too long to be counted.
pub fn repeats(lines: &Lines, table: &RawTable, column: &str, limits: Limits) -> Result<Option<u64>, Trouble> {
    if table.rows.is_some_and(|rows| rows > limits.count) {
        return Ok(None);
    }
    let (column, from) = (identifier(lines, column), relation(lines, table));
    let found = lines.numbers(&format!("select count(*) - count(distinct {column}) from {from}"), 1)?;
    Ok(found.first().copied().flatten().map(i64::unsigned_abs))
}

/// How many values of a column are not among those of a key.
pub fn orphans(
    lines: &Lines,
    table: &RawTable,
    column: &str,
    other: &RawTable,
    key: &str,
) -> Result<Option<u64>, Trouble> {
    let [column, key] = [column, key].map(|name| identifier(lines, name));
    let [from, to] = [table, other].map(|t| relation(lines, t));
    // Of a long table the first rows must do: a value that is missing shows soon, and statements end in time.
    let sql = format!(
        "select count(a.{column}), count(case when a.{column} is not null and not exists \
         (select 1 from {to} as b where b.{key} = a.{column}) then 1 end) \
         from (select {column} from {from} where {column} is not null limit 100000) as a"
    );
    let found = lines.numbers(&sql, 2)?;
    Ok(match found[..] {
        [Some(values), Some(missing)] if values > 0 => Some(missing.unsigned_abs()),
        _ => None,
    })
}

fn dialect(lines: &Lines) -> Dialect {
    if lines.is_postgres() { Dialect::Postgres } else { Dialect::MySql }
}

fn identifier(lines: &Lines, name: &str) -> String {
    sql_identifier(name, dialect(lines))
}

/// A table's name, with its schema where that is not the connection's own.
fn relation(lines: &Lines, table: &RawTable) -> String {
    let name = identifier(lines, &table.name);
    match &table.schema {
        Some(schema) => format!("{}.{name}", identifier(lines, schema)),
        None => name,
    }
}

fn columns(lines: &Lines, table: &RawTable) -> String {
    let all: Vec<String> = table.columns.iter().map(|c| value(lines, c)).collect();
    all.join(", ")
}

/// How the value of a column is handed over.
fn how(data_type: Option<DataType>) -> Read {
    match data_type {
        Some(DataType::Integer | DataType::Boolean) => Read::Integer,
        Some(DataType::Float) => Read::Real,
        Some(DataType::Binary) => Read::Bytes,
        _ => Read::Text,
    }
}

/// The expression that gives the value of a column in the form that [`how`] reads.
fn value(lines: &Lines, column: &RawColumn) -> String {
    let name = identifier(lines, &column.name);
    if lines.is_postgres() {
        return match column.data_type {
            Some(DataType::Integer) => format!("{name}::int8"),
            Some(DataType::Boolean) => format!("{name}::int4::int8"),
            // By its text: a float of 32 bits is what it is written as, not the nearest of 64 bits.
            Some(DataType::Float) => format!("{name}::text::float8"),
            Some(DataType::Decimal { .. }) => format!("{name}::numeric::text"),
            Some(DataType::Binary) => format!("case when {name} is not null then 1::int8 end"),
            Some(DataType::Json) => format!("left(to_json({name})::text, {CUT})"),
            _ => format!("left({name}::text, {CUT})"),
        };
    }
    match column.data_type {
        Some(DataType::Integer | DataType::Boolean) => format!("cast({name} + 0 as signed)"),
        Some(DataType::Float) => format!("{name} + 0e0"),
        Some(DataType::Decimal { .. }) => format!("cast({name} + 0 as char)"),
        Some(DataType::Binary) => format!("case when {name} is not null then cast(1 as signed) end"),
        Some(DataType::TimestampTz) => format!("concat(cast({name} as char), 'Z')"),
        _ => format!("left(cast({name} as char), {CUT})"),
    }
}

fn text(lines: &Lines, name: &str) -> String {
    if lines.is_postgres() { format!("{name}::text") } else { format!("cast({name} as char)") }
}
