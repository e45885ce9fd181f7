//! SQLite files, opened read-only.

mod query;
mod types;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::connector::{Cell, Connector, ForeignKey, RawColumn, RawTable, Sample};
use super::profile::Seen;
use super::sampling::{Chooser, Sampling};
use super::skipped;
use crate::contract::TableKind;
use crate::vocabulary::{Diagnostic, Dialect, Fault, Outcome, sql_identifier};
use crate::workspace::Method;
use query::{Database, Record, Trouble};

/// A SQLite file.
pub struct Sqlite {
    database: Mutex<Database>,
    path: String,
}

impl Sqlite {
    /// Opens the file at `root/path`.
    ///
    /// # Errors
    /// No such file, no permission, no SQLite file, a damaged one.
    pub fn open(root: &Path, path: &str) -> Outcome<Sqlite> {
        Ok(Sqlite { database: Mutex::new(Database::open(root, path)?), path: path.to_owned() })
    }

    // Each takes and gives back the lock: a guard that lives in a `match` would wait for itself in its arms.
    fn database(&self) -> MutexGuard<'_, Database> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self, sql: &'static str, bound: &[&str]) -> Result<Vec<Record>, Trouble> {
        self.database().rows(sql, bound)
    }

    fn rows_of(&self, sql: String) -> Result<Vec<Record>, Trouble> {
        self.database().rows_of(sql)
    }

    fn fault(&self, trouble: Trouble) -> Fault {
        self.database().fault(trouble)
    }

    /// Columns as declared, generated ones included; hidden ones of virtual tables are not.
    fn columns(&self, table: &str, has_row_number: bool) -> Result<Vec<RawColumn>, Trouble> {
        let rows = self.rows(
            "select name, type, \"notnull\", pk from pragma_table_xinfo(?) where hidden <> 1 order by cid",
            &[table],
        )?;
        let unique = self.rows(
            "select i.name, (select count(*) from pragma_index_info(i.name)), \
             (select name from pragma_index_info(i.name) limit 1) \
             from pragma_index_list(?) as i where i.\"unique\" = 1 and i.partial = 0",
            &[table],
        )?;
        let keys = rows.iter().filter(|r| r.integer(3) > 0).count();
        Ok(rows
            .iter()
            .map(|row| {
                let (name, declared, position) = (row.text(0), row.text(1), row.integer(3));
                // An INTEGER PRIMARY KEY is the row's own number: never null though not declared so.
                let row_number =
                    has_row_number && keys == 1 && position == 1 && declared.eq_ignore_ascii_case("INTEGER");
                RawColumn {
                    data_type: types::declared(&declared),
                    required: row.integer(2) != 0 || row_number,
                    unique: unique.iter().any(|u| u.integer(1) == 1 && u.text(2) == name),
                    primary_key: u32::try_from(position).ok().filter(|p| *p > 0),
                    name,
                    declared,
                    ..RawColumn::default()
                }
            })
            .collect())
    }

    fn foreign_keys(&self, table: &str) -> Result<Vec<ForeignKey>, Trouble> {
        let rows = self.rows(
            "select id, \"table\", \"from\", \"to\" from pragma_foreign_key_list(?) order by id, seq",
            &[table],
        )?;
        let mut out: Vec<(i64, ForeignKey)> = Vec::new();
        for row in &rows {
            let id = row.integer(0);
            if out.last().is_none_or(|(last, _)| *last != id) {
                out.push((
                    id,
                    ForeignKey { columns: Vec::new(), schema: None, table: row.text(1), to: Some(Vec::new()) },
                ));
            }
            let Some((_, key)) = out.last_mut() else { continue };
            key.columns.push(row.text(2));
            match row.is_null(3) {
                true => key.to = None,
                false => key.to.iter_mut().for_each(|to| to.push(row.text(3))),
            }
        }
        // SQLite lists them last first.
        Ok(out.into_iter().rev().map(|(_, key)| key).collect())
    }
}

impl Connector for Sqlite {
    fn place(&self) -> String {
        self.path.clone()
    }

