//! Incremental models that lose, repeat or freeze rows.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem};

use super::clock::is_clock;
use super::expressions::{any, column, is_one_of};
use super::look::{View, span};
use super::outline::{Clause, Origin, Target};
use super::{Family, Look, Query, Rule};
use crate::dbt::NodeId;
use crate::sql::{ColumnType, Text};
use crate::vocabulary::{DataType, Diagnostic, Severity};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "incremental-unfiltered",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "an incremental model that reads everything on every run",
        look: Look::Query(unfiltered),
    },
    Rule {
        code: "incremental-ties",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a watermark with `>`, which loses rows of the same instant that arrive later",
        look: Look::Query(ties),
    },
    Rule {
        code: "incremental-repeats",
        family: Family::Wrong,
        severity: Severity::Error,
        summary: "a watermark with `>=` or a look back and no unique key, which adds rows again",
        look: Look::Query(repeats),
    },
    Rule {
        code: "incremental-late-rows",
        family: Family::Wrong,
        severity: Severity::Warning,
        summary: "a watermark on when things happened, which loses what arrives late",
        look: Look::Query(late_rows),
    },
];

/// What an incremental run compares with what it has: `updated_at > (select max(updated_at) from this)`.
pub(super) struct Watermark<'a> {
    /// The column that is held against it.
    pub column: &'a Expr,
    /// The comparison, the column on the left.
    pub op: BinaryOperator,
    /// Something is taken from it, so that rows are read again.
    pub looks_back: bool,
    /// The select whose rows it picks.
    pub select: usize,
    /// The comparison as a whole.
    pub whole: &'a Expr,
    /// What the column is held against.
    pub mark: &'a Expr,
}

pub(super) fn watermarks<'a>(view: &View<'_, 'a>) -> Vec<Watermark<'a>> {
    let own = own_levels(view);
    let mut out = Vec::new();
    for piece in view.outline.pieces.iter().filter(|p| matches!(p.clause, Clause::Where | Clause::On)) {
        let Expr::BinaryOp { left, op, right } = piece.expr else { continue };
        let Some(select) = piece.select else { continue };
        use BinaryOperator::{Gt, GtEq, Lt, LtEq};
        let (value, mark, op) = match op {
            Gt | GtEq => (left, right, op.clone()),
            Lt => (right, left, Gt),
            LtEq => (right, left, GtEq),
            _ => continue,
        };
        if is_mark(view, mark, &own, select) {
            let looks_back = goes_back(mark)
                || queries_in(mark).into_iter().any(gives_earlier)
                || own.iter().any(|level| gives_earlier(view.outline.levels[*level].query))
                || adds(value);
            out.push(Watermark { column: value, op, looks_back, select, whole: piece.expr, mark });
        }
    }
    out
}

/// Levels that read nothing but the model's own table.
pub(super) fn own_levels(view: &View<'_, '_>) -> Vec<usize> {
    let of_own = |level: usize| {
        view.outline.levels[level].select.is_some_and(|s| {
            let relations = &view.outline.selects[s].relations;
            !relations.is_empty() && relations.iter().all(|r| is_own(view, r.target))
        })
    };
    (1..view.outline.levels.len()).filter(|l| of_own(*l)).collect()
}

pub(super) fn is_own(view: &View<'_, '_>, target: Target) -> bool {
    matches!(target, Target::Node(id) if view.node(id).is_some_and(|n| std::ptr::eq(n, view.query.node)))
}

/// Whether an expression is made of what is greatest in the model's own table.
fn is_mark(view: &View<'_, '_>, expr: &Expr, own: &[usize], select: usize) -> bool {
    let mut found = false;
    for query in queries_in(expr) {
        found |= own.iter().any(|l| std::ptr::eq(view.outline.levels[*l].query, query));
        // `(select max_loaded from watermark)`, where that is a CTE over the model's own table.
        found |= view.outline.levels.iter().any(|l| {
            std::ptr::eq(l.query, query)
                && l.select.is_some_and(|s| {
                    let relations = &view.outline.selects[s].relations;
                    relations.iter().any(|r| matches!(r.target, Target::Level(l) if own.contains(&l)))
                })
        });
    }
    found |= any(expr, &mut |e| {
        column(e).is_some()
            && view.relation(select, e).is_some_and(
                |r| matches!(view.outline.selects[select].relations[r].target, Target::Level(l) if own.contains(&l)),
            )
    });
    found
}

