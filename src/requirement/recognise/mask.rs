//! Hiding in words: `with e-mails and names masked`, `hide the salaries from everybody but hr`, `anonymise patients`.

use crate::requirement::piece::{How, Kind, Masking, Piece, Target};
use crate::requirement::scan::Scan;
use crate::requirement::{tokens, words};

/// Verbs and participles, with what they do.
#[rustfmt::skip]
const HOW: &[(How, &[&str], &[&str])] = &[
    (How::Mask, &["mask", "masks", "masking", "redacts", "conceals", "obfuscate", "redact", "blank out", "conceal", "scramble", "mask out", "protect"], &["masked", "obfuscated", "redacted", "blanked out", "concealed", "scrambled", "reduced to initials", "reduced to the initial", "reduced to their initials", "shortened to initials", "as initials", "only as initials", "partly masked", "partially masked", "masked partly", "masked partially", "masked out", "starred out", "protected"]),
    (How::Hide, &["hide", "hides", "hiding", "suppress", "suppresses"], &["hidden", "suppressed", "not shown", "left out for privacy"]),
    (How::Hash, &["pseudonymises", "pseudonymizes", "hashes", "pseudonymise", "pseudonymize", "hash", "tokenise", "tokenize"], &["pseudonymised", "pseudonymized", "hashed", "tokenised", "tokenized", "replaced by a hash", "replaced by hashes", "replaced with a hash"]),
    (How::Anonymise, &["anonymises", "anonymizes", "anonymise", "anonymize", "de-identify", "deidentify"], &["anonymised", "anonymized", "de-identified", "deidentified"]),
    (How::Year, &[], &[
        "cut to the year", "cut to year", "truncated to the year", "reduced to the year", "rounded to the year", "shortened to the year", "as year only", "year only", "only the year", "shown as year", "generalised to the year", "generalized to the year",
        "coarsened to the year", "cut down to the year", "limited to the year", "only as a year", "replaced by the year",
    ]),
    (How::LastFour, &[], &["cut to the last four", "cut to the last four digits", "shown by their last four digits", "reduced to the last four digits", "with only the last four digits", "last four digits only"]),
];
/// Kinds of personal data, as contracts tag them.
#[rustfmt::skip]
const KINDS: &[(&str, &[&str])] = &[
    ("email", &["email", "emails", "e-mail", "e-mails", "email address", "email addresses", "e-mail address", "e-mail addresses"]),
    ("phone", &["phone", "phones", "phone number", "phone numbers", "telephone number", "telephone numbers", "mobile numbers", "mobile number"]),
    ("name", &["name", "names", "first and last name", "first and last names", "full name", "full names", "person names"]),
    ("address", &["address", "addresses", "postal address", "postal addresses", "home address", "home addresses"]),
    ("birth_date", &["birth date", "birth dates", "date of birth", "dates of birth", "birthday", "birthdays", "birthdate", "birthdates"]),
    ("", &["personal data", "personal information", "pii", "sensitive data", "private data", "personal details", "contact data", "contact details", "personal columns", "all personal data"]),
];
/// Groups of people that read.
#[rustfmt::skip]
const READERS: &[&str] = &[
    "analysts", "analyst", "researchers", "support", "marketing", "finance", "hr", "auditors", "partners", "interns", "contractors", "scientists", "data scientists", "analytics", "managers", "developers", "everyone",
    "customer service", "sales", "operations", "students", "teachers", "doctors", "nurses", "engineers", "librarians", "accounting", "payroll", "planners", "trainers", "drivers", "controllers", "agencies", "vendors", "suppliers",
];

/// Reads what is hidden, and from whom.
pub fn read<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    masked(scan, at, before)
        .or_else(|| only_for(scan, at))
        .or_else(|| wanted_by(scan, at, before))
        .or_else(|| readers(scan, at, before))
}

