//! How tables come together: what is read under which name, what is joined to what, which rows are there.

use std::collections::BTreeSet;

use super::query::Work;
use super::{Column, InWindow, Joined, Models, Query, Resolved, Source, Target};
use crate::agents::near;
use crate::agents::schema::named;
use crate::spec::{JoinKind, Model};
use crate::sql::lower::{Code, Scope, ScopeColumn};
use crate::vocabulary::{DataType, Diagnostic, Name, Window};

/// Names that steps of a query take; a source may not be called so inside it.
pub(super) const STEPS: [&str; 18] = [
    "joined",
    "in_window",
    "filtered",
    "numbered",
    "deduplicated",
    "ordered",
    "aggregated",
    "selected",
    "bounds",
    "numbers",
    "periods",
    "combinations",
    "missing",
    "filled",
    "kept",
    "windowed",
    "ranked",
    "top_rows",
];

/// What joined rows hold.
#[derive(Default)]
pub(super) struct Rows<'m> {
    /// What expressions may name.
    pub(super) scope: Scope,
    /// For each column of the scope, the model's own.
    pub(super) columns: Vec<&'m Column>,
    /// For each column of the scope, its name before the join: `orders.status`.
    pub(super) qualified: Vec<String>,
    /// Columns that something reads.
    pub(super) used: BTreeSet<usize>,
}