pub(super) fn queries_in(expr: &Expr) -> Vec<&sqlparser::ast::Query> {
    let mut out = Vec::new();
    gather(expr, &mut out);
    out
}

fn gather<'a>(expr: &'a Expr, out: &mut Vec<&'a sqlparser::ast::Query>) {
    super::expressions::subqueries(expr, &mut |q| out.push(q));
    super::expressions::children(expr, &mut |e| gather(e, out));
}

pub(super) fn visit(query: &sqlparser::ast::Query, look: &mut dyn FnMut(&Expr)) {
    if let sqlparser::ast::SetExpr::Select(select) = query.body.as_ref() {
        for item in &select.projection {
            if let SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } = item {
                any(e, &mut |e| {
                    look(e);
                    false
                });
            }
        }
    }
}

/// Whether an expression, or one in it, takes time away; `+ interval 1 hour` goes the other way.
fn goes_back(expr: &Expr) -> bool {
    if let Expr::BinaryOp { left, op: BinaryOperator::Plus, right } = expr
        && matches!(right.as_ref(), Expr::Interval(i) if !i.to_string().contains('-'))
    {
        return goes_back(left);
    }
    let mut found = subtracts(expr);
    super::expressions::children(expr, &mut |e| found = found || goes_back(e));
    found
}

/// Whether a query gives something that time is taken away from.
fn gives_earlier(query: &sqlparser::ast::Query) -> bool {
    let sqlparser::ast::SetExpr::Select(select) = query.body.as_ref() else { return false };
    select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => goes_back(e),
        _ => false,
    })
}

/// Whether an expression takes time away.
pub(super) fn subtracts(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryOp { op: BinaryOperator::Minus, .. } | Expr::Interval(_) => true,
        Expr::Function(f) => is_one_of(
            f,
            &[
                "dateadd",
                "date_add",
                "date_sub",
                "timestamp_sub",
                "datetime_sub",
                "timestampadd",
                "timestamp_add",
                "date_trunc",
                "add_months",
                "dbt_dateadd",
                "least",
                "datetime_trunc",
                "timestamp_trunc",
            ],
        ),
        _ => false,
    }
}

/// Whether time is added to the column instead.
fn adds(expr: &Expr) -> bool {
    any(expr, &mut |e| matches!(e, Expr::BinaryOp { op: BinaryOperator::Plus, .. }) || subtracts(e))
}

pub(super) fn says(query: &Query<'_>, word: &str) -> bool {
    query.node.config.other.get("incremental_strategy").and_then(|s| s.as_str()) == Some(word)
}

/// Strategies that put whole partitions in the place of others.
pub(super) fn overwrites(query: &Query<'_>) -> bool {
    says(query, "insert_overwrite") || says(query, "microbatch") || says(query, "delete+insert") && has_key(query)
}

pub(super) fn has_key(query: &Query<'_>) -> bool {
    !query.node.config.unique_key.is_empty()
}

fn unfiltered(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    if !query.is("incremental") || query.incremental.is_some() || says(query, "microbatch") || overwrites(query) {
        return;
    }
    // An empty table, or rows that stand in the query.
    if query.resolved.reads.is_empty() && query.node.reads.is_empty() {
        return;
    }
    let text = &query.node.text;
    // It looks at its own table, or asks whether this is such a run: then there is more to it than was seen.
    // A variable in a condition says which part is read.
    let by_variable = text.to_ascii_lowercase().find("where").is_some_and(|at| text[at..].contains("var("));
    if by_variable || ["is_incremental", "this", "adapter.", "execute"].iter().any(|w| text.contains(w)) {
        return;
    }
    if super::backfills::is_picture(&query.full()) {
        return;
    }
    // What is gone from the source stays in the table, which is what it is for.
    let keeps = ["so far", "ever seen", "ever", "no longer", "are kept", "is kept", "keeps"];
    if has_key(query) && super::promised::has(&super::promised::of_model(query), &keeps) {
        return;
    }
    // Somebody says that this is meant.
    let meant = ["each run", "every run", "on purpose", "deliberately", "intentionally", "small table", "tiny table"];
    if has_key(query) && super::promised::told(query.node).iter().any(|text| super::promised::has(text, &meant)) {
        return;
    }
    let why = match has_key(query) {
        true => "all rows are read and merged each time, which costs more than building the table anew",
        false => "without a unique key each run adds all rows once more",
    };
    let finding = Diagnostic::warning("incremental-unfiltered", "each run reads everything again")
        .why(why)
        .next("add `{% if is_incremental() %} where … {% endif %}`, or build it as a table")
        .at(Text::new(&query.node.path, "", text).place(text.find("incremental").unwrap_or(0), 11));
    out.push(finding);
}

