//! What the models of specs give: columns, types and grain, followed through all specs.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::Contract;
use crate::spec::{ColumnRule, Function, Join, JoinKind, Measure, Model, Rules, Spec};
use crate::sql::{ColumnType, ScopeRelation, Text, check_expression, expression};
use crate::vocabulary::{Dialect, Name, Relation, TableRef};

/// A dialect to read expressions in: they are ANSI SQL, which this one takes without additions of its own.
pub(super) const ANSI: Dialect = Dialect::Postgres;

/// Everything that models can read.
pub(super) struct World<'a> {
    /// Contracts by table.
    pub contracts: &'a BTreeMap<TableRef, Contract>,
    /// Models by name, those of the checked spec first.
    pub models: BTreeMap<&'a Name, &'a Model>,
    /// Staging models as each spec writes them: their columns are put together.
    staging: BTreeMap<&'a Name, Vec<&'a Model>>,
    /// Cleaning rules and masks.
    pub rules: &'a Rules,
}

impl<'a> World<'a> {
    pub fn new(
        spec: &'a Spec,
        contracts: &'a BTreeMap<TableRef, Contract>,
        specs: &'a BTreeMap<Name, Spec>,
        rules: &'a Rules,
    ) -> World<'a> {
        let mut models: BTreeMap<&Name, &Model> = BTreeMap::new();
        let mut staging: BTreeMap<&Name, Vec<&Model>> = BTreeMap::new();
        let others = specs.values().filter(|s| s.name != spec.name);
        for model in spec.models.iter().chain(others.flat_map(|s| &s.models)) {
            models.entry(&model.name).or_insert(model);
            if matches!(model.from, Relation::Table(_)) {
                staging.entry(&model.name).or_default().push(model);
            }
        }
        World { contracts, models, staging, rules }
    }

    /// What a relation gives; anything where that can't be known (a model in SQL, one of a circle, one that is not
    /// there: each is said where it stands).
    pub fn relation(&self, relation: &Relation, seen: &mut BTreeSet<Name>) -> ScopeRelation {
        match relation {
            Relation::Table(table) => self.contracts.get(table).map_or_else(anything, landed),
            Relation::Model(name) => match self.models.get(name) {
                Some(model) if seen.insert(name.clone()) => {
                    let out = self.model(model, seen);
                    seen.remove(name);
                    out
                }
                _ => anything(),
            },
        }
    }

    /// What a model gives.
    pub fn model(&self, model: &Model, seen: &mut BTreeSet<Name>) -> ScopeRelation {
        super::result::given(model, self.rows(model, seen))
    }

    /// What a model gives before anything is computed from the rows of the result.
    pub fn rows(&self, model: &Model, seen: &mut BTreeSet<Name>) -> ScopeRelation {
        if model.sql.is_some() || seen.len() > 200 {
            return anything();
        }
        let from = self.relation(&model.from, seen);
        let joined = self.joined(model, seen);
        let scope = in_scope(model, &from, &joined);
        if !model.group_by.is_empty() || !model.measures.is_empty() {
            let groups = model.group_by.iter().map(|g| {
                let own = g.expr.as_deref().unwrap_or(g.name.as_str());
                (g.name.to_string(), type_of(own, &scope))
            });
            let measures = model.measures.iter().map(|m| (m.name.to_string(), measure_type(m, &scope)));
            let columns = groups.chain(measures).collect();
            let grain = model.group_by.iter().map(|g| g.name.to_string()).collect();
            return ScopeRelation { columns, keys: vec![grain], ..ScopeRelation::default() };
        }
        if matches!(model.from, Relation::Table(_)) {
            let all = self.staging.get(&model.name).map_or(std::slice::from_ref(&model), Vec::as_slice);
            return all.iter().fold(from, |given, model| self.staged(model, given));
        }
        if model.columns.is_empty() {
            let mut columns = from.columns.clone();
            for (join, relation) in adding(model, &joined) {
                columns.extend(self.passed(join, relation, &columns));
            }
            let open = from.open || adding(model, &joined).any(|(_, r)| r.open);
            return ScopeRelation { columns, keys: from.keys, open, ..ScopeRelation::default() };
        }
        let columns: Vec<(String, ColumnType)> = model
            .columns
            .iter()
            .map(|(name, rule)| {
                let own = rule.expr.as_deref().unwrap_or(name.as_str());
                (name.to_string(), self.gives(rule).unwrap_or_else(|| type_of(own, &scope)))
            })
            .collect();
        let passes = |key: &BTreeSet<String>| {
            key.iter().all(|k| {
                model.columns.iter().any(|(n, rule)| n == k.as_str() && rule.expr.as_deref().is_none_or(|e| e == k))
            })
        };
        let keys = from.keys.iter().filter(|k| passes(k)).cloned().collect();
        ScopeRelation { columns, keys, ..ScopeRelation::default() }
    }

    /// The type that a column's mask or cleaning rule gives; none where it has neither, or one that is not there.
    pub fn gives(&self, rule: &ColumnRule) -> Option<ColumnType> {
        let masked = rule.mask.as_ref().map(|mask| self.rules.mask(mask));
        let given = masked.or_else(|| rule.clean.as_ref().map(|clean| self.rules.clean(clean)))?;
        given.ok().map(|rule| rule.gives.into())
    }

    /// A staging model passes all columns on, with rules for some, and may add others.
    fn staged(&self, model: &Model, from: ScopeRelation) -> ScopeRelation {
        let mut out = from.clone();
        for (name, rule) in &model.columns {
            let computed = || Some(type_of(rule.expr.as_ref()?, &[(reading_name(&model.from), &from)]));
            match (out.columns.iter_mut().find(|(n, _)| name == n.as_str()), self.gives(rule).or_else(computed)) {
                (Some(column), Some(ty)) => column.1 = ty,
                (None, Some(ty)) => out.columns.push((name.to_string(), ty)),
                _ => {}
            }
        }
        out
    }

    /// What each join of a model reads, as the model's expressions may name it.
    pub fn joined(&self, model: &Model, seen: &mut BTreeSet<Name>) -> Vec<ScopeRelation> {
        let read = |join: &Join| {
            let mut relation = self.relation(&Relation::Model(join.to.clone()), seen);
            // A key that equals ours is ours, and rows under another name go by it.
            let equal = |name: &String| join.on.iter().any(|(a, b)| a == b && b == name.as_str());
            let names = relation.columns.iter().map(|(name, _)| name);
            relation.hidden = names.filter(|name| join.alias.is_some() || equal(name)).cloned().collect();
            relation
        };
        model.joins.iter().map(read).collect()
    }

    /// The columns of a join where all pass, under the names that they get.
    fn passed(
        &self,
        join: &Join,
        relation: &ScopeRelation,
        before: &[(String, ColumnType)],
    ) -> Vec<(String, ColumnType)> {
        let called = match (&join.alias, self.models.get(&join.to).map(|m| &m.from)) {
            (Some(alias), _) => alias,
            (None, Some(Relation::Table(table))) => &table.table,
            _ => &join.to,
        };
        let passes = |name: &String| join.alias.is_some() || !relation.hidden.contains(name);
        let named = |(name, ty): &(String, ColumnType)| {
            let prefixed = join.alias.is_some() || before.iter().any(|(other, _)| other == name);
            (if prefixed { format!("{called}_{name}") } else { name.clone() }, *ty)
        };
        relation.columns.iter().filter(|(name, _)| passes(name)).map(named).collect()
    }
}