impl<'a> Work<'a, '_> {
    /// The models that are read, under names that clash with nothing.
    pub(super) fn sources(&mut self, base: &'a Resolved) -> Option<Vec<(Source, &'a Resolved)>> {
        let mut read = vec![(None, base)];
        for (i, join) in self.written.model.joins.iter().enumerate() {
            let joined = self.models.get(join.to.as_str())?;
            if join.alias.is_none() && read.iter().any(|(alias, r)| alias.is_none() && r.name == joined.name) {
                let fault = Diagnostic::error("join-twice", format!("`{}` is read twice", joined.name));
                let next = "say with `as` what its rows are called here: `as: billing_address`";
                self.faults.push(fault.at(self.place(&format!("joins.{i}.to"))).next(next));
                return None;
            }
            read.push((join.alias.as_ref(), joined));
        }
        let taken = |name: &Name| read.iter().any(|(alias, _)| *alias == Some(name));
        let called = |(alias, r): &(Option<&Name>, &Resolved)| {
            let alone = read.iter().filter(|(a, other)| a.is_none() && other.noun() == r.noun()).count() == 1;
            let plain = alone && !STEPS.contains(&r.noun().as_str()) && !taken(r.noun());
            alias.cloned().unwrap_or_else(|| if plain { r.noun().clone() } else { r.name.clone() })
        };
        let mut names = BTreeSet::new();
        for (i, (alias, resolved)) in read.iter().enumerate() {
            let name = called(&(*alias, resolved));
            let model = alias.is_some_and(|a| read.iter().any(|(_, r)| r.name == *a));
            if !names.insert(name.clone()) || model || STEPS.contains(&name.as_str()) {
                let fault = Diagnostic::error("join-alias", format!("`{name}` is the name of something else here"));
                let at = i.checked_sub(1).map_or("from".to_owned(), |i| format!("joins.{i}.as"));
                self.faults.push(fault.at(self.place(&at)).next("call these rows something else with `as`"));
                return None;
            }
        }
        let source = |r: &(Option<&Name>, &'a Resolved)| (Source { model: r.1.name.clone(), alias: called(r) }, r.1);
        Some(read.iter().map(source).collect())
    }

    /// What the joined rows hold, and how they are joined.
    pub(super) fn rows(&mut self, sources: &[(Source, &'a Resolved)]) -> Option<(Rows<'a>, Vec<Joined>)> {
        let mut rows = Rows::default();
        let mut joins = Vec::new();
        let mut taken = BTreeSet::new();
        let several = sources.len() > 1;
        for (at, (source, resolved)) in sources.iter().enumerate() {
            let join = at.checked_sub(1).map(|i| (i, &self.written.model.joins[i]));
            let Some(columns) = &resolved.columns else {
                if several {
                    let fault = Diagnostic::error(
                        "unknown-columns",
                        format!("the columns of `{}` are not known", resolved.name),
                    );
                    let at = join.map_or("from".to_owned(), |(i, _)| format!("joins.{i}.to"));
                    let why = "it is written as `sql`, and joined rows name their columns";
                    self.faults.push(fault.at(self.place(&at)).why(why).next("write this model as `sql` too"));
                    return None;
                }
                rows.scope.open.push((source.model.clone(), String::new()));
                continue;
            };
            let mut keys = Vec::new();
            if let Some((i, join)) = join {
                let (joined, same) = self.join(i, source, resolved, &rows)?;
                joins.push(joined);
                if matches!(join.kind, JoinKind::Semi | JoinKind::Anti) {
                    continue;
                }
                keys = same;
            }
            let alias = join.and_then(|(_, join)| join.alias.as_ref());
            let optional = join.is_some_and(|(_, join)| join.kind == JoinKind::Left);
            for column in columns {
                let mut sql = column.name.clone();
                if alias.is_some() || taken.contains(&sql) {
                    sql = named(&format!("{}_{}", source.alias, column.name));
                }
                while !taken.insert(sql.clone()) {
                    sql = named(&format!("{sql}_2"));
                }
                rows.scope.columns.push(ScopeColumn {
                    relation: alias.unwrap_or(&source.model).clone(),
                    name: column.name.clone(),
                    sql: sql.to_string(),
                    data_type: column.data_type,
                    nullable: column.nullable || optional,
                    // A key that equals ours is ours: nobody has to say which. What has another name goes by it.
                    hidden: keys.contains(&column.name) || alias.is_some(),
                });
                rows.columns.push(column);
                rows.qualified.push(format!("{}.{}", source.alias, column.name));
            }
        }
        Some((rows, joins))
    }

    fn join(&mut self, i: usize, source: &Source, to: &'a Resolved, rows: &Rows<'_>) -> Option<(Joined, Vec<Name>)> {
        let join = &self.written.model.joins[i];
        let place = self.place(&format!("joins.{i}.on"));
        if join.on.is_empty() {
            let fault = Diagnostic::error("join-on", format!("nothing says which rows of `{}` belong", join.to));
            self.faults.push(fault.at(place).next("name a pair of columns that must be equal"));
            return None;
        }
        let (mut on, mut keys, mut same) = (Vec::new(), Vec::new(), Vec::new());
        for (ours, theirs) in &join.on {
            let Some(left) = rows.position(ours) else {
                let known = rows.scope.columns.iter().map(|c| c.name.as_str());
                let next = near(ours.as_str(), known, "name a column of a model before it");
                let fault = Diagnostic::error("unknown-column", format!("there is no column `{ours}` to join on"));
                self.faults.push(fault.at(place.clone()).next(next));
                continue;
            };
            if to.column(theirs.as_str()).is_none() {
                let known = to.columns.iter().flatten().map(|c| c.name.as_str());
                let next = near(theirs.as_str(), known, "name a column that it has");
                let fault = Diagnostic::error("unknown-column", format!("`{}` has no column `{theirs}`", to.name));
                self.faults.push(fault.at(place.clone()).next(next));
                continue;
            }
            let column = &rows.scope.columns[left];
            on.push((rows.qualified[left].clone(), format!("{}.{theirs}", source.alias)));
            keys.push((column.relation.clone(), column.name.clone(), theirs.clone()));
            if ours == theirs {
                same.push(theirs.clone());
            }
        }
        let mut own = Rows::of(to, join.alias.as_ref().unwrap_or(&to.name));
        let window = join.window.as_ref().and_then(|w| self.window(w, &format!("joins.{i}.window"), &mut own));
        let filters = self.conditions(&join.filters, &format!("joins.{i}.where"), &mut own);
        Some((Joined { source: source.clone(), kind: join.kind, on, keys, window, filters }, same))
    }

    /// The column of a window; it must hold dates or moments.
    pub(super) fn window(&mut self, window: &Window, at: &str, rows: &mut Rows<'_>) -> Option<InWindow> {
        let at = format!("{at}.column");
        // The base's column where it has one, however many others do.
        let base = rows.scope.columns.first().filter(|c| rows.of_base(c, &window.column)).map(|c| &c.relation);
        let column = base.map_or_else(|| window.column.to_string(), |base| format!("{base}.{}", window.column));
        let lowered = self.lower(&column, &at, rows)?;
        if lowered.data_type.is_some_and(|t| !t.is_temporal()) {
            let fault = Diagnostic::error("window-type", format!("`{}` is no date or timestamp", window.column));
            let of_time = rows.columns.iter().filter(|c| c.data_type.is_some_and(DataType::is_temporal));
            let names: Vec<&str> = of_time.map(|c| c.name.as_str()).collect();
            self.faults.push(fault.at(self.place(&at)).next(format!("there is `{}`", names.join("`, `"))));
        }
        self.macros.extend(crate::agents::conditions::macros(window));
        Some((window.clone(), lowered.code, lowered.data_type))
    }

    /// Conditions, each ready to stand beside others.
    pub(super) fn conditions(&mut self, filters: &[String], at: &str, rows: &mut Rows<'_>) -> Vec<Code> {
        let mut out = Vec::new();
        for (i, filter) in filters.iter().enumerate() {
            let Some(lowered) = self.scalar(filter, &format!("{at}.{i}"), rows) else { continue };
            let or = matches!(&lowered.code, Code::Chain("or", _));
            out.push(if or { lowered.code.nested() } else { lowered.code });
        }
        out
    }
}

impl<'m> Rows<'m> {
    /// Whether a column of the rows is called so.
    pub(super) fn has(&self, name: &str) -> bool {
        self.scope.columns.iter().any(|c| c.sql == name)
    }

    /// The rows of one model.
    fn of(model: &'m Resolved, relation: &Name) -> Rows<'m> {
        let mut rows = Rows::default();
        for column in model.columns.iter().flatten() {
            rows.scope.columns.push(ScopeColumn {
                relation: relation.clone(),
                name: column.name.clone(),
                sql: column.name.to_string(),
                data_type: column.data_type,
                nullable: column.nullable,
                hidden: false,
            });
            rows.columns.push(column);
            rows.qualified.push(column.name.to_string());
        }
        rows
    }

    /// Whether the relation of a column has one of that name.
    fn of_base(&self, first: &ScopeColumn, name: &Name) -> bool {
        self.scope.columns.iter().any(|c| c.relation == first.relation && c.name == *name)
    }

    /// The first column of that name; then what a model under another name has, `billing_address_city_id`.
    fn position(&self, name: &Name) -> Option<usize> {
        let columns = &self.scope.columns;
        let plain = columns.iter().position(|c| c.name == *name && !c.hidden);
        plain.or_else(|| columns.iter().position(|c| c.sql == name.as_str()))
    }
}

/// The select of the joined rows: the columns that something reads, or one where nothing does.
pub(super) fn joined(rows: &Rows<'_>) -> Vec<Target> {
    let first = BTreeSet::from([0]);
    let used = if rows.used.is_empty() { &first } else { &rows.used };
    let target = |at: &usize| {
        let column = rows.scope.columns.get(*at)?;
        let name = Name::parse(&column.sql).ok()?;
        Some(Target { name, code: Code::text(&rows.qualified[*at]) })
    };
    used.iter().filter_map(target).collect()
}

/// Without groups the grain of the base, as long as no join repeats its rows and its columns are there.
pub(super) fn grain(model: &Model, base: &Resolved, models: &Models, query: &Query) -> Vec<Name> {
    if !model.group_by.is_empty() || !model.measures.is_empty() {
        return model.group_by.iter().map(|g| g.name.clone()).collect();
    }
    let one = |join: &Joined| {
        let grain = models.get(join.source.model.as_str()).map(|m| m.grain.as_slice()).unwrap_or_default();
        !join.adds() || !grain.is_empty() && grain.iter().all(|g| join.keys.iter().any(|(_, _, theirs)| theirs == g))
    };
    if !query.joins.iter().all(one) {
        return Vec::new();
    }
    let named = |column: &Name| {
        if query.columns.is_empty() {
            return Some(column.clone());
        }
        let plain = Code::text(column.as_str());
        query.columns.iter().find(|t| t.code == plain).map(|t| t.name.clone())
    };
    base.grain.iter().map(named).collect::<Option<Vec<Name>>>().unwrap_or_default()
}
