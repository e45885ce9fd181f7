//! What a join holds equal, which rows it repeats, and what tells rows apart after it.

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Expr};
use sqlparser::tokenizer::Location;

use super::facts::Fact;
use super::measures::{by_price, by_share, is_money, is_of_list, is_total, repeated_part};
use super::relation::{Column, Env, Rel, lower, shared};
use super::value::Value;
use super::{FanOut, Named, Resolver, essential, left_out};
use crate::sql::parse::any_expression;
use crate::vocabulary::Diagnostic;

/// Columns that tell the rows of a join apart: which relation, which column.
pub(super) type Key = BTreeSet<(usize, String)>;

/// More ways to tell rows apart than this are not followed.
const MOST_KEYS: usize = 8;

/// How things are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    /// `cross join`, a comma, or a join without a condition.
    Cross,
    /// Rows of the left side that have a match, or that have none.
    Semi,
    AsOf,
}

/// What is known of a join beside what it holds equal.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub kind: JoinKind,
    /// It also holds equal what is computed from the right side.
    pub computed: bool,
    /// Some of the rows of the right side are left out besides: what told them apart together may do so with less.
    pub narrowed: bool,
    /// What is left of it may be one row for each.
    pub picked: bool,
}

/// Two columns that a join holds equal.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub left: Option<(usize, String)>,
    pub right: (usize, String),
}

/// Keys of more columns are what `distinct` or `union` leaves: rows differ, and fewer columns may tell them apart too.
pub(super) const MOST_TELLING: usize = 3;

