//! Which rows count, as lines of dbt SQL: the bounds of windows, conditions, rows that have or lack others.

use super::models::{InWindow, Joined, Query};
use crate::spec::JoinKind;
use crate::sql::lower::{Code, date_add};
use crate::vocabulary::{DataType, Name, Unit, Window};

/// The project's macros that the bounds of a window call.
pub(super) fn macros(window: &Window) -> impl Iterator<Item = Name> {
    let week = window.this == Some(Unit::Week) || window.until == Some(Unit::Week);
    ["as_of"].into_iter().chain(week.then_some("week_start")).filter_map(|name| Name::parse(name).ok())
}

/// The start of the unit that a moment is in.
fn floor(unit: Unit, of: &Code) -> Code {
    Code::Jinja(match unit {
        Unit::Week => format!("week_start({})", of.argument()),
        unit => format!("dbt.date_trunc('{}', {})", unit.as_str(), of.argument()),
    })
}

/// From where, up to where a window reaches; days for a date.
fn bounds((window, column, data_type): &InWindow) -> Vec<Code> {
    let as_of = Code::Jinja("as_of()".into());
    let end = window.until.map_or_else(|| as_of.clone(), |unit| floor(unit, &as_of));
    let start = match (window.last, window.this) {
        (Some(last), _) => Some(date_add(last.unit.as_str(), -i64::from(last.count), &end)),
        (None, this) => this.map(|unit| floor(unit, &as_of)),
    };
    let bound =
        |code: Code| if *data_type == Some(DataType::Date) { Code::cast(code, Code::text("date")) } else { code };
    let side = |word: &str, end: Code| Code::Seq(vec![column.clone(), Code::text(word), bound(end)]);
    start.map(|start| side(" >= ", start)).into_iter().chain([side(" < ", end)]).collect()
}

/// The `where` of the step that filters.
pub(super) fn of_query(query: &Query) -> Vec<String> {
    // Rows that something is joined to are matched where they are joined.
    let matched = if query.joins.iter().any(Joined::adds) { Vec::new() } else { matches(query) };
    joined(&codes(query.window.as_ref(), &query.filters), matched)
}

/// The `where` of a model that is joined.
pub(super) fn of_join(join: &Joined) -> Vec<String> {
    joined(&codes(join.window.as_ref(), &join.filters), Vec::new())
}

/// The `where` that keeps rows that have others, or lack them, while rows are joined.
pub(super) fn of_matches(query: &Query) -> Vec<String> {
    let any = query.joins.iter().any(Joined::adds);
    joined(&[], if any { matches(query) } else { Vec::new() })
}

fn codes(window: Option<&InWindow>, filters: &[Code]) -> Vec<Code> {
    window.map(bounds).into_iter().flatten().chain(filters.iter().cloned()).collect()
}

fn matches(query: &Query) -> Vec<Vec<String>> {
    query.joins.iter().filter(|join| !join.adds()).map(exists).collect()
}

/// `not exists (select 1 …)`: right also where keys are null.
fn exists(join: &Joined) -> Vec<String> {
    let alias = &join.source.alias;
    let not = if join.kind == JoinKind::Anti { "not " } else { "" };
    let mut lines = vec![format!("{not}exists ("), "    select 1".into(), format!("    from {alias}")];
    match join.on.as_slice() {
        [(ours, theirs)] => lines.push(format!("    where {theirs} = {ours}")),
        pairs => {
            lines.push("    where".into());
            let and = |i: usize| if i == 0 { "" } else { "and " };
            lines.extend(
                pairs.iter().enumerate().map(|(i, (ours, theirs))| format!("        {}{theirs} = {ours}", and(i))),
            );
        }
    }
    lines.push(")".into());
    lines
}

/// The `where` of a step after the groups.
pub(super) fn of_result(conditions: &[Code]) -> Vec<String> {
    joined(conditions, Vec::new())
}

/// What a join is on: one condition beside the word, several under it.
pub(super) fn on(conditions: impl IntoIterator<Item = Code>) -> Vec<String> {
    let conditions: Vec<Code> = conditions.into_iter().collect();
    if let [only] = conditions.as_slice() {
        return only.lines(11, 0);
    }
    let and = |i: usize| if i == 0 { "" } else { "and " };
    let lines = conditions.iter().enumerate().map(|(i, condition)| {
        let lines = condition.lines(12 + and(i).len(), 0).into_iter().enumerate();
        lines.map(|(n, line)| if n == 0 { format!("{}{line}", and(i)) } else { line }).collect::<Vec<_>>()
    });
    lines.flatten().collect()
}

/// `where` and a condition beside it; several below it, one a line, `and` before all but the first.
fn joined(conditions: &[Code], matched: Vec<Vec<String>>) -> Vec<String> {
    if let ([only], []) = (conditions, matched.as_slice()) {
        return under_where(only.lines(10, 0));
    }
    let mut out: Vec<String> = Vec::new();
    let mut add = |lines: &dyn Fn(usize) -> Vec<String>| {
        let and = if out.is_empty() { "" } else { "and " };
        let lines = lines(and.len()).into_iter().enumerate();
        out.extend(lines.map(|(i, line)| format!("{}{line}", if i == 0 { and } else { "" })));
    };
    for condition in conditions {
        add(&|head| condition.lines(8 + head, 0));
    }
    for lines in matched {
        add(&|_| lines.clone());
    }
    under_where(out)
}

/// One line stands beside the word, several under it.
pub(super) fn under_where(lines: Vec<String>) -> Vec<String> {
    match lines.as_slice() {
        [] => lines,
        [line] => vec![format!("where {line}")],
        _ => std::iter::once("where".into()).chain(lines.iter().map(|line| format!("    {line}"))).collect(),
    }
}