fn masked<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let start = scan
        .any(
            at,
            &[
                "and", ",", ", and", "with", "where", "but with", "also", "please", "show", "but", "that", "which",
                "so as to",
            ],
        )
        .unwrap_or(at);
    let take = |how: How, what: Vec<Target<'a>>, end: usize| {
        Some(Piece { tokens: at..end, kind: Kind::Mask(Masking { how, what }) })
    };
    // `a masked view`, `anonymised copies`: everything personal.
    for (how, verbs, participles) in HOW {
        if let Some(i) = scan.any(scan.article(start), participles)
            && scan
                .any(
                    i,
                    &["view", "views", "copy", "copies", "version", "table", "dataset", "data set", "extract", "form"],
                )
                .is_some()
        {
            return take(*how, vec![Target::Personal], i);
        }
        let verb = scan.any(start, verbs).or_else(|| scan.any(scan.article(start), participles));
        if let Some(i) = verb {
            let (what, end) = list(scan, i)?;
            let end = scan
                .any(
                    end,
                    &[
                        "with a stable hash",
                        "by a stable hash",
                        "( stable hash )",
                        "with a hash",
                        "by a hash",
                        "( hash )",
                        "( hashed )",
                        "with hashes",
                        "stably",
                        "consistently",
                        "partly",
                        "partially",
                        "in part",
                    ],
                )
                .unwrap_or(end);
            let year = scan.any(end, &["to the year", "to year"]);
            return take(if year.is_some() { How::Year } else { *how }, what, year.unwrap_or(end));
        }
    }
    if let Some((what, i)) = scan
        .any(start, &["cut", "truncate", "reduce", "shorten", "generalise", "generalize", "coarsen"])
        .and_then(|i| list(scan, i))
        && let Some(end) = scan.any(i, &["to the year", "to year", "to years"])
    {
        return take(How::Year, what, end);
    }
    if let Some((what, end)) =
        scan.any(start, &["only the last four digits of", "the last four digits of"]).and_then(|i| list(scan, i))
    {
        return take(How::LastFour, what, end);
    }
    // `a version without personal data`: none of it is left.
    if let Some(end) = scan
        .any(at, &["without", "without any", "free of", "free of any", "stripped of", "with no", "excluding"])
        .and_then(|i| {
            scan.any(i, &["personal data", "personal information", "pii", "sensitive data", "personal details"])
        })
    {
        return take(How::Hide, vec![Target::Personal], end);
    }
    if allowed(before)
        && let Some((what, end)) = list(scan, at)
    {
        return take(How::Hide, what, end);
    }
    let (what, i) = list(scan, start)?;
    let i = scan.skip(i, &["are", "is", "being", "should be", "must be", "all", "shall be", "to be"]);
    let found =
        HOW.iter().filter_map(|(how, _, participles)| Some((scan.any(i, participles)?, *how))).max_by_key(|f| f.0);
    found.and_then(|(end, how)| take(how, what, end))
}

/// Columns, kinds of personal data, or a table, joined by commas and `and`.
fn list<'a>(scan: &Scan<'a>, at: usize) -> Option<(Vec<Target<'a>>, usize)> {
    let mut out = Vec::new();
    let mut end = at;
    let mut i = at;
    loop {
        i = scan.skip(scan.article(i), &["all", "every", "each", "any", "their", "its"]);
        let kind = KINDS.iter().filter_map(|(kind, words)| Some((scan.any(i, words)?, *kind))).max_by_key(|k| k.0);
        let noun = scan.head(i).filter(|n| !n.0.hits.columns.is_empty() || !n.0.hits.tables.is_empty());
        match (kind, noun) {
            (Some((j, kind)), noun) if noun.as_ref().is_none_or(|n| n.1 <= j) => {
                out.push(if kind.is_empty() { Target::Personal } else { Target::Kind(kind, noun.map(|n| n.0)) });
                end = j;
            }
            (_, Some((mut noun, j))) => {
                // `salary` is the column where there is one, even where there are `salaries` too.
                if noun.hits.columns.iter().any(|c| c.column.references.is_none() && c.column.primary_key.is_none()) {
                    noun.hits.tables.clear();
                }
                out.push(Target::Noun(noun));
                end = j;
            }
            _ => break,
        }
        // `names of patients`
        if let Some((noun, j)) =
            scan.any(end, &["of", "in", "from"]).and_then(|j| scan.head(j)).filter(|n| !n.0.hits.tables.is_empty())
        {
            out.push(Target::Of(noun));
            end = j;
        }
        let Some(next) = scan.any(end, &[", and", ",", "and", "as well as", "&"]) else { break };
        i = next;
    }
    (!out.is_empty()).then_some((out, end))
}

/// Whether what follows is seen by some alone: `only finance may see …`.
fn allowed(before: &[Piece<'_>]) -> bool {
    matches!(before.last(), Some(Piece { tokens, kind: Kind::Readers { except: true, .. } }) if tokens.len() > 3)
        && before.iter().all(|p| !matches!(p.kind, Kind::Mask(_)))
}

/// `only finance may see …`: hidden from all others.
fn only_for<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let start = scan.article(scan.any(at, &["only", "nobody but", "no one but", "nobody except"])?);
    let end = scan.any(start, READERS)?;
    let after = scan.any(end, &["team", "department", "people", "staff"]).unwrap_or(end);
    let sees = scan.any(
        after,
        &[
            "may see",
            "can see",
            "should see",
            "is allowed to see",
            "are allowed to see",
            "may read",
            "can read",
            "must see",
        ],
    )?;
    // What is named next is a column; `only doctors may see patients` says who reads a table.
    let (what, _) = list(scan, sees)?;
    let column = |t: &Target<'_>| !matches!(t, Target::Noun(n) if !n.hits.tables.is_empty());
    what.first().is_some_and(column).then(|| Piece {
        tokens: at..sees,
        kind: Kind::Readers { name: scan.words(&(start..end)).to_lowercase(), except: true },
    })
}

/// Whether something is to be hidden anywhere in the requirement.
fn hides(scan: &Scan<'_>) -> bool {
    let said = |i: usize| HOW.iter().any(|(_, verbs, ends)| scan.any(i, verbs).or(scan.any(i, ends)).is_some());
    (0..scan.tokens.len()).any(said)
}