impl<R: Named> Resolver<'_, R> {
    /// Whether a join that is not on a key repeats rows, as far as that is known. Another's project has keys that nobody
    /// stated: a table that is not known wholly, that is met by something computed, or of which a filter left one
    /// version of each row, says nothing.
    fn repeats(&self, keys: &[Key], on: &Key, how: How, rel: &Rel) -> bool {
        if rel.table.single || keys.is_empty() || how.picked && !self.strict {
            return false;
        }
        // What is held equal beside a part of a key may tell as much as the rest of it.
        let other_id =
            |k: &Key| k.len() > 1 && !k.is_disjoint(on) && on.iter().any(|c| !k.contains(c) && essential::is_id(&c.1));
        let version =
            |k: &Key| other_id(k) || (rel.table.filtered || how.narrowed) && k.len() > 1 && !k.is_disjoint(on);
        // What has a key of the warehouse's own is looked up by its code.
        let code = |c: &(usize, String)| essential::is_code(&c.1);
        if !self.strict && on.iter().any(code) && keys.iter().all(|k| k.iter().all(|c| essential::is_surrogate(&c.1))) {
            return false;
        }
        self.strict
            || keys.iter().any(|k| k.len() <= MOST_TELLING)
                && !how.computed
                && !keys.iter().any(version)
                && (how.kind == JoinKind::Cross || !on.is_empty())
    }

    /// Whether the columns of a relation that a join holds equal tell its rows apart with what they decide.
    fn decided_by(&self, rels: &[Rel], theirs: &Key) -> bool {
        let [rel] = rels else { return false };
        let on = |name: &&str| theirs.iter().any(|(_, c)| c == name);
        let keys = rel.table.keys.iter().filter(|k| k.len() > 1);
        !self.strict && keys.into_iter().any(|key| essential::needed(key, &rel.table).iter().all(on))
    }

    /// The left side of a join, as what repeats the right one, or looks it up.
    fn other_side(&mut self, env: &Env<'_>, ours: &Key, at: (Location, usize), how: (bool, bool)) -> usize {
        let (of_one, looked_up) = how;
        let name = |rel: usize| env.rels[rel].alias.clone();
        let several = env.keys.iter().flatten().map(|c| c.0).find(|rel| !ours.iter().any(|c| c.0 == *rel));
        let joined = several.or(ours.first().map(|c| c.0)).map(name).unwrap_or_default();
        let fan_out = FanOut {
            joined,
            on: ours.iter().map(|(_, c)| c.clone()).collect(),
            keys: env.keys.iter().map(|k| k.iter().map(|(_, c)| c.clone()).collect()).collect(),
            at: self.rendered.source_place(at.0.line as usize, at.0.column as usize, at.1),
            elsewhere: false,
            held: BTreeSet::new(),
            of_one,
            looked_up,
            of_event: false,
        };
        self.fan_outs.push(fan_out);
        self.fan_outs.len() - 1
    }

    /// What a join on a key and more leaves one row of: `on t.id = l.id and t.at = l.latest`, where `l` has a row for
    /// each `id`.
    fn latest(&self, right_keys: &[Key], pairs: &[Pair], kind: JoinKind) -> Option<Key> {
        let theirs: Key = pairs.iter().filter(|p| p.left.is_some()).map(|p| p.right.clone()).collect();
        let key = right_keys.iter().find(|k| !k.is_empty() && k.is_subset(&theirs))?;
        theirs.difference(key).find(|(_, name)| left_out::is_extreme(name))?;
        let ours = pairs.iter().filter(|p| key.contains(&p.right)).filter_map(|p| p.left.clone());
        (kind == JoinKind::Inner && !self.strict).then(|| ours.collect())
    }

    /// Keys and repeated rows once the relations from `before` on stand beside the earlier ones.
    pub(super) fn joined(&mut self, env: &mut Env<'_>, before: usize, pairs: &[Pair], how: How, at: (Location, usize)) {
        let kind = how.kind;
        let right_keys: Vec<Key> = match env.rels[before..].len() {
            0 => Vec::new(),
            1 => env.rels[before].table.keys.iter().map(|k| k.iter().map(|c| (before, c.clone())).collect()).collect(),
            _ => std::mem::take(&mut env.keys_of_nested),
        };
        let inner_fan_out = env.rels[before..].iter().find_map(|r| r.table.fan_out);
        env.fan_out = env.fan_out.or(inner_fan_out);
        if before == 0 {
            env.keys = right_keys;
            return;
        }
        let ours: BTreeSet<(usize, String)> = pairs.iter().filter_map(|p| p.left.clone()).collect();
        let theirs: BTreeSet<(usize, String)> = pairs.iter().map(|p| p.right.clone()).collect();
        let right_unique =
            right_keys.iter().any(|k| k.is_subset(&theirs)) || self.decided_by(&env.rels[before..], &theirs);
        let left_unique = env.keys.iter().any(|k| k.is_subset(&ours));
        // One side of it has one row for each, whatever else is joined to that already.
        let of_one = left_unique || env.rels[..before].iter().enumerate().any(|(i, r)| r.is_one_each(i, &ours));
        // A key of more columns may hold what others of it decide.
        let many = env.keys.iter().any(|k| !k.is_empty() && env.named_once(k).len() < MOST_TELLING);
        let left_told = left_unique || env.keys_or_null.iter().any(|k| k.is_subset(&ours));
        if !right_unique && self.repeats(&right_keys, &theirs, how, &env.rels[before]) {
            let (start, width) = at;
            let rel = &env.rels[before];
            let fan_out = FanOut {
                joined: rel.alias.clone(),
                on: theirs.iter().map(|(_, c)| c.clone()).collect(),
                keys: rel.table.keys.clone(),
                at: self.rendered.source_place(start.line as usize, start.column as usize, width),
                elsewhere: false,
                held: ours.iter().filter(|_| kind == JoinKind::Inner).map(|(_, c)| c.clone()).collect(),
                of_one,
                looked_up: false,
                of_event: false,
            };
            let id = self.fan_outs.len();
            self.fan_outs.push(fan_out);
            for rel in &mut env.rels[..before] {
                rel.fan_out = rel.fan_out.or(Some(id));
            }
            env.fan_out = env.fan_out.or(Some(id));
            // Where the left side has several rows for what is joined too, each repeats the other.
            if many && !left_told && !ours.is_empty() && !self.strict {
                let other = self.other_side(env, &ours, at, (of_one, false));
                env.rels[before..].iter_mut().for_each(|r| r.fan_out = r.fan_out.or(Some(other)));
            }
        }
        if right_unique && many && !left_told && !ours.is_empty() && !how.picked && !self.strict {
            let other = self.other_side(env, &ours, at, (false, true));
            self.fan_outs[other].of_event = matches!(&env.rels[before..], [rel] if rel.table.is_of_events(&theirs));
            env.rels[before..].iter_mut().for_each(|r| r.looked_up = r.looked_up.or(Some(other)));
        }
        // What a right join keeps is repeated by what it finds on the left.
        if kind == JoinKind::Right && many && !left_told && !ours.is_empty() && !how.picked && !self.strict {
            let other = self.other_side(env, &ours, at, (false, false));
            env.rels[before..].iter_mut().for_each(|r| r.fan_out = r.fan_out.or(Some(other)));
            env.fan_out = env.fan_out.or(Some(other));
        }
        if let ([rel], false, false) = (&env.rels[before..], right_unique || how.picked, self.strict)
            && !rel.table.settled
            && !rel.table.single
            && pairs.iter().any(|p| p.left.is_some())
        {
            let on = theirs.iter().map(|(_, name)| name.as_str()).collect();
            let untold = super::versions::untold(&rel.table, &on);
            self.noted.extend(untold.map(|(by, named)| Fact::Versions { at: at.0, by, named }));
        }
        // A key of more than these columns does not say that they are not one.
        let told = env.keys.iter().any(|k| !k.is_empty() && k.len() <= MOST_TELLING);
        if told && !ours.is_empty() && !env.keys.iter().any(|k| !k.is_disjoint(&ours)) {
            self.noted.push(Fact::Repeated { at: at.0 });
        }
        if pairs.is_empty() && matches!(kind, JoinKind::Cross | JoinKind::Inner | JoinKind::Left) {
            self.noted.push(Fact::Untied { at: at.0, shared: shared(&env.rels, before) });
        }
        if !self.strict && !how.narrowed && env.rels[before..].iter().any(|r| r.table.elements) {
            let id = self.fan_outs.len();
            self.fan_outs.push(FanOut {
                joined: env.rels[before].alias.clone(),
                on: BTreeSet::new(),
                keys: Vec::new(),
                at: self.rendered.source_place(at.0.line as usize, at.0.column as usize, at.1),
                elsewhere: false,
                held: BTreeSet::new(),
                of_one: false,
                looked_up: false,
                of_event: false,
            });
            // Rows may well be counted: they are the elements.
            env.rels[..before].iter_mut().for_each(|r| r.fan_out = r.fan_out.or(Some(id)));
        }
        let mut keys: Vec<Key> = Vec::new();
        let single = env.rels[before..].iter().all(|r| r.table.single);
        let left_stays = matches!(kind, JoinKind::Inner | JoinKind::Left | JoinKind::Cross);
        if (right_unique || single) && left_stays {
            keys.extend(env.keys.iter().cloned());
        }
        if left_unique && matches!(kind, JoinKind::Inner | JoinKind::Right) {
            keys.extend(right_keys.iter().cloned());
        }
        // Of two keys that a full join holds equal there is one row for each value, under one name or coalesced.
        if right_unique && left_unique && kind == JoinKind::Full && !self.strict {
            keys.push(ours.clone());
        }
        if keys.is_empty() {
            for left in &env.keys {
                keys.extend(right_keys.iter().map(|right| left.union(right).cloned().collect::<Key>()));
            }
        }
        if let Some(key) = self.latest(&right_keys, pairs, kind) {
            keys.push(key);
        }
        keys.truncate(MOST_KEYS);
        env.keys = keys;
        if !(right_unique || single) {
            env.keys_or_null.clear();
        }
        if left_told && kind == JoinKind::Left {
            env.keys_or_null.extend(right_keys);
        }
    }
}

