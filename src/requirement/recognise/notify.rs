//! Who answers for it, who is told, how often it is tried again.

use crate::requirement::piece::{Kind, Piece};
use crate::requirement::scan::Scan;
use crate::requirement::tokens;

#[rustfmt::skip]
const TELL: &[&str] = &[
    "tell", "alert", "notify", "ping", "message", "warn", "inform", "post to", "post in", "post", "send an alert to", "send alerts to", "alerts to",
    "alert to", "send a message to", "send notifications to", "send a notification to", "report to", "write to", "let", "page", "with alerts to", "notify us in", "notify us on", "failures go to",
];
#[rustfmt::skip]
const WHEN: &[&str] = &[
    "when it fails", "if it fails", "on failure", "on failures", "if anything fails", "when anything fails", "if something fails", "when something fails", "if it breaks", "when it breaks",
    "if anything breaks", "if something breaks", "when the run fails", "if the run fails", "when a run fails", "if a run fails", "when the pipeline fails", "if the pipeline fails", "when the job fails",
    "if the job fails", "when that fails", "if that fails", "on error", "on errors", "when it doesn't work", "if anything goes wrong", "if something goes wrong", "when something goes wrong", "if it goes wrong", "of failures", "about failures", "know", "when this fails", "if this fails", "whenever it fails", "in case of failure", "in case it fails", "should it fail", "when a task fails", "if a task fails", "upon failure",
];

/// Reads retries, alerts and owners.
pub fn read<'a>(scan: &Scan<'a>, at: usize, _: &[Piece<'a>]) -> Option<Piece<'a>> {
    retries(scan, at).or_else(|| alert(scan, at)).or_else(|| owner(scan, at))
}

fn retries<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    // `on failure retry 3 times`
    let whole = at;
    let at = scan.any(at, WHEN).map_or(at, |i| scan.skip(i, &[","]));
    let start = scan.any(at, &["with up to", "with", "and"]).unwrap_or(at);
    let counted = count(scan, start)
        .and_then(|(n, i)| Some((n, scan.any(i, &["retries", "retry", "retry attempts", "more attempts"])?)));
    let (n, end) = match counted {
        Some(found) => found,
        None => {
            let i = scan.any(
                at,
                &[
                    "retry",
                    "retries",
                    "retry it",
                    "retry failed tasks",
                    "try again",
                    "try it again",
                    "retrying",
                    "retried",
                ],
            )?;
            let i = scan.any(i, &["up to", "at most", ":", "on failure", "failures"]).unwrap_or(i);
            let (n, i) = count(scan, i)?;
            (n, scan.any(i, &["times", "time", "times on failure"]).unwrap_or(i))
        }
    };
    Some(Piece { tokens: whole..scan.any(end, WHEN).unwrap_or(end), kind: Kind::Retries(n) })
}

fn count(scan: &Scan<'_>, at: usize) -> Option<(u8, usize)> {
    let words = [
        ("once", 1),
        ("one", 1),
        ("twice", 2),
        ("two", 2),
        ("thrice", 3),
        ("three", 3),
        ("four", 4),
        ("five", 5),
        ("no", 0),
    ];
    let word = scan.word(at);
    let n = words.iter().find(|w| w.0 == word).map(|w| w.1).or_else(|| word.parse().ok().filter(|n| *n <= 20))?;
    Some((n, at + 1))
}

fn alert<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let before = scan.any(at, WHEN);
    let verb = scan.any(scan.skip(before.unwrap_or(at), &[",", "then", "please"]), TELL)?;
    let channel = (verb..scan.clause_end(verb).min(verb + 7)).find(|i| scan.tokens[*i].kind == tokens::Kind::Channel);
    let Some(channel) = channel else {
        // `tell people-ops if it fails`: a channel, though nobody wrote its mark.
        let name = scan.tokens.get(scan.article(verb)).filter(|t| {
            t.kind == tokens::Kind::Word
                && t.lower.contains('-')
                && !t.lower.contains('.')
                && !matches!(t.lower.as_str(), "on-call")
        });
        if let Some((name, when)) = name.and_then(|n| Some((n, scan.any(scan.article(verb) + 1, WHEN)?))) {
            let channel = format!("#{}", name.lower);
            return Some(Piece { tokens: at..when, kind: Kind::Slack(Some(channel)) });
        }
        // `tell us when it fails`
        let who = scan.skip(
            scan.article(verb),
            &[
                "me",
                "us",
                "someone",
                "somebody",
                "team",
                "data team",
                "on slack",
                "in slack",
                "slack",
                "on-call",
                "people",
            ],
        );
        let when = scan.any(who, WHEN).or((scan.word(who).is_empty()
            && (before.is_some() || who >= scan.tokens.len() || scan.tokens[who].ends_clause()))
        .then_some(who))?;
        return Some(Piece { tokens: at..when, kind: Kind::Slack(None) });
    };
    let end = scan.skip(
        channel + 1,
        &["on slack", "in slack", "via slack", "slack channel", "channel", "by slack", "through slack"],
    );
    let end = scan.any(end, WHEN).unwrap_or(end);
    Some(Piece { tokens: at..end, kind: Kind::Slack(Some(scan.tokens[channel].text.clone())) })
}

fn owner<'a>(scan: &Scan<'a>, at: usize) -> Option<Piece<'a>> {
    let i = scan.any(
        at,
        &[
            "owner is",
            "the owner is",
            "owner",
            "owner :",
            "owned by",
            "is owned by",
            "the owner should be",
            "owner should be",
            "set the owner to",
        ],
    )?;
    let mut i = scan.any(i, &["the", ":"]).unwrap_or(i);
    let prefix = scan
        .any(i, &["team"])
        .filter(|j| scan.tokens.get(*j).is_some_and(|t| t.kind == tokens::Kind::Word && !scan.word(*j).is_empty()));
    let name = match prefix {
        Some(j) if !matches!(scan.word(j), "and" | "with") => {
            i = j;
            format!("team-{}", scan.word(j))
        }
        _ => scan.tokens.get(i).filter(|t| matches!(t.kind, tokens::Kind::Word | tokens::Kind::Quoted))?.text.clone(),
    };
    let mut end = i + 1;
    let mut name = name;
    if scan.word(end) == "team" {
        name = format!("{name}-team");
        end += 1;
    }
    Some(Piece { tokens: at..end, kind: Kind::Owner(name) })
}