/// Whether a column grows one by one, so that no two rows have the same.
fn counts_up(view: &View<'_, '_>, expr: &Expr) -> bool {
    let Some(name) = column(expr) else { return false };
    let name = name.value.to_ascii_lowercase();
    let whole = matches!(view.column_type(expr), ColumnType::Known(DataType::Integer));
    let id = name == "id" || name.ends_with("_id") || name.ends_with("_seq") || name.ends_with("sequence");
    let key = view.query.node.config.unique_key.iter().any(|k| k.eq_ignore_ascii_case(&name));
    let moment = matches!(
        view.column_type(expr),
        ColumnType::Known(DataType::Date | DataType::Timestamp | DataType::TimestampTz)
    ) || name.ends_with("_at")
        || name.ends_with("date")
        || name.ends_with("_day")
        || name.ends_with("_month");
    whole && !name.ends_with("_at") || id || key && !moment
}

fn ties(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") {
        return;
    }
    for mark in watermarks(&view) {
        if mark.op != BinaryOperator::Gt || mark.looks_back || counts_up(&view, mark.column) {
            continue;
        }
        if find_column(mark.column).is_none() {
            continue;
        }
        // Held against the clock it asks whether today's run was made already.
        if any(mark.column, &mut is_clock) {
            continue;
        }
        let lost = match find_column(mark.column) {
            Some(name) => format!("rows with the greatest `{}` that arrive later are lost", name.value),
            None => "rows that are as great as the greatest one and arrive later are lost".to_owned(),
        };
        let finding = Diagnostic::warning("incremental-ties", lost)
            .why("`>` leaves out what has the same value as the last row of the run before, and what is older")
            .next("use `>=` with a look back and a `unique_key`");
        out.push(view.at(span(mark.whole), finding));
    }
}

fn repeats(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    super::merge_keys::beyond_predicate(query, out);
    let Some(view) = query.again() else { return };
    if !query.is("incremental") || has_key(query) || overwrites(query) {
        return;
    }
    for mark in watermarks(&view) {
        let changed = changed_again(&view, &mark);
        if mark.op == BinaryOperator::Gt && !mark.looks_back && !changed {
            continue;
        }
        // What it has already is left out in another way.
        let checked = view.outline.pieces.iter().any(|p| {
            let excluded = match p.expr {
                Expr::InSubquery { subquery, negated: true, .. } | Expr::Exists { subquery, negated: true } => subquery,
                _ => return false,
            };
            view.outline.levels.iter().any(|l| {
                std::ptr::eq(l.query, excluded.as_ref())
                    && l.sides
                        .iter()
                        .any(|s| view.outline.selects[*s].relations.iter().any(|r| is_own(&view, r.target)))
            })
        });
        let anti = view.outline.selects.iter().any(|p| p.relations.iter().any(|r| r.outer && is_own(&view, r.target)));
        if checked || anti {
            continue;
        }
        let finding = Diagnostic::error("incremental-repeats", "rows that the table has already are added again")
            .why(match changed {
                true => "a row that was changed comes again, and there is no `unique_key` to merge it by",
                false => "the filter lets rows through that an earlier run took, and there is no `unique_key` to merge them by",
            })
            .next("set `unique_key`, or use a strategy that overwrites whole partitions");
        out.push(view.at(span(mark.whole), finding));
    }
}

/// Whether rows come again when they change, and the model is tested to have each once.
fn changed_again<'a>(view: &View<'_, 'a>, mark: &Watermark<'a>) -> bool {
    let Some(name) = find_column(mark.column) else { return false };
    let named = super::expressions::words(&name.value);
    let changes = named.iter().any(|w| ["updated", "update", "modified", "changed"].contains(&w.as_str()));
    let tested = |c: &crate::dbt::DescribedColumn| c.tests.iter().any(|t| t.name == "unique");
    let described = |node: &crate::dbt::Node| -> Vec<String> {
        let columns = node.described.iter().flat_map(|d| &d.columns).filter(|c| tested(c));
        columns.map(|c| c.name.to_lowercase()).collect()
    };
    let Some(Origin::Node(id, _)) = view.outline.origin(mark.select, mark.column).filter(|_| changes) else {
        return false;
    };
    let of_source = view.node(id).map(described).unwrap_or_default();
    described(view.query.node).iter().any(|key| of_source.contains(key))
}