impl<R: Named> Resolver<'_, R> {
    /// An aggregate over rows that a join repeats.
    pub(super) fn repeated(
        &mut self,
        name: &str,
        star: bool,
        args: &[(Value, Option<&Expr>)],
        env: &Env<'_>,
        at: Location,
        partition: Option<&[Expr]>,
    ) {
        let columns: u32 = args.iter().map(|(v, _)| v.columns).sum();
        let repeated: u32 = args.iter().map(|(v, _)| v.repeated).sum();
        let counts_rows = star || columns == 0;
        let id = if counts_rows {
            env.fan_out
        } else if !self.strict && by_share(args) {
            None
        } else if repeated == columns || repeated > 0 && !self.strict && name == "sum" && by_price(args, env) {
            args.iter().find_map(|(v, _)| v.fan_out)
        } else if !self.strict
            && name == "sum"
            && partition.is_none()
            && columns == 1
            && repeated == 0
            && let Some(id) = args.iter().find_map(|(v, _)| v.looked_up)
            && (is_total(args) || self.fan_outs.get(id).is_some_and(|f| f.of_event) && is_money(args))
        {
            Some(id)
        } else if !self.strict && name == "sum" && partition.is_none() {
            repeated_part(args, env)
        } else {
            None
        };
        let Some((id, fan_out)) = id.and_then(|id| Some((id, self.fan_outs.get(id)?))) else { return };
        // What was only tried is forgotten again.
        self.told.retain(|t| t.0 < self.found.len());
        if !self.strict && !counts_rows && self.told.iter().any(|t| t.1 == id) {
            return;
        }
        // What another model repeats is told once.
        if fan_out.elsewhere && self.found.iter().any(|f| f.code == "fan-out") {
            return;
        }
        let by = partition.or(env.grouping.filter(|g| !g.totals).map(|g| g.expressions.as_slice())).unwrap_or_default();
        // Where each group is of one key, all of its rows are repeated alike: that moves no average.
        let grouped = |column: &String| {
            let of = |e: &Expr| super::projection::implied_name(e) == *column;
            by.iter().any(of)
        };
        if !self.strict && matches!(name, "avg" | "mean") && !fan_out.on.is_empty() && fan_out.on.iter().all(grouped) {
            return;
        }
        // In a group of one row that is repeated, and of nothing else, those that are joined are what is counted.
        let repeats_all = || env.rels.iter().filter_map(|r| r.fan_out).all(|f| f == id);
        if !self.strict
            && counts_rows
            && fan_out.of_one
            && !fan_out.held.is_empty()
            && fan_out.held.iter().all(grouped)
            && repeats_all()
        {
            return;
        }
        // Of each row that is joined a group has one at most.
        let of_joined = |column: &String| by.iter().any(|e| fan_out.is_of(e, column));
        // What is looked up meets one row for each of the rest.
        let looked_up = repeated == 0 && !counts_rows;
        // Of rows that another model repeats a filter here may leave one for each; prices of a list are of each row.
        let by_one = fan_out.keys.iter().any(|k| k.len() == 1) && !fan_out.is_of_elements();
        if fan_out.elsewhere && env.narrowed && (fan_out.looked_up || !by_one)
            || fan_out.looked_up && fan_out.on.iter().any(|column| is_of_list(column))
        {
            return;
        }
        let told = |column: &String| looked_up && fan_out.on.contains(column) || of_joined(column);
        if !self.strict && fan_out.keys.iter().any(|key| !key.is_empty() && key.iter().all(told)) {
            return;
        }
        let names = |k: &BTreeSet<String>| k.iter().map(|c| left_out::shown(c)).collect::<Vec<_>>().join(", ");
        let keys: Vec<String> = fan_out.keys.iter().map(names).collect();
        let on: Vec<String> = fan_out.on.iter().cloned().collect();
        let joined =
            if fan_out.joined.is_empty() { "what is joined".to_owned() } else { format!("`{}`", fan_out.joined) };
        let why = format!(
            "{joined} can have many rows for one: joined on {}, one row for each {}",
            if on.is_empty() { "nothing".to_owned() } else { format!("({})", on.join(", ")) },
            keys.iter().map(|k| format!("({k})")).collect::<Vec<_>>().join(" or "),
        );
        let why = match fan_out.elsewhere {
            true => format!("in the model that is read {why}"),
            false => why,
        };
        let why = match fan_out.is_of_elements() && !self.strict {
            true => format!("{joined} has a row for each element of an array"),
            false => why,
        };
        let what = match counts_rows {
            true => format!("`{name}(*)` counts rows that the join repeats"),
            false => format!("`{name}` takes in values that the join repeats"),
        };
        let next = match counts_rows {
            true => format!(
                "say what is counted, `count(distinct …)` or `count({}.…)`, or aggregate before the join",
                fan_out.joined
            ),
            false if on.is_empty() => format!("aggregate before {joined} is joined, or what is of {joined}"),
            false => format!("aggregate {joined} to one row for each ({}) before the join", on.join(", ")),
        };
        // Keys are what tests say; where the gate has contracts, others have not always said all of them.
        let finding = match self.strict {
            true => Diagnostic::error("fan-out", what),
            false => Diagnostic::warning("fan-out", what),
        };
        if counts_rows {
            let single = env.rels.iter().enumerate().filter(|(_, r)| r.fan_out.is_none());
            self.noted.push(Fact::Counted { at, of: single.map(|(n, _)| n).collect() });
        } else {
            self.told.push((self.found.len(), id));
        }
        self.fault(finding.why(why).next(next), at, name.chars().count());
    }
}

