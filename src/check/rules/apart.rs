//! Windows over the rows of several things that are said to be of one: steps from one thing to another, places among all
//! of them, totals that run on.

use sqlparser::ast::{Expr, Function, SelectItem, WindowSpec};

use super::Query;
use super::expressions::{any, arguments, call, column, is_grouped, is_one_of, same_column, window, words};
use super::look::{View, span};
use super::mixed::is_time;
use super::outline::{Clause, Origin};
use super::promised::{has, items, of_model, plain, said_of};
use super::series::series;
use crate::vocabulary::Diagnostic;

pub(super) fn lag_across(query: &Query<'_>, out: &mut Vec<Diagnostic>) {
    let view = query.full();
    let before = out.len();
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        if !is_one_of(function, &["lag", "lead"]) {
            continue;
        }
        let Some(window) = window(function).filter(|w| w.window_name.is_none()) else { continue };
        if let Some(thing) = across_own(&view, select, window).or_else(|| one_after_another(&view, select, window)) {
            let finding = Diagnostic::warning("lag-across", format!("the row before may be of another `{thing}`"))
                .why("the window has rows of several, one after another")
                .next(format!("put `{thing}` into `partition by`"));
            out.push(view.at(span(piece.expr), finding));
            continue;
        }
        if !window.partition_by.is_empty() {
            continue;
        }
        let [by] = window.order_by.as_slice() else { continue };
        let Some(Origin::Node(node, name)) = view.outline.origin(select, &by.expr) else { continue };
        let Some((things, day)) = view.node(node).and_then(series) else { continue };
        if !name.eq_ignore_ascii_case(&day)
            || view.outline.selects[select].relations.len() != 1
            || !is_plain(&view, select, &things)
        {
            continue;
        }
        let thing = things.join("`, `");
        let finding = Diagnostic::warning("lag-across", format!("the row before may be of another `{thing}`"))
            .why(format!("there is a row for each `{thing}` and `{day}`, and the window orders all of them together"))
            .next(format!("`partition by {}`", things.join(", ")));
        out.push(view.at(span(piece.expr), finding));
    }
    if out.len() == before {
        said_of_each(&view, out);
        numbered_within(&view, out);
    }
}

/// Windows by a number of which it is said that another thing has the same one too: `unique within a house only`.
fn numbered_within(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    for piece in &view.outline.pieces {
        let (Expr::Function(function), Some(select)) = (piece.expr, piece.select) else { continue };
        let Some(window) = window(function).filter(|w| w.window_name.is_none()) else { continue };
        for by in &window.partition_by {
            let Some(thing) = unique_within(view, select, by) else { continue };
            let named = |e: &Expr| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(&thing));
            if window.partition_by.iter().any(named) || !is_plain(view, select, std::slice::from_ref(&thing)) {
                continue;
            }
            let finding = Diagnostic::warning("lag-across", format!("the window has rows of several `{thing}`"))
                .why(format!("`{by}` is described as unique within one only: another has the same"))
                .next(format!("put `{thing}` into `partition by`"));
            out.push(view.at(span(piece.expr), finding));
            return;
        }
    }
}

/// The column of what a number is said to be unique within, where that stands beside it.
fn unique_within(view: &View<'_, '_>, select: usize, by: &Expr) -> Option<String> {
    const WITHIN: &[&str] = &[
        "unique within a",
        "unique within an",
        "unique within one",
        "unique within each",
        "unique within the",
        "unique per",
        "unique in each",
        "unique for each",
    ];
    let Some(Origin::Node(id, name)) = view.outline.origin(select, by) else { return None };
    let columns = super::promised::line(view, id).into_iter().flat_map(|n| n.described.iter()).flat_map(|d| &d.columns);
    let own = columns.filter(|c| c.name.eq_ignore_ascii_case(name) && c.description.contains("nique"));
    // `Unique per customer` may say what an id is of, but where it is no more than that.
    let clear = |s: &String| has(s, WITHIN) && (s.contains(" unique within ") || has(s, &["only"]));
    let said = own.map(|c| plain(&c.description)).find(clear)?;
    let rest = WITHIN
        .iter()
        .filter_map(|w| said.split_once(&format!(" {w} ")))
        .map(|(_, rest)| rest)
        .min_by_key(|r| r.len())?;
    let of = rest.split_whitespace().next().filter(|of| !words(name).iter().any(|w| w == of))?;
    let relation = view.relation(select, by)?;
    let names = super::ranges::columns_of(view, view.outline.selects[select].relations[relation].target);
    [of.to_owned(), format!("{of}_id"), format!("{of}_key"), format!("{of}_code")]
        .into_iter()
        .find(|c| names.contains(c))
}