/// The joins whose columns stand beside those of the base.
fn adding<'m>(model: &'m Model, joined: &'m [ScopeRelation]) -> impl Iterator<Item = (&'m Join, &'m ScopeRelation)> {
    model.joins.iter().zip(joined).filter(|(join, _)| matches!(join.kind, JoinKind::Left | JoinKind::Inner))
}

/// What the expressions of a model may name.
pub(super) fn in_scope<'m>(
    model: &'m Model,
    from: &'m ScopeRelation,
    joined: &'m [ScopeRelation],
) -> Vec<(&'m str, &'m ScopeRelation)> {
    let others = adding(model, joined).map(|(join, r)| (join.alias.as_ref().unwrap_or(&join.to).as_str(), r));
    std::iter::once((reading_name(&model.from), from)).chain(others).collect()
}

/// A relation as expressions call it.
pub(super) fn reading_name(relation: &Relation) -> &str {
    match relation {
        Relation::Model(name) => name.as_str(),
        Relation::Table(table) => table.table.as_str(),
    }
}

pub(super) fn anything() -> ScopeRelation {
    ScopeRelation { open: true, ..ScopeRelation::default() }
}

fn landed(contract: &Contract) -> ScopeRelation {
    let key: BTreeSet<String> = contract.key().iter().map(|c| c.name.to_string()).collect();
    let unique = contract.columns.iter().filter(|c| c.unique && c.required);
    let mut keys: Vec<BTreeSet<String>> = Some(key).filter(|k| !k.is_empty()).into_iter().collect();
    keys.extend(unique.map(|c| BTreeSet::from([c.name.to_string()])));
    keys.dedup();
    let columns = contract.columns.iter().map(|c| (c.name.to_string(), c.data_type.into())).collect();
    ScopeRelation { columns, keys, ..ScopeRelation::default() }
}

fn type_of(text: &str, scope: &[(&str, &ScopeRelation)]) -> ColumnType {
    let place = Text::new("", "", text);
    let checked = expression(&place, ANSI).and_then(|e| check_expression(&place, &e, scope, &[]));
    checked.map(|c| c.column_type).unwrap_or_default()
}

fn measure_type(measure: &Measure, scope: &[(&str, &ScopeRelation)]) -> ColumnType {
    match measure.function() {
        Some((function, text)) => type_of(&call(function, text), scope),
        None => ColumnType::Unknown,
    }
}

/// A measure as SQL.
pub(super) fn call(function: Function, text: &str) -> String {
    match function {
        Function::Count => format!("count({text})"),
        Function::CountDistinct => format!("count(distinct {text})"),
        Function::Sum => format!("sum({text})"),
        Function::Avg => format!("avg({text})"),
        Function::Min => format!("min({text})"),
        Function::Max => format!("max({text})"),
        Function::Median => format!("median({text})"),
        Function::First | Function::Last => format!("min({text})"),
        Function::Expr => text.to_owned(),
    }
}