    fn tables(&self, warnings: &mut Vec<Diagnostic>) -> Outcome<Vec<RawTable>> {
        let listed = "select name, type, wr from pragma_table_list where schema = 'main' \
                      and type in ('table', 'view', 'virtual') and name not like 'sqlite\\_%' escape '\\' order by name";
        let rows = match self.rows(listed, &[]) {
            Ok(rows) => rows,
            Err(trouble) => return Err(self.fault(trouble)),
        };
        let mut out = Vec::new();
        for row in rows {
            let (name, kind) = (row.text(0), row.text(1));
            let numbered = kind == "table" && row.integer(2) == 0;
            let columns = match self.columns(&name, numbered) {
                Ok(columns) => columns,
                Err(Trouble::Table(why)) => {
                    warnings.push(skipped(&name, &why));
                    continue;
                }
                Err(trouble) => return Err(self.fault(trouble)),
            };
            if columns.is_empty() {
                warnings.push(skipped(&name, "it has no columns that can be read"));
                continue;
            }
            let foreign_keys = self.foreign_keys(&name).or_else(|trouble| match trouble {
                Trouble::Table(_) => Ok(Vec::new()),
                trouble => Err(self.fault(trouble)),
            })?;
            let kind = if kind == "view" { TableKind::View } else { TableKind::Table };
            // The row's number has these names where no column took them.
            let taken = columns.iter().any(|c| c.name.eq_ignore_ascii_case("rowid"));
            let numbered = numbered && !taken;
            out.push(RawTable { name, kind, columns, foreign_keys, numbered, ..RawTable::default() });
        }
        Ok(out)
    }

    fn sample(&self, table: &RawTable, sampling: &Sampling) -> Outcome<Result<Sample, String>> {
        let from = sql_identifier(&table.name, Dialect::Sqlite);
        let rows = match self.rows_of(format!("select count(*) from {from}")) {
            Ok(rows) => rows.first().map_or(0, |r| r.integer(0).unsigned_abs()),
            Err(trouble) => return self.table_trouble(trouble),
        };
        // Long text and bytes are cut: only their beginnings are looked at.
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|c| {
                let name = sql_identifier(&c.name, Dialect::Sqlite);
                format!(
                    "case typeof({name}) when 'text' then substr({name}, 1, 200) when 'blob' then x'' else {name} end"
                )
            })
            .collect();
        let columns = columns.join(", ");
        let mut sample = Sample { rows, columns: vec![Seen::new(); table.columns.len()], ..Sample::default() };
        let read = self.read(table, &from, &columns, sampling, &mut sample);
        match read {
            Ok(()) => Ok(Ok(sample)),
            Err(trouble) => self.table_trouble(trouble),
        }
    }

    fn distinct(&self, table: &RawTable, column: &str, limit: usize) -> Outcome<Option<Vec<String>>> {
        let name = sql_identifier(column, Dialect::Sqlite);
        let from = sql_identifier(&table.name, Dialect::Sqlite);
        let sql = format!("select distinct {name} from {from} where {name} is not null limit {}", limit + 1);
        match self.rows_of(sql) {
            Ok(rows) if rows.len() <= limit => Ok(Some(rows.iter().map(|r| r.text(0)).collect())),
            Ok(_) | Err(Trouble::Table(_)) => Ok(None),
            Err(trouble) => Err(self.fault(trouble)),
        }
    }

    fn repeats(&self, table: &RawTable, column: &str) -> Outcome<Option<u64>> {
        let [table, column] = [&table.name, column].map(|n| sql_identifier(n, Dialect::Sqlite));
        match self.rows_of(format!("select count(*) - count(distinct {column}) from {table}")) {
            Ok(rows) => Ok(rows.first().map(|r| r.integer(0).unsigned_abs())),
            Err(Trouble::Table(_)) => Ok(None),
            Err(trouble) => Err(self.fault(trouble)),
        }
    }

    fn orphans(&self, table: &RawTable, column: &str, other: &RawTable, key: &str) -> Outcome<Option<u64>> {
        let [table, column, other, key] =
            [&table.name, column, &other.name, key].map(|n| sql_identifier(n, Dialect::Sqlite));
        let sql = format!(
            "select count({column}), sum({column} is not null and {column} not in \
             (select {key} from {other} where {key} is not null)) from {table}"
        );
        match self.rows_of(sql) {
            Ok(rows) => Ok(rows.first().filter(|r| r.integer(0) > 0).map(|r| r.integer(1).unsigned_abs())),
            Err(Trouble::Table(_)) => Ok(None),
            Err(trouble) => Err(self.fault(trouble)),
        }
    }
}

