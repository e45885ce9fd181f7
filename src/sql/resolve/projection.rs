//! The select list.

use std::collections::BTreeSet;

use sqlparser::ast::{
    ExcludeSelectItem, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
    RenameSelectItem, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, WildcardAdditionalOptions,
};

use super::call::name_of;
use super::column_type::ColumnType;
use super::joins::{Key, all_columns, bare, column_of, conjuncts};
use super::keys::{partition, passed_partition};
use super::relation::{Column, Env, lower};
use super::value::Value;
use super::{Named, Resolver};
use crate::sql::jinja::{REF_SCHEMA, UNKNOWN};
use crate::vocabulary::{Diagnostic, Dialect};

/// What a select list gives: columns, whether there may be more, and which plain column each is.
#[derive(Default)]
pub(super) struct Projection {
    pub columns: Vec<Column>,
    pub plain: Vec<Option<(usize, String)>>,
    /// For the first row of a partition: what the partition is.
    pub partitions: Vec<Option<Key>>,
    pub open: bool,
    /// The relation whose undeclared columns there may be.
    pub base: Option<u32>,
}

impl Projection {
    pub(super) fn push(&mut self, column: Column, plain: Option<(usize, String)>, partition: Option<Key>) {
        // What is called so may be one column or many, whatever they are called.
        if column.name.contains(UNKNOWN) {
            self.open = true;
            return;
        }
        self.columns.push(column);
        self.plain.push(plain);
        self.partitions.push(partition);
    }