/// The thing of which a model has a row for each moment by its own test, where a window is cut by something else and
/// ordered by the moment.
fn across_own(view: &View<'_, '_>, select: usize, window: &WindowSpec) -> Option<String> {
    let (things, time) = series(view.query.node)?;
    let by = window.order_by.first()?;
    let named = |e: &Expr, name: &str| column(e).is_some_and(|c| c.value.eq_ignore_ascii_case(name));
    let given_as = view.outline.selects[select].select.projection.iter().any(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            alias.value.eq_ignore_ascii_case(&time) && same_column(expr, &by.expr)
        }
        _ => false,
    });
    let gives = |name: &String| {
        view.outline.selects[select].select.projection.iter().any(|item| match item {
            SelectItem::UnnamedExpr(e) => named(e, name),
            SelectItem::ExprWithAlias { expr, alias } => alias.value.eq_ignore_ascii_case(name) && named(expr, name),
            _ => false,
        })
    };
    let thing = things.iter().find(|t| !window.partition_by.iter().any(|p| named(p, t)))?;
    // What is called after the thing may be the thing.
    let other = |p: &Expr| column(p).is_some_and(|c| !subject(&c.value).iter().any(|w| subject(thing).contains(w)));
    ((named(&by.expr, &time) || given_as)
        && !window.partition_by.is_empty()
        && window.partition_by.iter().all(other)
        && things.iter().all(gives)
        && is_plain(view, select, std::slice::from_ref(thing)))
    .then(|| thing.clone())
}

/// The thing by which a window without a partition is ordered first, and then by time: those of one after those of
/// another.
fn one_after_another(view: &View<'_, '_>, select: usize, window: &WindowSpec) -> Option<String> {
    let [first, rest @ ..] = window.order_by.as_slice() else { return None };
    let name = column(&first.expr)?.value.to_ascii_lowercase();
    let is_moment = |e: &Expr| column(e).is_some_and(|c| is_time(&c.value)) || super::reruns::cuts(e);
    let known = view.seen(&first.expr).is_some_and(|c| c.unique == Some(false));
    let asked = view.outline.pieces.iter().any(|p| {
        call(p.expr, &["lag", "lead"])
            .is_some_and(|f| arguments(f).next().and_then(column).is_some_and(|c| c.value.eq_ignore_ascii_case(&name)))
    });
    (window.partition_by.is_empty()
        && known
        && !asked
        && !is_time(&name)
        && !view.query.keyed.by(&name).is_empty()
        && rest.first().is_some_and(|o| is_moment(&o.expr))
        && is_plain(view, select, std::slice::from_ref(&name)))
    .then_some(name)
}

/// Windows whose rows are of several things, in a column that is said to be of the rows of one: `the previous call of the
/// same subscriber`, `place within the race`.
fn said_of_each(view: &View<'_, '_>, out: &mut Vec<Diagnostic>) {
    let named = items(view);
    for (select, expr, alias) in &named {
        let mut windows = Vec::new();
        super::reruns::find(expr, &mut |e| {
            if let Expr::Function(f) = e
                && let Some(w) = window(f).filter(|w| w.window_name.is_none())
            {
                windows.push((f, w, e));
            }
        });
        let steps = |f: &Function| is_one_of(f, &["lag", "lead", "row_number", "rank", "dense_rank"]);
        let runs = |f: &Function, w: &WindowSpec| {
            is_one_of(f, &["sum", "avg", "count", "min", "max"]) && !w.order_by.is_empty()
        };
        let Some((function, by, whole)) = windows.into_iter().find(|(f, w, _)| steps(f) || runs(f, w)) else {
            continue;
        };
        let open = by.partition_by.is_empty();
        if let Some(thing) = named_within(view, *select, alias).filter(|_| open && steps(function)) {
            let finding =
                Diagnostic::warning("lag-across", format!("`{alias}` is over all rows, whatever their `{thing}`"))
                    .why("its name says that it is within one, and the window has no partition")
                    .next(format!("`partition by {thing}`"));
            out.push(view.at(span(whole), finding));
            continue;
        }
        let said = said_of(view, expr, alias);
        let of_all = if open && steps(function) { of_model(view.query) } else { String::new() };
        let part = &view.outline.selects[*select];
        let thing = part.select.projection.iter().find_map(|item| {
            let SelectItem::UnnamedExpr(e) = item else { return None };
            let name = column(e)?.value.to_ascii_lowercase();
            let words_of = subject(&name);
            // What tells the rows apart is of each by itself, and what is called after the partition may be the same.
            let row = view.seen(e).is_some_and(|c| c.unique == Some(true));
            let known = view.seen(e).is_some_and(|c| c.unique == Some(false)) || open && steps(function);
            let cut = by.partition_by.iter().any(|p| {
                same_column(p, e) || column(p).is_none_or(|c| subject(&c.value).iter().any(|w| words_of.contains(w)))
            });
            let is_id = name.ends_with("_id") || name.ends_with("_key");
            let told = || is_said(&said, &of_all, &plain(&words_of.join(" ")), alias, (open, is_id));
            (!row && known && !cut && !words_of.is_empty() && !is_time(&name) && told()).then_some(name)
        });
        let Some(thing) = thing else { continue };
        // The row before is asked whose it is.
        let asked = named.iter().any(|(_, e, _)| {
            let mut asks = false;
            super::reruns::find(e, &mut |e| {
                asks |= call(e, &["lag", "lead"]).is_some_and(|f| {
                    arguments(f).next().and_then(column).is_some_and(|c| c.value.eq_ignore_ascii_case(&thing))
                });
            });
            asks
        });
        if asked || !is_plain(view, *select, std::slice::from_ref(&thing)) {
            continue;
        }
        let finding = Diagnostic::warning("lag-across", format!("`{alias}` takes in rows of another `{thing}`"))
            .why(format!("it is described as of the rows of one, and the window has those of several {thing}s"))
            .next(format!("put `{thing}` into `partition by`"));
        out.push(view.at(span(whole), finding));
    }
}