impl Sqlite {
    /// Looks at all rows of a short table, at chosen ones of a long one.
    fn read(
        &self,
        table: &RawTable,
        from: &str,
        columns: &str,
        sampling: &Sampling,
        sample: &mut Sample,
    ) -> Result<(), Trouble> {
        let rows = sample.rows;
        if rows <= sampling.size {
            sample.method = "all";
            return self.look(&format!("select {columns} from {from} limit {}", sampling.size), sample, &mut |_| true);
        }
        let reach = sampling.max_rows.unwrap_or(rows).min(rows);
        let by = sampling.by.as_ref().filter(|_| sampling.method == Method::Stratified);
        let by = by.and_then(|by| table.columns.iter().find(|c| c.name == *by));
        let by = by.map(|c| sql_identifier(&c.name, Dialect::Sqlite));
        let strata = match &by {
            Some(by) => self.strata(&format!("select {by} as v from {from} limit {reach}"), sampling.size)?,
            None => BTreeMap::new(),
        };
        let sizes: Vec<u64> = strata.values().map(|(_, rows)| *rows).collect();
        let mut chooser = Chooser::new(sampling, reach, &sizes);
        sample.method = chooser.method().as_str();
        sample.seed = (chooser.method() != Method::First).then_some(sampling.seed);
        let value = by.as_deref().unwrap_or("null");
        let stratum = |row: &Record, at: usize| strata.get(&text_of(row, at)).map_or(0, |(place, _)| *place);
        if !table.numbered {
            let sql = format!("select {columns}, {value} from {from} limit {reach}");
            let last = table.columns.len();
            return self.look(&sql, sample, &mut |row| chooser.takes(stratum(row, last)));
        }
        // The numbers of rows are chosen first, so that only chosen rows are read.
        let mut chosen = Vec::new();
        let numbers = format!("select rowid, {value} from {from} order by rowid limit {reach}");
        self.database().each(numbers, &mut |row| {
            if chooser.takes(stratum(row, 1)) {
                chosen.push(row.integer(0).to_string());
            }
        })?;
        for some in chosen.chunks(5000) {
            let sql = format!("select {columns} from {from} where rowid in ({}) order by rowid", some.join(","));
            self.look(&sql, sample, &mut |_| true)?;
        }
        Ok(())
    }

    /// Rows of each value, with a place for each value; none where the values are too many to be strata.
    fn strata(&self, values: &str, size: u64) -> Result<BTreeMap<Option<String>, (usize, u64)>, Trouble> {
        let sql = format!("select v, count(*) from ({values}) group by v limit {}", size.saturating_add(1));
        let mut out: BTreeMap<Option<String>, (usize, u64)> = BTreeMap::new();
        self.database().each(sql, &mut |row| {
            let place = out.len();
            out.entry(text_of(row, 0)).or_insert((place, 0)).1 += row.integer(1).unsigned_abs();
        })?;
        if out.len() as u64 > size {
            out.clear();
        }
        // Strata stand in the order of their values.
        out.values_mut().enumerate().for_each(|(at, (place, _))| *place = at);
        Ok(out)
    }

    /// Looks at those rows of a statement that are taken.
    fn look(&self, sql: &str, sample: &mut Sample, takes: &mut dyn FnMut(&Record) -> bool) -> Result<(), Trouble> {
        let (seen, count) = (&mut sample.columns, &mut sample.sample);
        self.database().each(sql.to_owned(), &mut |row| {
            if takes(row) {
                *count += 1;
                for (i, seen) in seen.iter_mut().enumerate() {
                    row.cell(i, |cell: Cell<'_>| seen.see(&cell));
                }
            }
        })
    }

    fn table_trouble<T>(&self, trouble: Trouble) -> Outcome<Result<T, String>> {
        match trouble {
            Trouble::Table(why) => Ok(Err(why)),
            trouble => Err(self.fault(trouble)),
        }
    }
}

/// The value of a column as text, whatever its class; none for null.
fn text_of(row: &Record, index: usize) -> Option<String> {
    let mut out = None;
    row.cell(index, |cell| {
        out = match cell {
            Cell::Null => None,
            Cell::Integer(n) => Some(n.to_string()),
            Cell::Real(n) => Some(n.to_string()),
            Cell::Text(text) => Some(text.to_owned()),
            Cell::Blob => Some(String::new()),
        };
    });
    out
}
