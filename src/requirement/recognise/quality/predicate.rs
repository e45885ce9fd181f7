//! What is said of a subject: `must never be negative`, `have a valid e-mail`, `is one of …`.

use super::complement::complement;
use super::form::{length, named_form};
use super::moments::ordered;
use super::subject::{Subject, adjective, one};
use super::value;
use crate::requirement::check::{Form, Rule, opposite};
use crate::requirement::piece::{Formula, Noun};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;

/// What is true or not.
#[derive(Clone, Debug)]
pub(in crate::requirement::recognise) enum Cond<'a> {
    Missing,
    Present,
    Negative,
    Positive,
    Zero,
    Orphan,
    Bounds(Vec<(&'static str, String)>),
    Compare(&'static str, Formula<'a>),
    Values(Vec<String>),
    Valid(Option<Form>),
    Invalid,
    Unique,
    UniqueIn(Vec<Noun<'a>>),
    Duplicated,
    Together,
    Future,
    Past,
    Older(u32),
    Within(u32),
    Length(Vec<(&'static str, u64)>),
    Pattern(String),
    Belongs(Noun<'a>),
    /// Points to a row that is not there.
    Strays(Noun<'a>),
    Has(Noun<'a>),
    Rows(Vec<(&'static str, u64)>),
    SumOf {
        parts: Noun<'a>,
        amount: Option<Formula<'a>>,
    },
    MissingIn(&'static str, String),
}

/// A predicate that was read.
pub(super) struct Said<'a> {
    pub(super) cond: Cond<'a>,
    pub(super) negated: bool,
    /// A column of the subject, which is a table.
    pub(super) property: Option<Noun<'a>>,
    pub(super) end: usize,
}

/// The rule by which a condition holds, or doesn't; none where that makes no sense.
pub(in crate::requirement::recognise) fn turn<'a>(_: &Scan<'a>, cond: Cond<'a>, wanted: bool) -> Option<Rule<'a>> {
    let bounds = |op: &'static str| Rule::Bounds(vec![(op, "0".into())]);
    Some(match (cond, wanted) {
        (Cond::Missing, false) | (Cond::Present, true) => Rule::There,
        (Cond::Missing, true) | (Cond::Present, false) => Rule::Gone,
        (Cond::Negative, true) => bounds("<"),
        (Cond::Negative, false) => bounds(">="),
        (Cond::Positive, true) => bounds(">"),
        (Cond::Positive, false) => bounds("<="),
        (Cond::Zero, true) => bounds("="),
        (Cond::Zero, false) => bounds("<>"),
        (Cond::Bounds(list), true) => Rule::Bounds(list),
        (Cond::Bounds(list), false) => match list[..] {
            [(op, ref literal)] => Rule::Bounds(vec![(opposite(op), literal.clone())]),
            _ => return None,
        },
        (Cond::Compare(op, formula), true) => Rule::Compare(op, formula),
        (Cond::Compare(op, formula), false) => Rule::Compare(opposite(op), formula),
        (Cond::Values(values), wanted) => Rule::Values { values, not: !wanted },
        (Cond::Valid(form), true) => Rule::Valid(form),
        (Cond::Invalid, false) => Rule::Valid(None),
        (Cond::Unique, true) | (Cond::Duplicated, false) => Rule::Unique { together: false, per: Vec::new() },
        (Cond::Together, true) => Rule::Unique { together: true, per: Vec::new() },
        (Cond::UniqueIn(per), true) => Rule::Unique { together: true, per },
        (Cond::Future, false) | (Cond::Past, true) => Rule::Before(true),
        (Cond::Future, true) | (Cond::Past, false) => Rule::Before(false),
        (Cond::Older(hours), false) | (Cond::Within(hours), true) => Rule::Fresh(hours),
        (Cond::Length(list), true) => Rule::Length(list),
        (Cond::Length(list), false) => match list[..] {
            [(op, n)] if op != "=" => Rule::Length(vec![(opposite(op), n)]),
            _ => return None,
        },
        (Cond::Pattern(pattern), true) => Rule::Pattern(pattern),
        (Cond::Belongs(parent), true) | (Cond::Strays(parent), false) => Rule::Belongs(parent),
        (Cond::Has(child), true) => Rule::Has(child),
        (Cond::Rows(list), true) => Rule::Rows(list),
        (Cond::SumOf { parts, amount }, true) => Rule::SumOf { parts, amount },
        (Cond::MissingIn("<=" | "<", percent), true) => Rule::MostlyThere(percent),
        (Cond::MissingIn(">" | ">=", percent), false) => Rule::MostlyThere(percent),
        _ => return None,
    })
}

/// Words between a subject and what is said of it.
#[derive(Clone, Copy, Debug, Default)]
struct Modal {
    strong: bool,
    negated: bool,
    may: bool,
    only: bool,
    have: bool,
}

fn modal(scan: &Scan<'_>, at: usize) -> (Modal, usize) {
    let mut m = Modal::default();
    let mut i = at;
    loop {
        if let Some(end) = scan.any(i, &["has to", "have to", "needs to", "need to", "ought to", "is to", "are to"]) {
            (m.strong, i) = (true, end);
            continue;
        }
        match scan.word(i) {
            "is" | "are" | "be" | "been" | "was" | "were" | "being" | "do" | "does" | "all" | "both" | "each"
            | "also" | "still" | "actually" | "it" | "they" | "there" => {}
            "must" | "should" | "shall" => m.strong = true,
            "range" | "ranges" | "lie" | "lies" | "fall" | "falls" | "stay" | "stays" | "remain" | "remains"
                if value::bounds(scan, i + 1).is_some() =>
            {
                m.strong = true;
            }
            "always" => m.strong = true,
            "may" | "might" | "can" | "could" => m.may = true,
            "only" => m.only = true,
            "cannot" | "can't" | "mustn't" | "shouldn't" | "never" => (m.strong, m.negated) = (true, !m.negated),
            "isn't" | "aren't" | "not" | "doesn't" | "don't" => m.negated = !m.negated,
            "has" | "have" | "contain" | "contains" | "hold" | "holds" | "carry" | "carries" if !m.have => {
                m.have = true
            }
            _ => break,
        }
        i += 1;
    }
    m.strong |= m.may && (m.only || m.negated);
    (m, i)
}

/// Whether words that state something stand at `at`.
pub(super) fn says(scan: &Scan<'_>, at: usize) -> bool {
    modal(scan, at).1 > at
}

/// Reads what is said of `subject`, where it states a rule.
pub(super) fn read<'a>(scan: &Scan<'a>, subject: &Subject<'a>, asked: bool) -> Option<Said<'a>> {
    let (mut m, mut i) = modal(scan, subject.end);
    let each =
        subject.said.start.checked_sub(1).is_some_and(|from| matches!(scan.word(from), "each" | "every" | "any"));
    // `every customer needs a phone`, `shipped orders need a date`; `doctors need the patients` says who reads.
    if i == subject.end
        && let Some(j) = scan.any(i, &["needs", "need", "requires", "require"])
        && (each || had(scan, subject, j).is_some_and(|h| h.1.is_some()))
    {
        (m.have, m.strong, i) = (true, true, j);
    }
    // `every order has a customer` states a rule.
    m.strong |= each && m.have;
    let (cond, property, mut end, flipped) = if m.have {
        let (cond, property, end, flipped) = had(scan, subject, i)?;
        (cond, property, end, flipped)
    } else if let Some(j) =
        scan.any(i, &["without a", "without an", "without any", "without", "missing a", "missing an", "lacking"])
        && let Some((noun, end)) = one(scan, j)
    {
        if noun.hits.columns.is_empty() {
            (Cond::Belongs(noun), None, end, true)
        } else {
            (Cond::Missing, Some(noun), end, false)
        }
    } else {
        let table = matches!(subject.nouns[..], [ref noun] if !noun.hits.tables.is_empty());
        let events = if table { ordered(scan, i) } else { None };
        let (cond, property, end) = match events {
            Some((first, cond, end)) => (cond, Some(first), end),
            None => complement(scan, subject, i, m.only).map(|(cond, end)| (cond, None, end))?,
        };
        (cond, property, end, false)
    };
    let relation = matches!(cond, Cond::Belongs(_) | Cond::SumOf { .. } | Cond::Compare(..) | Cond::Pattern(_));
    if i == subject.end && !relation {
        // `e-mails unique, phones valid`: in a list of checks the verb may be left out.
        let columns = subject.nouns.iter().all(|n| n.hits.tables.is_empty()) && !subject.nouns.is_empty();
        let ends = scan
            .tokens
            .get(end)
            .is_none_or(|t| t.kind == tokens::Kind::Mark || matches!(t.lower.as_str(), "and" | "but" | "in" | "for"));
        let verb = matches!(scan.word(i), "appear" | "appears" | "occur" | "occurs" | "exist" | "exists");
        if !(asked && columns && ends || verb && matches!(cond, Cond::Unique | Cond::Duplicated)) {
            return None;
        }
    }
    let states = asked
        || m.strong
        || matches!(
            cond,
            Cond::Unique | Cond::UniqueIn(_) | Cond::Together | Cond::SumOf { .. } | Cond::Pattern(_) | Cond::Strays(_)
        )
        || each && matches!(cond, Cond::Belongs(_))
        // What a requirement begins with is no condition of something else.
        || subject.said.start == 0 && i > subject.end && match &cond {
            Cond::Bounds(list) => list.len() > 1,
            Cond::Values(values) => values.len() > 1,
            _ => false,
        };
    let mut cond = cond;
    let mut negated = m.negated != flipped;
    if matches!(cond, Cond::Unique) {
        if let Some((per, j)) = per(scan, end) {
            (cond, end) = (Cond::UniqueIn(per), j);
        } else if subject.together {
            cond = Cond::Together;
        }
    }
    if matches!(cond, Cond::Missing | Cond::Present)
        && let Some((op, percent, j)) = share(scan, end)
    {
        let missing = matches!(cond, Cond::Missing) != negated;
        let (op, percent) = if missing { (op, percent) } else { rest(op, &percent)? };
        (cond, end, negated) = (Cond::MissingIn(op, percent), j, false);
    }
    let states = states || matches!(cond, Cond::MissingIn(..)) && i > subject.end;
    states.then_some(Said { cond, negated, property, end })
}

/// Reads what is said further of a subject: `or missing`, `and unique`, `but never empty`. What it does not negate itself
/// is negated as what was said before, unless it is only wanted as it is.
pub(super) fn further<'a>(scan: &Scan<'a>, subject: &Subject<'a>, before_negated: bool, or: bool) -> Option<Said<'a>> {
    let (m, i) = modal(scan, subject.end);
    let (cond, end) = if m.have {
        let (cond, property, end, flipped) = had(scan, subject, i)?;
        if property.is_some() || flipped {
            return None;
        }
        (cond, end)
    } else {
        complement(scan, subject, i, m.only)?
    };
    // A noun of its own begins another sentence: `and orders must …`, `, missing phones`.
    if scan.head(end).is_some()
        || matches!(cond, Cond::Compare(..) | Cond::Belongs(_) | Cond::SumOf { .. }) && i == subject.end
    {
        return None;
    }
    let bad = matches!(
        cond,
        Cond::Missing
            | Cond::Negative
            | Cond::Zero
            | Cond::Duplicated
            | Cond::Future
            | Cond::Past
            | Cond::Invalid
            | Cond::Strays(_)
            | Cond::Older(_)
    );
    // `must not be negative, missing or above 100`.
    let open = or && matches!(cond, Cond::Bounds(ref list) if list.len() == 1);
    let inherits = i == subject.end && before_negated && (bad || open);
    let (mut cond, mut end) = (cond, end);
    if matches!(cond, Cond::Unique)
        && let Some((per, j)) = per(scan, end)
    {
        (cond, end) = (Cond::UniqueIn(per), j);
    }
    // `missing or negative` where neither is forbidden says nothing that can hold.
    (inherits || !bad || m.negated).then_some(Said { cond, negated: m.negated || inherits, property: None, end })
}

/// `in at most 5 %`, `for more than 5 % of the customers`.
fn share(scan: &Scan<'_>, at: usize) -> Option<(&'static str, String, usize)> {
    let i = scan.any(at, &["in", "for", "on", "of", "to"])?;
    let (op, i) = value::operator(scan, i)?;
    let (percent, i) = value::number(scan, i)?;
    let i = scan.any(i, &["%", "percent", "per cent"])?;
    let end = match scan.any(i, &["of"]).and_then(|j| one(scan, j)) {
        Some((_, end)) => end,
        None => scan
            .any(i, &["of cases", "of them", "of all rows", "of rows", "of the rows", "of all cases", "of the cases"])
            .unwrap_or(i),
    };
    Some((op, percent, end))
}

/// So many with are so many without.
pub(super) fn rest(op: &'static str, percent: &str) -> Option<(&'static str, String)> {
    let n: f64 = percent.parse().ok().filter(|n| (0.0..=100.0).contains(n))?;
    let turned = match op {
        ">=" => "<=",
        ">" => "<",
        "<=" => ">=",
        "<" => ">",
        _ => return None,
    };
    let left = format!("{:.4}", 100.0 - n);
    Some((turned, left.trim_end_matches('0').trim_end_matches('.').to_owned()))
}

/// `unique per order`, `unique within each order and day`.
fn per<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<Noun<'a>>, usize)> {
    let mut i = scan.any(
        at,
        &[
            "per",
            "within",
            "for each",
            "for every",
            "within each",
            "within every",
            "in each",
            "inside each",
            "within an",
            "within a",
        ],
    )?;
    let mut out = Vec::new();
    let mut end = at;
    while let Some((noun, j)) = one(scan, i) {
        out.push(noun);
        end = j;
        let Some(next) = scan
            .any(j, &["and"])
            .filter(|n| one(scan, *n).is_some_and(|(_, e)| super::predicate::modal(scan, e).1 == e))
        else {
            break;
        };
        i = next;
    }
    (!out.is_empty()).then_some((out, end))
}

/// What is had: `a valid e-mail address`, `no missing values`, `at least one item`, `two letters`, `a total above zero`.
pub(super) fn had<'a>(
    scan: &Scan<'a>,
    subject: &Subject<'a>,
    at: usize,
) -> Option<(Cond<'a>, Option<Noun<'a>>, usize, bool)> {
    let no = scan.any(at, &["no", "not any"]);
    let i = no.unwrap_or(at);
    let flipped = no.is_some();
    let plain = |cond: Cond<'a>, end: usize| Some((cond, None, end, flipped));
    if let Some(end) =
        scan.any(i, &["missing values", "nulls", "null values", "gaps", "empty values", "missing entries", "blanks"])
    {
        return plain(Cond::Missing, end);
    }
    if let Some(end) = scan
        .any(i, &["duplicates", "duplicate values", "duplicate entries", "duplicate"])
        .filter(|e| scan.head(*e).is_none())
    {
        return plain(Cond::Duplicated, end);
    }
    if let Some(end) = scan
        .any(i, &["a value", "value", "values", "an entry"])
        .filter(|e| scan.any(*e, &["between", "of", "above", "below", "over", "under", "from"]).is_none())
    {
        return plain(Cond::Present, end);
    }
    if let Some((length, end)) = length(scan, i) {
        return plain(Cond::Length(length), end);
    }
    let rows = matches!(subject.nouns[..], [ref noun] if !noun.hits.tables.is_empty());
    if let Some((op, j)) = value::operator(scan, i).or_else(|| {
        scan.any(i, &["exactly", "only", "a", "an", "one or more", "some"])
            .map(|j| (if scan.word(i) == "one" { ">=" } else { "=" }, j))
    }) && rows
    {
        if let Some((n, j)) = value::count(scan, j)
            && let Some(end) = scan.any(j, &["rows", "row", "records", "record", "entries"])
        {
            return plain(Cond::Rows(vec![(op, n)]), end);
        }
        let least = value::count(scan, j).map_or(("=", 1, j), |(n, j)| (op, n, j));
        if matches!(least, (">=", 1, _) | (">", 0, _))
            && let Some((child, end)) = one(scan, least.2).filter(|n| !n.0.hits.tables.is_empty())
        {
            return plain(Cond::Has(child), end);
        }
    }
    if !rows {
        return None;
    }
    // A column of the table that is the subject.
    let (adjective, j) = match adjective(scan, i) {
        Some((cond, j)) => (Some(cond), j),
        None => (None, scan.skip(scan.article(i), &["existing", "known", "real", "matching", "corresponding"])),
    };
    let (noun, end) = one(scan, j)?;
    let own = noun.hits.columns.iter().any(|c| subject.nouns.iter().any(|n| n.hits.tables.contains(&c.table)));
    if !own {
        return (!noun.hits.tables.is_empty() && adjective.is_none()).then_some((
            Cond::Belongs(noun),
            None,
            end,
            flipped,
        ));
    }
    if let Some(cond) = adjective {
        let cond = if matches!(cond, Cond::Valid(None)) { Cond::Valid(named_form(scan, j)) } else { cond };
        return Some((cond, Some(noun), end, flipped));
    }
    let of = Subject::of(noun.clone(), j..end);
    let k = scan.skip(end, &["of", "that is", "which is", "that are", "with a length of"]);
    match complement(scan, &of, k, false) {
        Some((cond, end)) => Some((cond, Some(noun), end, flipped)),
        None => Some((Cond::Present, Some(noun), end, flipped)),
    }
}