    /// Notes that the last column is never null, where the select asks that of what makes it: `where lower(a) is not null`.
    fn fill(&mut self, select: &Select, expr: &Expr) {
        let (Some(column), Some(filter)) = (self.columns.last_mut(), &select.selection) else { return };
        let plain = matches!(bare(expr), Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        if plain || column.value.nullable == Some(false) {
            return;
        }
        let mut parts = Vec::new();
        conjuncts(filter, &mut parts);
        if parts.iter().any(|part| matches!(part, Expr::IsNotNull(of) if bare(of) == bare(expr))) {
            column.value.nullable = Some(false);
        }
    }

    fn all(&mut self, columns: impl IntoIterator<Item = (String, Value)>) {
        columns.into_iter().for_each(|(name, value)| self.push(Column { name, value, partition: None }, None, None));
    }
}

impl<R: Named> Resolver<'_, R> {
    pub(super) fn projection(&mut self, select: &Select, env: &mut Env<'_>) -> Projection {
        let mut out = Projection::default();
        if select.flavor == SelectFlavor::FromFirstNoSelect {
            self.wildcard(None, &WildcardAdditionalOptions::default(), env, &mut out);
        }
        for item in &select.projection {
            if self.spread(item, env, &mut out) {
                continue;
            }
            match item {
                SelectItem::UnnamedExpr(expr) if self.makes_rows(expr) => match self.rows_in_list(expr, env) {
                    Some(columns) => out.all(columns),
                    None => out.open = true,
                },
                SelectItem::UnnamedExpr(expr) => {
                    let name = self.implied(expr);
                    self.column(expr, name, env, &mut out);
                    out.fill(select, expr);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let name = lower(alias);
                    self.column(expr, name.clone(), env, &mut out);
                    out.fill(select, expr);
                    let value = out.columns.last().map(|c| c.value.clone()).unwrap_or_default();
                    if !matches!(expr, Expr::Identifier(i) if lower(i) == name) {
                        env.aliases.push((name, value));
                    }
                }
                SelectItem::ExprWithAliases { expr, aliases } => {
                    let columns =
                        self.rows_of_call(expr, env).filter(|c| c.len() >= aliases.len()).unwrap_or_else(|| {
                            let value = self.expr(expr, env).typed(ColumnType::Unknown).nullable(None);
                            vec![(String::new(), value); aliases.len()]
                        });
                    out.all(aliases.iter().map(lower).zip(columns).map(|(alias, (_, value))| (alias, value)));
                }
                SelectItem::Wildcard(options) => self.wildcard(None, options, env, &mut out),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    self.wildcard(Some(name), options, env, &mut out);
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), options) => {
                    let of = self.expr(expr, env);
                    self.fields_of(&of, options, &mut out);
                }
            }
        }
        out
    }

    /// Whether a function in the select list gives columns under names of its own.
    fn makes_rows(&self, expr: &Expr) -> bool {
        const SPARK: &[&str] = &[
            "explode",
            "explode_outer",
            "posexplode",
            "posexplode_outer",
            "inline",
            "inline_outer",
            "stack",
            "json_tuple",
        ];
        let Expr::Function(function) = expr else { return false };
        let name = super::call::name_of(function);
        self.reads_as(&[Dialect::Databricks]) && SPARK.contains(&name.as_str())
            || self.reads_as(&[Dialect::DuckDb]) && name == "unnest" && !self.strict
    }

    /// What such a function gives: elements of an array as `col`, entries of a map as `key` and `value`, the fields of
    /// a struct that DuckDB takes apart.
    fn rows_in_list(&mut self, expr: &Expr, env: &Env<'_>) -> Option<Vec<(String, Value)>> {
        if !self.reads_as(&[Dialect::DuckDb]) {
            let columns = self.rows_of_call(expr, env)?;
            return columns.iter().all(|(n, v)| n != "col" || v.ty.is_known()).then_some(columns);
        }
        let Expr::Function(Function { args: FunctionArguments::List(list), .. }) = expr else { return None };
        let of = match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(of))] => self.expr(of, env),
            // `recursive := true` takes what is in it apart too.
            _ => return None,
        };
        let one = of.clone().typed(of.ty.element()).nullable(Some(true)).with_parts(&of, &Value::nothing());
        match of.ty {
            ColumnType::Struct(fields) => {
                Some(fields.iter().map(|(name, _)| (name.clone(), of.clone().field(name))).collect())
            }
            _ => Some(vec![(self.implied(expr), one)]),
        }
    }

    /// `struct.*`.
    fn fields_of(&mut self, of: &Value, options: &WildcardAdditionalOptions, out: &mut Projection) {
        let ColumnType::Struct(fields) = &of.ty else {
            out.open = true;
            return;
        };
        let excluded = excluded(options);
        for (name, _) in fields.iter().filter(|(n, _)| !excluded.contains(n)) {
            let value = of.clone().field(name);
            out.push(Column { name: name.clone(), value, partition: None }, None, None);
        }
    }

    fn column(&mut self, expr: &Expr, name: String, env: &Env<'_>, out: &mut Projection) {
        let value = self.expr(expr, env);
        // In another type it tells the same rows apart, but for a day of a moment.
        let kept = match expr {
            Expr::Cast { expr, data_type, .. } if !self.strict && !self.cuts(data_type) => expr,
            expr => expr,
        };
        let plain = column_of(kept, env).or_else(|| self.coalesced(kept, env));
        let partition = match &plain {
            Some(source) => passed_partition(source, env),
            None => partition(expr, env),
        };
        out.push(Column { name, value, partition: None }, plain, partition);
    }

    /// The first column of `coalesce(a.id, b.id)`, whose parts a full join holds equal.
    fn coalesced(&self, expr: &Expr, env: &Env<'_>) -> Option<(usize, String)> {
        let Expr::Function(function) = expr else { return None };
        let FunctionArguments::List(list) = &function.args else { return None };
        if self.strict || !matches!(name_of(function).as_str(), "coalesce" | "ifnull" | "nvl") {
            return None;
        }
        let parts = list.args.iter().map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) => column_of(part, env),
            _ => None,
        });
        let parts = parts.collect::<Option<Vec<_>>>()?;
        let (first, rest) = parts.split_first()?;
        rest.iter().all(|part| env.full.contains(&(first.clone(), part.clone()))).then(|| first.clone())
    }

    /// Whether values of a type can be the same where what they were made from is not.
    fn cuts(&self, data_type: &sqlparser::ast::DataType) -> bool {
        use crate::vocabulary::DataType;
        let ty = crate::sql::types::column_type(data_type, self.dialect);
        !matches!(
            ty,
            ColumnType::Known(DataType::Text | DataType::Integer | DataType::Timestamp | DataType::TimestampTz)
        )
    }

    fn wildcard(
        &mut self,
        of: Option<&ObjectName>,
        options: &WildcardAdditionalOptions,
        env: &mut Env<'_>,
        out: &mut Projection,
    ) {
        let alias = of.and_then(|n| n.0.last()).and_then(|p| p.as_ident());
        let star = of.filter(|_| !self.strict).and_then(|name| self.star(name));
        let rels: Vec<usize> = match &star {
            Some(star) => star.rels(env),
            None => (0..env.rels.len()).filter(|i| alias.is_none_or(|a| env.rels[*i].alias == lower(a))).collect(),
        };
        if let (Some(alias), None, true) = (alias, &star, rels.is_empty()) {
            let struct_column = of.filter(|_| !self.strict).map(|n| {
                let idents: Vec<_> = n.0.iter().filter_map(|p| p.as_ident()).cloned().collect();
                if let [one] = idents.as_slice() { self.name(one, env) } else { self.qualified(&idents, env) }
            });
            match struct_column {
                Some(of) => self.fields_of(&of, options, out),
                None => {
                    let what = format!("there is no `{}` here to take all of", lower(alias));
                    let fault = Diagnostic::error("unknown-relation", what);
                    self.fault(fault, alias.span.start, alias.value.chars().count());
                }
            }
            return;
        }
        let at = options.wildcard_token.0.span.start;
        if env.grouping.is_some_and(|g| !g.totals) && !rels.is_empty() && !self.lenient_groups(env) {
            let fault = Diagnostic::error("not-grouped", "`*` stands in a select that aggregates")
                .next("name the columns that are grouped by");
            self.fault(fault, at, 1);
        }
        let excluded = excluded(options);
        let renames = match &options.opt_rename {
            Some(RenameSelectItem::Single(one)) => vec![one],
            Some(RenameSelectItem::Multiple(many)) => many.iter().collect(),
            None => Vec::new(),
        };
        let pattern = options.opt_ilike.as_ref().map(|i| i.pattern.to_ascii_lowercase());
        let open = star.is_some() || rels.iter().any(|r| env.rels[*r].table.open);
        if open {
            let renames_any = !renames.is_empty() || options.opt_replace.is_some() || out.open;
            out.base = env.base().filter(|_| !renames_any);
            out.open = true;
        } else if !self.strict {
            self.are_there(&named(options), &rels, env);
        }
        for rel in rels {
            for (_, mut column) in all_columns(&env.rels[rel]) {
                if star.as_ref().is_some_and(|s| !s.names.contains(&column.name)) {
                    continue;
                }
                if excluded.contains(&column.name) || pattern.as_ref().is_some_and(|p| !like(p, &column.name)) {
                    continue;
                }
                let source = (rel, column.name.clone());
                let replaced =
                    options.opt_replace.iter().flat_map(|r| &r.items).find(|r| lower(&r.column_name) == column.name);
                if let Some(replaced) = replaced {
                    column.value = self.expr(&replaced.expr, env);
                }
                if let Some(rename) = renames.iter().find(|r| lower(&r.ident) == column.name) {
                    column.name = lower(&rename.alias);
                }
                column.partition = None;
                let partition = passed_partition(&source, env).filter(|_| replaced.is_none());
                out.push(column, replaced.is_none().then_some(source), partition);
            }
        }
    }

    /// What a `*` leaves out, replaces or renames has to be there.
    fn are_there(&mut self, names: &[&Ident], rels: &[usize], env: &Env<'_>) {
        if names.is_empty() {
            return;
        }
        let known: BTreeSet<String> =
            // What `using` merged is there all the same where one side is asked for by its name.
            rels.iter().flat_map(|rel| &env.rels[*rel].table.columns).map(|c| c.name.clone()).collect();
        if known.is_empty() || known.iter().any(|name| name.is_empty() || name.contains(UNKNOWN)) {
            return;
        }
        for name in names.iter().filter(|n| !known.contains(&lower(n)) && !lower(n).contains(UNKNOWN)) {
            let known = known.iter().map(String::as_str).collect();
            self.unknown_column(&name.value, None, known, name.span.start, name.value.chars().count());
        }
    }

    /// What `dbt_ref__12.x.*` takes: the columns of a relation, wherever they come from here.
    fn star(&self, name: &ObjectName) -> Option<Star> {
        let [.., schema, table] = name.0.as_slice() else { return None };
        let (schema, table) = (schema.as_ident()?, table.as_ident()?);
        if !schema.value.starts_with(REF_SCHEMA) {
            return None;
        }
        let relation = R::stand_in(&schema.value, &table.value);
        let base = relation.as_ref().and_then(|r| self.relations.iter().position(|known| known == r));
        let columns = relation.and_then(|r| self.scope.relations.get(&r)).map(|known| &known.columns);
        Some(Star {
            alias: name.0.len().checked_sub(3).and_then(|i| name.0[i].as_ident()).map(lower),
            base: base.map(|i| i as u32),
            names: columns.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// The name of a column without an alias, where the dialect is known to give one.
    fn implied(&self, expr: &Expr) -> String {
        let name = implied_name(expr);
        if !name.is_empty() || self.strict {
            return name;
        }
        match (self.dialect, expr) {
            (Some(Dialect::Postgres | Dialect::Redshift), Expr::Function(f)) => {
                f.name.0.last().and_then(|p| p.as_ident()).map(lower).unwrap_or_default()
            }
            (Some(Dialect::Postgres | Dialect::Redshift | Dialect::Snowflake), Expr::Cast { expr, .. })
                if !implied_name(expr).is_empty() && self.dialect != Some(Dialect::Snowflake) =>
            {
                implied_name(expr)
            }
            (Some(Dialect::Postgres | Dialect::Redshift), Expr::Case { .. }) => "case".to_owned(),
            (Some(Dialect::DuckDb), Expr::Cast { expr, .. }) => implied_name(expr),
            (Some(Dialect::Databricks), Expr::Cast { expr, .. }) => implied_name(expr),
            _ => String::new(),
        }
    }
}

/// The columns of a relation that are not all known.
struct Star {
    /// The name that it goes by here, where one is given: `o.dbt_ref__12.x.*`.
    alias: Option<String>,
    base: Option<u32>,
    /// Those that are.
    names: BTreeSet<String>,
}

impl Star {
    /// The relations here that are it; all where none is, since a join passes its columns on.
    fn rels(&self, env: &Env<'_>) -> Vec<usize> {
        let called = |i: &usize| self.alias.as_ref().is_some_and(|a| env.rels[*i].alias == *a);
        let named: Vec<usize> = (0..env.rels.len()).filter(called).collect();
        if !named.is_empty() {
            return named;
        }
        let itself = |i: &usize| self.base.is_some() && env.rels[*i].table.base == self.base;
        let found: Vec<usize> = (0..env.rels.len()).filter(itself).collect();
        if found.is_empty() { (0..env.rels.len()).collect() } else { found }
    }
}

/// The columns that a `*` names: left out, replaced, renamed.
fn named(options: &WildcardAdditionalOptions) -> Vec<&Ident> {
    let mut out: Vec<&Ident> = match &options.opt_exclude {
        Some(ExcludeSelectItem::Single(name)) => name.0.last().and_then(|p| p.as_ident()).into_iter().collect(),
        Some(ExcludeSelectItem::Multiple(names)) => {
            names.iter().filter_map(|name| name.0.last().and_then(|p| p.as_ident())).collect()
        }
        None => Vec::new(),
    };
    if let Some(except) = &options.opt_except {
        out.push(&except.first_element);
        out.extend(&except.additional_elements);
    }
    out.extend(options.opt_replace.iter().flat_map(|r| &r.items).map(|item| &item.column_name));
    match &options.opt_rename {
        Some(RenameSelectItem::Single(one)) => out.push(&one.ident),
        Some(RenameSelectItem::Multiple(many)) => out.extend(many.iter().map(|one| &one.ident)),
        None => {}
    }
    out
}

fn excluded(options: &WildcardAdditionalOptions) -> BTreeSet<String> {
    let mut out: BTreeSet<String> = match &options.opt_exclude {
        Some(ExcludeSelectItem::Single(name)) => last(name).into_iter().collect(),
        Some(ExcludeSelectItem::Multiple(names)) => names.iter().filter_map(last).collect(),
        None => BTreeSet::new(),
    };
    if let Some(except) = &options.opt_except {
        out.insert(lower(&except.first_element));
        out.extend(except.additional_elements.iter().map(lower));
    }
    out
}

/// Whether a name is like a pattern of `%` and `_`.
fn like(pattern: &str, name: &str) -> bool {
    let (mut p, mut n) = (pattern.as_bytes(), name.as_bytes());
    let mut back: Option<(&[u8], &[u8])> = None;
    loop {
        match (p.first(), n.first()) {
            (Some(b'%'), _) => {
                back = Some((&p[1..], n));
                p = &p[1..];
            }
            (Some(c), Some(d)) if c == d || *c == b'_' => (p, n) = (&p[1..], &n[1..]),
            (None, None) => return true,
            _ => match back {
                Some((rest, at)) if !at.is_empty() => {
                    back = Some((rest, &at[1..]));
                    (p, n) = (rest, &at[1..]);
                }
                _ => return false,
            },
        }
    }
}

fn is_called(function: &Function, name: &str) -> bool {
    matches!(function.name.0.as_slice(), [one] if one.as_ident().is_some_and(|i| i.value.eq_ignore_ascii_case(name)))
}

pub(super) fn columns_call(expr: &Expr) -> Option<&Function> {
    match expr {
        Expr::Function(f) if f.over.is_none() && is_called(f, "columns") => Some(f),
        _ => None,
    }
}

/// The name of a column without an alias, where every target gives it the same.
pub(super) fn implied_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => lower(ident),
        Expr::CompoundIdentifier(parts) => parts.last().map(lower).unwrap_or_default(),
        Expr::Nested(inner) => implied_name(inner),
        _ => String::new(),
    }
}

fn last(name: &ObjectName) -> Option<String> {
    name.0.last().and_then(|p| p.as_ident()).map(lower)
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns_of_columns_are_held_against_whole_names() {
        assert!(like("%_id", "order_id") && like("a%", "abc") && like("%", "") && like("_b%d", "abcd"));
        assert!(!like("%_id", "ids") && !like("a", "ab") && !like("", "a"));
    }
}
