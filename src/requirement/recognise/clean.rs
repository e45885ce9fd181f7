//! Cleaning: `clean the phone numbers`, `names trimmed`, `convert the amounts to numbers`, `missing countries become 'unknown'`.

mod missing;
mod words;

use crate::requirement::Question;
use crate::requirement::lexicon::EXACT;
use crate::requirement::piece::{Clean, Cleaned, Kind, Noun, Piece};
use crate::requirement::roles::Cleanable;
use crate::requirement::scan::Scan;
use words::*;

/// Reads a request to clean.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.any(at, &["and", "please", "with", "also", ", and", ","]).unwrap_or(at);
    if let Some((clean, end)) =
        missing::read(scan, start).or_else(|| convert(scan, start, before)).or_else(|| styled(scan, start))
    {
        return Some(Piece { tokens: at..end, kind: Kind::Clean(clean) });
    }
    verb(scan, at, before)
}

/// `clean the phone numbers of customers`, `trim the names`.
fn verb<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan.any(at, &["and", "please", "with", "also"]).unwrap_or(at);
    let said = verbs(scan, start);
    // `, and the e-mails`: goes on with the verb of the piece before.
    let again = before.last().and_then(|p| match &p.kind {
        Kind::Clean(c) if c.goes_on => scan.any(at, &["and", ",", ", and", "as well as"]).map(|i| (i, c.rules.clone())),
        _ => None,
    });
    // `the trimmed email, first order date`: something else goes on.
    let again = again.filter(|(i, _)| super::when::read(scan, *i, before).is_none());
    let named = said.is_some();
    let (i, rules) = said.or(again)?;
    let i = scan.article(i);
    let Some((what, end)) = target(scan, i) else {
        return vague(scan, at, i, named, rules);
    };
    // `normalise msisdn to E.164`
    let (rules, end) = match scan.any(end, INTERNATIONAL) {
        Some(end) => (vec!["phone_e164".to_owned()], end),
        None => (rules, end),
    };
    let clean = Clean { what: vec![what], rules, value: None, goes_on: true, listed: false };
    Some(Piece { tokens: at..end, kind: Kind::Clean(clean) })
}

/// The verbs of cleaning, which may be several: `trim and lower-case`.
fn verbs(scan: &Scan<'_>, at: usize) -> Option<(usize, Vec<String>)> {
    let mut rules = Vec::new();
    let mut end = at;
    loop {
        let i = if rules.is_empty() { end } else { scan.any(end, &["and", ",", ", and", "&"]).unwrap_or(end) };
        let found = VERBS.iter().filter_map(|(rule, list)| Some((scan.any(i, list)?, *rule))).max_by_key(|f| f.0);
        let Some((next, rule)) = found else { break };
        rules.push(rule.to_owned());
        end = next;
    }
    (!rules.is_empty()).then_some((end, rules))
}

/// `clean it`, `clean up the data`: everything there is a rule for; a question about words that name nothing.
fn vague<'a>(scan: &Scan<'a>, at: usize, i: usize, named: bool, rules: Vec<String>) -> Option<Piece<'a>> {
    let all = scan.any(i, EVERYTHING).or((i >= scan.tokens.len()).then_some(i));
    if !named || (all.is_none() && scan.word(i).is_empty()) {
        return None;
    }
    match all {
        Some(end) => {
            let clean = Clean { what: vec![Cleaned::default()], rules, value: None, goes_on: true, listed: false };
            Some(Piece { tokens: at..end.max(at + 1), kind: Kind::Clean(clean) })
        }
        None if rules.iter().any(|r| r == CLEAN) && !matches!(scan.word(at), "cleaned" | "format" | "fix") => {
            let end = (i + 1).min(scan.tokens.len());
            let about = format!("`{}`: which column of which table is that?", scan.words(&(at..end)));
            let question = Question::new(about).saying("clean {}").or_any(candidates(scan));
            Some(Piece { tokens: at..end, kind: Kind::Ask(question) })
        }
        None => None,
    }
}

/// `e-mails trimmed and in lower case`, `names and cities without surrounding spaces`.
fn styled<'a>(scan: &Scan<'a>, at: usize) -> Option<(Clean<'a>, usize)> {
    let (what, mut end) = targets(scan, scan.article(at))?;
    // `country, e-mails trimmed`: only what `and` joins is one list.
    let commas = what.len() > 1 && !(at..end).any(|i| matches!(scan.word(i), "and" | "well"));
    if commas {
        return None;
    }
    let mut rules: Vec<String> = Vec::new();
    end = scan.any(end, &["are", "is", "should be", "must be", "to be", "being", "all"]).unwrap_or(end);
    let mut i = end;
    while let Some((next, rule)) =
        STYLES.iter().filter_map(|(rule, list)| Some((scan.any(i, list)?, *rule))).max_by_key(|f| f.0)
    {
        rules.push(rule.to_owned());
        end = next;
        i = scan.any(end, &["and", ",", ", and", "&", "but", "also"]).unwrap_or(end);
    }
    if rules.is_empty() {
        // `fees converted to numbers`
        let to = scan.any(end, CONVERTED).and_then(|i| scan.any(i, TO))?;
        (rules, end) = called(scan, to)?;
    }
    Some((Clean { what, rules, value: None, goes_on: false, listed: true }, end))
}