/// The words of a name that say what it is of.
fn subject(name: &str) -> Vec<String> {
    let mut out = words(name);
    out.retain(|w| !["id", "key", "code", "no", "number", "name", "sk"].contains(&w.as_str()));
    out
}

/// Whether it is said that the rows are of one thing. Where the window is cut by something else, it takes clearer words.
fn is_said(said: &str, of_all: &str, thing: &str, alias: &str, (open, is_id): (bool, bool)) -> bool {
    let thing = thing.trim();
    let one = |before: &[&str]| before.iter().map(|b| format!("{b} {thing}")).collect::<Vec<_>>();
    let own = ["own", "previous", "next", "last"].map(|w| format!("{thing} s {w}"));
    let in_text = |text: &str, of: &[String]| of.iter().any(|p| has(text, &[p.as_str()]));
    let same = [one(&["same"]), own.to_vec()].concat();
    let within = one(&["within the", "within a", "within its", "within each", "within one"]);
    // `within the page's session` is of the session.
    let alone = |of: &[String]| of.iter().any(|p| has(said, &[p.as_str()]) && !said.contains(&format!("{p} s ")));
    if in_text(said, &same) || alone(&within) || in_text(of_all, &same) {
        return true;
    }
    let called = || words(alias).iter().any(|w| thing.split(' ').any(|t| t == w));
    in_text(said, &one(&["per", "each", "the"])) && open && is_id
        || alone(&one(&["of the", "of a", "of its"])) && called()
}

/// The column by which a name says that its window is cut: `rank_in_department`, `place_within_group`.
fn named_within(view: &View<'_, '_>, select: usize, alias: &str) -> Option<String> {
    let named = alias.to_ascii_lowercase();
    let of = ["_in_", "_within_", "_per_"].iter().find_map(|w| named.split_once(w))?.1.to_owned();
    let [reads] = view.outline.selects[select].relations.as_slice() else { return None };
    let names = super::ranges::columns_of(view, reads.target);
    let thing = [of.clone(), format!("{of}_id"), format!("{of}_key"), format!("{of}_name")];
    let thing = thing.into_iter().find(|t| names.contains(t)).filter(|t| !is_time(t))?;
    is_plain(view, select, std::slice::from_ref(&thing)).then_some(thing)
}

/// Whether rows of all things come to a select: nothing asks for one, and nothing is grouped.
fn is_plain(view: &View<'_, '_>, select: usize, things: &[String]) -> bool {
    let is_thing = |e: &Expr| column(e).is_some_and(|c| things.iter().any(|t| c.value.eq_ignore_ascii_case(t)));
    let asked = view
        .outline
        .pieces
        .iter()
        .any(|p| matches!(p.clause, Clause::Where | Clause::On) && any(p.expr, &mut |e| is_thing(e)));
    let grouped = |s: usize| {
        let part = view.outline.selects[s].select;
        part.distinct.is_some() || is_grouped(part)
    };
    !asked && !(0..view.outline.selects.len()).any(|s| super::reruns::feeds(view, s, select, 0) && grouped(s))
}