/// `The research team needs …`, `Support partners get …`: who reads what is hidden in part, and else nothing.
fn wanted_by<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    const WANTS: &[&str] = &[
        "need",
        "needs",
        "get",
        "gets",
        "want",
        "wants",
        "should get",
        "should see",
        "may see",
        "can see",
        "would like",
        "wants to see",
        "want to see",
        "need to see",
        "needs to see",
        "may only see",
        "should only see",
        "must only see",
        "can only see",
        "only get",
        "only gets",
        "should only get",
        "ask for",
        "asks for",
        "would like to have",
    ];
    let starts = before.iter().all(|p| matches!(p.kind, Kind::Filler)) || scan.tokens[at - 1].ends_clause();
    let start = scan.article(scan.any(at, &["only"]).unwrap_or(at));
    let word = |i: usize| scan.tokens.get(i).is_some_and(|t| t.kind == tokens::Kind::Word);
    let end = (start..start + 5).find(|i| !word(*i) || scan.any(*i, WANTS).is_some())?;
    let after = scan.any(end, WANTS)?;
    let plain = (start..end).all(|i| {
        !matches!(
            scan.word(i),
            "each" | "every" | "no" | "not" | "that" | "who" | "which" | "we" | "i" | "you" | "they"
        )
    });
    if !starts || !plain || end == start {
        return None;
    }
    // `every order needs a customer` and `orders get cancelled` are no wishes.
    let given = scan.article(after) > after
        || scan.hits(after).is_some()
        || scan.any(after, words::ARTIFACTS).is_some()
        || scan.any(after, &["to", "only", "every", "each", "access", "one"]).is_some();
    let name = scan.words(&(start..end)).to_lowercase();
    let last = scan.word(end - 1);
    let people = scan.any(start, READERS) == Some(end)
        || ["team", "department", "people", "staff", "group", "unit", "desk", "office", "board"].contains(&last)
        || scan.hits(start).is_none() && (last.ends_with('s') || scan.words(&(start..end)) == name.to_uppercase())
        || hides(scan);
    let name = name.strip_suffix(" team").or(name.strip_suffix(" department")).unwrap_or(&name).to_owned();
    let kind = if hides(scan) { Kind::Readers { name, except: false } } else { Kind::Build };
    (given && people).then_some(Piece { tokens: at..after, kind })
}

/// `for analysts`, `give the researchers`, `from everybody but hr`, `only hr may see them`.
fn readers<'a>(scan: &Scan<'a>, at: usize, before: &[Piece<'a>]) -> Option<Piece<'a>> {
    let who = |i: usize| {
        let i = scan.article(i);
        let end = scan.any(i, READERS)?;
        // `sales` may be what it is about.
        let plain = scan.any(end, &["team", "department", "people", "staff"]);
        let named = scan.hits(i).is_some() && plain.is_none();
        (!named).then(|| (scan.words(&(i..end)).to_lowercase(), plain.unwrap_or(end)))
    };
    let except = scan.any(
        at,
        &[
            "from everybody but",
            "from everyone but",
            "from everybody except",
            "from everyone except",
            "from all but",
            "from anyone but",
            "except for",
            "from everyone except for",
            "from everybody except for",
            "from anybody but",
            "from everyone outside",
            "from everybody outside",
            "except from",
            "from all except",
            "from anyone except",
            "for everybody but",
            "for everyone but",
            "for everyone except",
            "for everybody except",
            "to everyone but",
            "to everyone except",
        ],
    );
    let hides = before.iter().any(|p| matches!(p.kind, Kind::Mask(_)));
    if let Some(i) = except.filter(|_| hides) {
        // Here no table can be meant, even where one is called like people.
        let i = scan.article(i);
        let end = scan.any(i, READERS)?;
        let name = scan.words(&(i..end)).to_lowercase();
        let end = scan.any(end, &["team", "department", "people", "staff"]).unwrap_or(end);
        return Some(Piece { tokens: at..end, kind: Kind::Readers { name, except: true } });
    }
    let gives = before.last().is_some_and(|p| {
        matches!(p.kind, Kind::Build)
            && p.tokens.end == at
            && matches!(scan.word(p.tokens.start), "give" | "show" | "provide" | "send")
    });
    let led = scan.any(
        at,
        &[
            "for",
            "for use by",
            "readable by",
            "readable for",
            "visible to",
            "shared with",
            "that is read by",
            "so that",
            "to be read by",
        ],
    );
    let (name, end) = who(led.or(gives.then_some(at))?)?;
    // `for sales per day` goes on.
    let ends = scan.tokens.get(end).is_none_or(|t| {
        t.kind == tokens::Kind::Mark
            || ["a", "an", "the", "with", "where", "and", "can", "may", "only", "but", "access"]
                .contains(&t.lower.as_str())
    });
    ends.then_some(Piece {
        tokens: at..scan.any(end, &["can read", "may read", "can see", "may see", "only", "access to"]).unwrap_or(end),
        kind: Kind::Readers { name, except: false },
    })
}