/// `convert the amounts to numbers`, `parse created as a date`, `clean vat with vat_number`, `parse the dates`; further on
/// without the verb: `and the flags to booleans`.
fn convert<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<(Clean<'a>, usize)> {
    let verb = scan.any(at, CONVERT);
    let goes_on = || matches!(before.last().map(|p| &p.kind), Some(Kind::Clean(c)) if !c.goes_on);
    let i = scan.article(verb.or_else(|| goes_on().then_some(at))?);
    let clean = |what, rules, end| Some((Clean { what, rules, value: None, goes_on: false, listed: false }, end));
    // `the yes/no flags`, `the dates`: what a rule is there for.
    let by_rule = called(scan, i).filter(|_| verb.is_some()).map(|(rules, end)| {
        let (noun, end) = of_table(scan, end).map_or((None, end), |(noun, end)| (Some(noun), end));
        (vec![Cleaned { kind: None, noun, rules: rules.clone() }], rules, end)
    });
    let Some((what, end)) = targets(scan, i) else {
        let (what, rules, end) = by_rule?;
        let to = scan.any(end, TO).and_then(|j| called(scan, j));
        let (rules, end) = to.unwrap_or((rules, end));
        return clean(what, rules, end);
    };
    let after = scan.skip(end, COLUMN);
    if let Some(j) = scan.any(after, TO)
        && let Some((rules, end)) = called(scan, scan.any(j, &["the rule", "rule", "the cleaning rule"]).unwrap_or(j))
    {
        return clean(what, rules, end);
    }
    let (what, rules, end) = by_rule.filter(|b| b.2 >= end)?;
    clean(what, rules, end)
}

/// The rules that words name, the longest words first: by what they give or by their name.
fn called(scan: &Scan<'_>, at: usize) -> Option<(Vec<String>, usize)> {
    let at = scan.article(at);
    let mut found: Vec<(usize, String)> = Vec::new();
    for rule in scan.ground.config.rules.cleaning() {
        let name = rule.name.as_str();
        let spaced = name.replace('_', " ");
        let ends = rule.words.iter().map(String::as_str).chain([name, &spaced]).filter_map(|w| scan.phrase(at, w));
        if let Some(end) = ends.max() {
            found.push((end, name.to_owned()));
        }
    }
    let most = found.iter().map(|f| f.0).max()?;
    Some((found.into_iter().filter(|f| f.0 == most).map(|f| f.1).collect(), most))
}

/// Things to clean, joined by commas and `and`.
fn targets<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<Cleaned<'a>>, usize)> {
    let (first, mut end) = target(scan, at)?;
    let mut out = vec![first];
    while let Some((next, j)) =
        scan.any(end, &[", and", "and", ",", "as well as"]).and_then(|i| target(scan, scan.article(i)))
    {
        out.push(next);
        end = j;
    }
    out.iter().all(names_columns).then_some((out, end))
}

/// Whether it is columns that are named, rather than a table.
fn names_columns(what: &Cleaned<'_>) -> bool {
    what.kind.is_some() || what.noun.as_ref().is_some_and(|n| !n.hits.columns.is_empty())
}

/// The kind of column that is cleaned, and the table or column.
fn target<'a>(scan: &Scan<'a>, at: usize) -> Option<(Cleaned<'a>, usize)> {
    let kinds = [(Cleanable::Phone, PHONES), (Cleanable::Email, EMAILS), (Cleanable::Name, NAMES)];
    let kind_at =
        |i: usize| kinds.iter().filter_map(|(kind, list)| Some((scan.any(i, list)?, *kind))).max_by_key(|k| k.0);
    let what = |kind, noun, end| Some((Cleaned { kind, noun, rules: Vec::new() }, end));
    if let Some((end, kind)) = kind_at(at) {
        // `customer_name` and what else the contracts call so is a column of theirs.
        let whole = |n: &Noun<'_>, e: usize| e == end && end > at + 1 && n.hits.tier == EXACT;
        let column = scan.head(at).filter(|(n, e)| !n.hits.columns.is_empty() && (*e > end || whole(n, *e)));
        if let Some((noun, end)) = column.filter(|_| kind == Cleanable::Name) {
            return what(None, Some(noun), end);
        }
        return match of_table(scan, end) {
            Some((noun, end)) => what(Some(kind), Some(noun), end),
            None => what(Some(kind), None, end),
        };
    }
    // `customers' phone numbers`, `customer e-mails`
    if let Some(table) = scan.hits(at).filter(|h| !h.tables.is_empty())
        && let Some((end, kind)) = kind_at(at + table.len)
    {
        let tokens = at..at + table.len;
        let noun = Noun { tokens, hits: table, modifiers: Vec::new(), values: Vec::new() };
        return what(Some(kind), Some(noun), end);
    }
    match scan.head(at) {
        Some((noun, end)) if !noun.hits.columns.is_empty() || !noun.hits.tables.is_empty() => {
            what(None, Some(noun), end)
        }
        _ => None,
    }
}

/// `of customers`.
fn of_table<'a>(scan: &Scan<'a>, at: usize) -> Option<(Noun<'a>, usize)> {
    let of = scan.any(at, &["of", "in", "for", "from"]).map(|i| scan.article(i))?;
    scan.head(of).filter(|n| !n.0.hits.tables.is_empty())
}

/// Columns that a cleaning rule is there for.
pub fn candidates(scan: &Scan<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for (table, contract) in scan.ground.contracts {
        for column in &contract.columns {
            if crate::requirement::roles::cleanable(column).is_some() {
                out.push(format!("{}.{}", table.table, column.name));
            }
        }
    }
    out.truncate(12);
    out
}