/// Whether a condition leaves out rows of the relations from `before` on, by other columns than those that `pairs` hold
/// equal: the version of a row that is meant, one element of many.
pub(super) fn narrows(condition: Option<&Expr>, pairs: &[Pair], env: &Env<'_>, before: usize) -> bool {
    let mut parts = Vec::new();
    condition.into_iter().for_each(|c| conjuncts(c, &mut parts));
    // That there is a value, or another one, says of many rows.
    parts.retain(|part| match part {
        Expr::IsNotNull(_) => false,
        Expr::BinaryOp { op: BinaryOperator::NotEq, right, .. } => !matches!(right.as_ref(), Expr::Value(_)),
        _ => true,
    });
    parts.into_iter().any(|part| {
        any_expression(part, |e| {
            column_of(e, env).is_some_and(|c| c.0 >= before && !pairs.iter().any(|p| p.right == c))
        })
    })
}

/// The parts of `a and b and c`.
pub(super) fn conjuncts<'e>(expr: &'e Expr, out: &mut Vec<&'e Expr>) {
    let mut rest = expr;
    loop {
        match rest {
            Expr::Nested(inner) => rest = inner,
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                conjuncts_of_right(right, out);
                rest = left;
            }
            other => {
                out.push(other);
                return;
            }
        }
    }
}