fn late_rows(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let Some(view) = query.again() else { return };
    if !query.is("incremental") {
        return;
    }
    for mark in watermarks(&view) {
        if mark.op != BinaryOperator::GtEq || mark.looks_back || counts_up(&view, mark.column) {
            continue;
        }
        let Some(name) = column(mark.column) else { continue };
        let mut name: &str = &name.value;
        let mut told = false;
        if let Some(Origin::Node(id, source)) = view.outline.origin(mark.select, mark.column) {
            name = source;
            if in_order(&view, id) {
                continue;
            }
            told = !is_of_load(source) && comes_after(&view, id, source);
        }
        // The days of a calendar are all there from the start.
        if view.is_of(mark.select, mark.column, &["spine", "calendar", "date", "day"]) {
            continue;
        }
        if told || happened(name) {
            let finding = Diagnostic::warning(
                "incremental-late-rows",
                format!("rows that arrive late are lost: `{name}` says when it happened"),
            )
            .why("a row that happened before the latest one of the last run and came after it is never read")
            .next("look back a few days and merge by `unique_key`, or filter by when rows were loaded");
            out.push(view.at(span(mark.whole), finding));
        }
    }
}

/// Whether texts say that rows come long after a moment of theirs: `posted up to four days after txn_at`, or of
/// `scanned_at` itself `some upload days later`.
fn comes_after(view: &View<'_, '_>, id: NodeId, name: &str) -> bool {
    use super::promised::{has, line, plain};
    const LONG: &[&str] = &["minutes", "hour", "hours", "day", "days", "week", "weeks", "late", "later"];
    let after = plain(&format!("after {name}"));
    let event = super::expressions::words(name).into_iter().next().unwrap_or_default();
    let nodes = line(view, id);
    nodes.iter().flat_map(|n| n.described.iter()).any(|d| {
        let said = |text: &str| {
            let text = plain(text);
            // `weeks after landing` of `landed_at`.
            let of_event = text.match_indices(" after ").any(|(at, word)| {
                let next = text[at + word.len()..].split_whitespace().next().unwrap_or_default();
                super::expressions::near(next, &event)
            });
            (of_event || text.contains(&after)) && has(&text, LONG)
        };
        let own =
            |text: &str| has(&plain(text), &["days later", "hours later", "weeks later", "days late", "hours late"]);
        said(&d.description)
            || d.columns
                .iter()
                .any(|c| said(&c.description) || c.name.eq_ignore_ascii_case(name) && own(&c.description))
    })
}

/// Whether texts say of a node that rows are only added to it, and nothing of late ones.
fn in_order(view: &View<'_, '_>, id: NodeId) -> bool {
    use super::promised::{has, line, told};
    let texts: Vec<String> = line(view, id).into_iter().flat_map(told).collect();
    const LATE: &[&str] =
        &["late", "later", "delay", "delayed", "offline", "lag", "lags", "up to", "buffer", "retries", "after"];
    texts.iter().any(|t| has(t, &["append only", "appended only", "only appended", "insert only"]))
        && !texts.iter().any(|t| has(t, LATE))
}

/// The first column in an expression.
pub(super) fn first_column(expr: &Expr) -> Option<&Expr> {
    let mut found = column(expr).map(|_| expr);
    super::expressions::children(expr, &mut |e| found = found.or_else(|| first_column(e)));
    found
}

/// What the first column in an expression is called.
pub(super) fn find_column(expr: &Expr) -> Option<&sqlparser::ast::Ident> {
    first_column(expr).and_then(column)
}

/// Whether a name says when something happened, not when it was loaded or changed.
fn happened(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let event = [
        "event",
        "occur",
        "order",
        "happen",
        "session",
        "transaction",
        "visit",
        "view",
        "click",
        "sent",
        "placed",
        "purchase",
        "date",
        "day",
        "hour",
    ];
    !is_of_load(&name) && event.iter().any(|w| name.contains(w))
}

/// Whether a name says when a row was loaded or changed.
fn is_of_load(name: &str) -> bool {
    const LOADED: &[&str] = &[
        "load", "sync", "update", "modif", "ingest", "insert", "extract", "batch", "receiv", "replicat", "etl", "dbt",
        "chang", "process", "file",
    ];
    let name = name.to_ascii_lowercase();
    LOADED.iter().any(|w| name.contains(w))
}
