//! The steps after the groups, as parts of the query.

use super::super::conditions;
use super::super::models::{After, Filled, Target};
use super::{Join, Step, select, select_beside};
use crate::sql::lower::{Code, type_code};
use crate::vocabulary::{DataType, Name};

/// The steps that follow `last`, which becomes the last of them.
pub(super) fn steps<'a>(after: &'a [After], last: &mut String) -> Vec<Step<'a>> {
    let mut out: Vec<Step<'a>> = Vec::new();
    for step in after {
        match step {
            After::Filled(filled) => out.extend(fill(filled, last)),
            After::Kept(conditions) => {
                let kept = Step {
                    select: vec!["select *".into()],
                    r#where: conditions::of_result(conditions),
                    ..Step::default()
                };
                push(&mut out, "kept", kept, last);
            }
            After::Windowed(targets) => {
                push(&mut out, "windowed", Step { select: select_beside(targets), ..Step::default() }, last);
            }
            After::Top { place, rows, columns } => {
                let select = select_beside(std::slice::from_ref(place));
                push(&mut out, "ranked", Step { select, ..Step::default() }, last);
                let first = vec![format!("where {} <= {rows}", place.name)];
                push(&mut out, "top_rows", Step { select: named(columns), r#where: first, ..Step::default() }, last);
            }
        }
    }
    out
}

/// Adds a step under a name that no other has.
fn push<'a>(out: &mut Vec<Step<'a>>, name: &str, step: Step<'a>, last: &mut String) {
    let again = out.iter().filter(|s| s.name.split("_again").next() == Some(name)).count();
    let name = format!("{name}{}", "_again".repeat(again));
    let from = std::mem::replace(last, name.clone());
    out.push(Step { name: name.into(), from, ..step });
}

fn named(columns: &[Name]) -> Vec<String> {
    let target = |name: &Name| Target { name: name.clone(), code: Code::text(name.as_str()) };
    select(&columns.iter().map(target).collect::<Vec<_>>())
}

/// The periods from the first to the last, each combination of the other groups, what is missing of them, and all of it.
fn fill<'a>(filled: &'a Filled, last: &mut String) -> Vec<Step<'a>> {
    let Filled { over, period, most, ends, groups, columns } = filled;
    let rows = last.clone();
    let target = |name: &str, code: Code| Target { name: Name::from_text(name, "column"), code };
    let step = |name: &'static str, select: Vec<String>, from: String| Step {
        name: name.into(),
        select,
        from,
        ..Step::default()
    };
    let mut out = Vec::new();
    let [first, end] = [("min", &ends[0]), ("max", &ends[1])]
        .map(|(end, said)| said.clone().unwrap_or_else(|| Code::call(end, vec![Code::text(over.as_str())])));
    let number = Code::cast(Code::text("generated_number"), type_code(DataType::Integer));
    let steps = Code::Chain("-", vec![number, Code::text("1")]);
    let series = format!("({{{{ dbt.generate_series({most}) }}}}) as series");
    let numbers = step("numbers", select(&[target("steps", steps)]), series);
    let bounds = select(&[target("first_period", first), target("last_period", end)]);
    if ends.iter().all(Option::is_some) {
        // One row of both, whatever rows there are.
        let r#where = conditions::of_result(&[Code::text("steps = 0")]);
        out.push(numbers);
        out.push(Step { r#where, ..step("bounds", bounds, "numbers".into()) });
    } else {
        out.push(step("bounds", bounds, rows.clone()));
        out.push(numbers);
    }
    let period = Target { name: over.clone(), code: period.clone() };
    let periods = select(&[target("last_period", Code::text("bounds.last_period")), period]);
    let joins = vec![Join { kind: "cross", alias: "numbers".into(), on: Vec::new() }];
    out.push(Step { joins, ..step("periods", periods, "bounds".into()) });
    let mut joins = Vec::new();
    let mut missing = vec![Target { name: over.clone(), code: Code::text(format!("periods.{over}")) }];
    let mut on = vec![Code::text(format!("periods.{over} = {rows}.{over}"))];
    if !groups.is_empty() {
        let names: Vec<Name> = groups.iter().map(|g| g.0.clone()).collect();
        out.push(step("combinations", distinct(named(&names)), rows.clone()));
        joins.push(Join { kind: "cross", alias: "combinations".into(), on: Vec::new() });
        for (name, nullable) in groups {
            missing.push(Target { name: name.clone(), code: Code::text(format!("combinations.{name}")) });
            let (theirs, ours) = (format!("combinations.{name}"), format!("{rows}.{name}"));
            let equal = Code::text(format!("{theirs} = {ours}"));
            let neither = Code::text(format!("({theirs} is null and {ours} is null)"));
            on.push(if *nullable { Code::Chain("or", vec![equal, neither]).nested() } else { equal });
        }
    }
    joins.push(Join { kind: "left", alias: rows.clone().into(), on: conditions::on(on) });
    let until = Code::text(format!("periods.{over} <= periods.last_period"));
    let r#where = conditions::of_result(&[until, Code::text(format!("{rows}.{over} is null"))]);
    // One row each, also for who reads the query: a cross join repeats both its sides.
    let missing = if groups.is_empty() { select(&missing) } else { distinct(select(&missing)) };
    out.push(Step { joins, r#where, ..step("missing", missing, "periods".into()) });
    let all: Vec<Name> = columns.iter().map(|c| c.0.clone()).collect();
    let mut both = named(&all);
    both.extend([format!("from {rows}"), "union all".to_owned()]);
    let filler = |(name, value): &(Name, Option<&'static str>)| Target {
        name: name.clone(),
        code: Code::text(value.unwrap_or(name.as_str())),
    };
    both.extend(select(&columns.iter().map(filler).collect::<Vec<_>>()));
    out.push(step("filled", both, "missing".into()));
    *last = "filled".to_owned();
    out
}

fn distinct(mut select: Vec<String>) -> Vec<String> {
    if let Some(first) = select.first_mut() {
        *first = first.replacen("select", "select distinct", 1);
    }
    select
}