fn conjuncts_of_right<'e>(expr: &'e Expr, out: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Nested(_) | Expr::BinaryOp { op: BinaryOperator::And, .. } => conjuncts(expr, out),
        other => out.push(other),
    }
}

/// `a = b` with one column of the right side.
pub(super) fn equality(expr: &Expr, env: &Env<'_>, before: usize) -> Option<Pair> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr else { return None };
    let (a, b) = (column_of(uncast(left), env), column_of(uncast(right), env));
    let theirs = |c: &Option<(usize, String)>| c.as_ref().is_some_and(|(r, _)| *r >= before);
    match (theirs(&a), theirs(&b)) {
        (true, false) if !reads_from(right, env, before) => Some(Pair { left: b, right: a? }),
        (false, true) if !reads_from(left, env, before) => Some(Pair { left: a, right: b? }),
        _ => None,
    }
}

/// Whether a join also holds equal what is computed from the right side: `coalesce(a.id, 'none') = coalesce(b.id, 'none')`.
pub(super) fn on_computed(on: &Expr, env: &Env<'_>, before: usize) -> bool {
    let mut parts = Vec::new();
    conjuncts(on, &mut parts);
    parts.into_iter().any(|part| {
        let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = part else { return false };
        let computed = |e: &Expr| column_of(uncast(e), env).is_none() && reads_from(e, env, before);
        let ours = |e: &Expr| !reads_from(e, env, before) && any_expression(e, |e| column_of(e, env).is_some());
        computed(left) && ours(right) || ours(left) && computed(right)
    })
}

/// Without the brackets around it.
pub(super) fn bare(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// What a cast is of: in whatever type, it tells the same rows apart.
fn uncast(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast { expr, .. } | Expr::Nested(expr) => uncast(expr),
        other => other,
    }
}

/// Whether an expression reads a column of a relation from `before` on: then it is not given by the earlier ones.
fn reads_from(expr: &Expr, env: &Env<'_>, before: usize) -> bool {
    any_expression(expr, |e| column_of(e, env).is_some_and(|(r, _)| r >= before))
}

/// The relation and column that an expression is, and nothing but.
pub(super) fn column_of(expr: &Expr, env: &Env<'_>) -> Option<(usize, String)> {
    match expr {
        Expr::Nested(inner) => column_of(inner, env),
        Expr::Identifier(ident) => {
            let name = lower(ident);
            let rel = env.rels.iter().position(|r| r.position(&name).is_some_and(|i| !r.hidden.contains(&i)))?;
            Some((rel, name))
        }
        Expr::CompoundIdentifier(parts) => {
            let [.., qualifier, column] = parts.as_slice() else { return None };
            let (alias, name) = (lower(qualifier), lower(column));
            let rel = env.rels.iter().position(|r| r.alias == alias && r.position(&name).is_some())?;
            Some((rel, name))
        }
        _ => None,
    }
}

/// The value of a wildcard's columns.
pub(super) fn all_columns(rel: &Rel) -> impl Iterator<Item = (usize, Column)> + '_ {
    rel.visible().map(|i| {
        let column = &rel.table.columns[i];
        let value: Value = Value { literal: None, ..rel.value(i) };
        (i, Column { value, ..column.clone() })
    })
}
