//! Questions back, and the answers to them.
//!
//! A recogniser or the assembly that can't decide builds a [`Question`]. Two ways lead on from an answer:
//! - [`Readings`] carry a reading for each candidate: [`Scan::choose`] gives that of the answer, or the question;
//! - any other question is about words: the candidate takes their place (`saying` says how), or they are left out, and
//!   the requirement is read again.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scan::Scan;
use super::{tokens, words};
use crate::spec::Answer;
use crate::vocabulary::{Diagnostic, Fault, Outcome, nearest};

/// How the candidate begins that leaves words out.
const WITHOUT: &str = "the same requirement without ";
/// Stands for what people say themselves.
const OPEN: char = '…';
/// Most words of a key.
const KEY_WORDS: usize = 4;

/// A question back, with the candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// What it is answered by: `propose REQUIREMENT --answer KEY=VALUE`. The same for the same question.
    pub key: String,
    /// The question in a sentence that names the words it is about.
    pub about: String,
    /// What the answer may be.
    pub candidates: Vec<String>,
    /// What differs in the data, by candidate.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub differs: BTreeMap<String, String>,
    /// The words it is about, as they stand in the requirement; empty if it is about all of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// What takes the place of the words: `{}` is the answer, `{words}` the words.
    #[serde(skip)]
    saying: String,
}

impl Question {
    /// A question about the words that it has between backquotes first.
    pub fn new(about: impl Into<String>) -> Question {
        let about = about.into();
        let words = between_backquotes(&about).unwrap_or_default().to_owned();
        let key = default_key(&words, &about);
        Question { key, words, saying: "{}".into(), about, ..Question::default() }
    }

    /// Names it: short, and the same for the same question.
    pub fn key(mut self, key: impl Into<String>) -> Question {
        self.key = key.into();
        self
    }

    /// The words whose place the answer takes, where they are not the first between backquotes.
    pub fn words(mut self, words: impl Into<String>) -> Question {
        self.words = words.into();
        self
    }

    /// What takes the place of the words: `{}` is the answer, `{words}` the words.
    pub fn saying(mut self, saying: impl Into<String>) -> Question {
        self.saying = saying.into();
        self
    }

    /// A candidate.
    pub fn or(mut self, candidate: impl Into<String>) -> Question {
        self.candidates.push(candidate.into());
        self
    }

    /// A candidate, and what differs in the data: `counts orders without a status too`.
    pub fn or_that(mut self, candidate: impl Into<String>, differs: impl Into<String>) -> Question {
        let candidate = candidate.into();
        self.differs.insert(candidate.clone(), differs.into());
        self.or(candidate)
    }

    /// Several candidates.
    pub fn or_any(mut self, candidates: impl IntoIterator<Item = String>) -> Question {
        self.candidates.extend(candidates);
        self
    }

    /// The candidate that leaves the words out.
    pub fn or_without(self) -> Question {
        let words = format!("{WITHOUT}`{}`", self.words);
        self.or(words)
    }

    /// The candidate that an answer names, by its text or its number from 1.
    fn position(&self, value: &str) -> Option<usize> {
        let value = value.trim();
        let same = |c: &&String| c.trim() == value;
        let alike = |c: &&String| c.trim().eq_ignore_ascii_case(value);
        let text = self.candidates.iter().position(|c| same(&c));
        text.or_else(|| self.candidates.iter().position(|c| alike(&c)))
            .or_else(|| value.parse::<usize>().ok()?.checked_sub(1).filter(|i| *i < self.candidates.len()))
    }

    /// Whether people may say something of their own.
    pub fn is_open(&self) -> bool {
        self.candidates.iter().any(|c| c.contains(OPEN))
    }

    /// The candidate that is meant, or people's own words where those are asked for; none where it is no answer.
    pub fn value(&self, said: &str) -> Option<String> {
        match self.position(said) {
            Some(at) => self.candidates.get(at).cloned(),
            None => Some(said.trim().to_owned()).filter(|said| self.is_open() && !said.is_empty()),
        }
    }

    /// The answer in full.
    pub(super) fn answer(&self, value: &str) -> Option<Answer> {
        let said = self.value(value)?;
        Some(Answer { key: self.key.clone(), question: self.about.clone(), value: said, words: self.words.clone() })
    }
}

/// A question with a reading for each candidate.
#[derive(Clone, Debug)]
pub struct Readings<T> {
    question: Question,
    readings: Vec<T>,
}

impl<T> Readings<T> {
    /// Without candidates yet.
    pub fn new(question: Question) -> Readings<T> {
        Readings { question, readings: Vec::new() }
    }

    /// A candidate and its reading.
    pub fn or(mut self, candidate: impl Into<String>, reading: T) -> Readings<T> {
        self.question = self.question.or(candidate);
        self.readings.push(reading);
        self
    }

    /// A candidate, what differs in the data, and its reading.
    pub fn or_that(mut self, candidate: impl Into<String>, differs: impl Into<String>, reading: T) -> Readings<T> {
        self.question = self.question.or_that(candidate, differs);
        self.readings.push(reading);
        self
    }

    /// Last of all, the candidate that leaves the words out.
    pub fn or_without(mut self) -> Readings<T> {
        self.question = self.question.or_without();
        self
    }

    /// Several candidates with their readings.
    pub fn or_any(self, candidates: impl IntoIterator<Item = (String, T)>) -> Readings<T> {
        candidates.into_iter().fold(self, |all, (candidate, reading)| all.or(candidate, reading))
    }
}

impl Scan<'_> {
    /// The reading that was answered, or the question.
    ///
    /// # Errors
    /// The question, where there is no answer to it.
    pub fn choose<T>(&self, readings: Readings<T>) -> Result<T, Question> {
        let Readings { mut question, mut readings } = readings;
        let given = |q: &Question| self.ground.answers.get(&q.key).and_then(|value| q.position(value));
        let mut at = given(&question);
        // Words that were asked about before, with other candidates: another question.
        let key = question.key.clone();
        let mut n = 2;
        while at.is_none() && self.answers.borrow().iter().any(|a| a.key == question.key) {
            question.key = format!("{key}.{n}");
            at = given(&question);
            n += 1;
        }
        match at.filter(|at| *at < readings.len()) {
            Some(at) => {
                self.used(question.answer(&question.candidates[at]));
                Ok(readings.swap_remove(at))
            }
            None => Err(question),
        }
    }

    fn used(&self, answer: Option<Answer>) {
        let mut used = self.answers.borrow_mut();
        let new = answer.filter(|a| used.iter().all(|u| u.key != a.key));
        used.extend(new);
    }

    /// The first answer to a question about words, as an edit of the text: the bytes, what takes their place, the key.
    ///
    /// # Errors
    /// An answer that does not settle its question.
    pub(super) fn edit(&self, questions: &[Question]) -> Outcome<Option<(Range<usize>, String, String)>> {
        for question in questions {
            let Some(answer) = self.ground.answers.get(&question.key).and_then(|value| question.answer(value)) else {
                continue;
            };
            let again = self.answers.borrow().iter().any(|used| used.key == answer.key);
            let without = answer.value.strip_prefix(WITHOUT).map(|words| words.trim_matches('`'));
            let (at, said) = match without {
                Some(words) => match self.find(words) {
                    // The space before goes with the words.
                    Some(at) => (at.start - usize::from(self.text[..at.start].ends_with(' '))..at.end, String::new()),
                    None => return Err(unsettled(&answer)),
                },
                None if again => return Err(unsettled(&answer)),
                None => {
                    let said = question.saying.replace("{words}", &question.words).replace("{}", &answer.value);
                    (self.find(&question.words).unwrap_or(self.text.len()..self.text.len()), said)
                }
            };
            let key = answer.key.clone();
            self.used(Some(answer));
            return Ok(Some((at, said, key)));
        }
        Ok(None)
    }

    /// The bytes of words that stand in the text, whole tokens.
    pub fn find(&self, words: &str) -> Option<Range<usize>> {
        let whole = |at: &Range<usize>| {
            self.tokens.iter().any(|t| t.span.start == at.start) && self.tokens.iter().any(|t| t.span.end == at.end)
        };
        let all = self.text.match_indices(words).filter(|_| !words.is_empty());
        all.map(|(at, _)| at..at + words.len()).find(whole)
    }
}

/// Checks that every answer was one to a question: `asked` are those still open.
pub(super) fn all_used(given: &BTreeMap<String, String>, asked: &[Question], used: &[Answer]) -> Outcome<()> {
    let mut faults = Vec::new();
    for (key, value) in given {
        if used.iter().any(|a| a.key == *key) {
            continue;
        }
        let fault = match asked.iter().find(|q| q.key == *key) {
            Some(question) => {
                let near = nearest(value, question.candidates.iter().map(String::as_str));
                let next = near.first().copied().or(question.candidates.first().map(String::as_str));
                Diagnostic::error("unknown-answer", format!("`{value}` is no answer to `{key}`"))
                    .why(format!("{} It is one of: {}", question.about, question.candidates.join(" | ")))
                    .next(format!("--answer '{key}={}'", next.unwrap_or_default()))
            }
            None => {
                let keys: Vec<&str> =
                    asked.iter().map(|q| q.key.as_str()).chain(used.iter().map(|a| a.key.as_str())).collect();
                let fault = Diagnostic::error("unknown-question", format!("no question is called `{key}`"));
                match (nearest(key, keys.iter().copied()).first(), &keys[..]) {
                    (Some(near), _) => fault.next(format!("--answer '{near}={value}'")),
                    (None, []) => fault.why("the requirement is understood without a question").next("leave it out"),
                    (None, keys) => fault.why(format!("the questions are: {}", keys.join(", "))),
                }
            }
        };
        faults.push(fault);
    }
    Fault::unless_empty(faults)
}

fn unsettled(answer: &Answer) -> Fault {
    Diagnostic::error("unsettled", format!("`{}` does not settle `{}`", answer.value, answer.key))
        .why(answer.question.clone())
        .next("say the requirement in other words")
        .fault()
}

fn between_backquotes(text: &str) -> Option<&str> {
    text.split('`').nth(1).filter(|words| !words.is_empty())
}

/// The words in short, and the kind of thing that is asked for.
fn default_key(words: &str, about: &str) -> String {
    let content = |text: &str| {
        let all = tokens::tokens(text);
        let parts = all.iter().filter(|t| t.kind != tokens::Kind::Mark && !t.lower.is_empty());
        let parts: Vec<String> = parts.map(|t| t.lower.clone()).collect();
        let said: Vec<String> = parts.iter().filter(|p| !words::ARTICLES.contains(&p.as_str())).cloned().collect();
        let kept: Vec<String> = if said.is_empty() { parts } else { said };
        let snake = kept.join("_").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>();
        snake.split('_').filter(|p| !p.is_empty()).take(KEY_WORDS).collect::<Vec<_>>().join("_")
    };
    let rest = about.rsplit('`').next().unwrap_or_default().to_lowercase();
    let asked = |kind: &str| rest.contains(&format!("which {kind}")) || rest.contains(&format!("several {kind}s"));
    let asks = ["table", "column", "key", "grain", "database"].into_iter().find(|kind| asked(kind));
    match (content(words), asks) {
        (words, Some(kind)) if !words.is_empty() => format!("{words}.{kind}"),
        (words, None) if !words.is_empty() => words,
        (_, Some(kind)) => kind.to_owned(),
        (_, None) => content(about),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_say_what_is_asked() {
        let key = |about: &str| Question::new(about).key;
        assert_eq!(key("`loyal` is not understood, and it could change the data. What is meant?"), "loyal");
        assert_eq!(key("`revenue`: several columns could be meant. Which one is it?"), "revenue.column");
        assert_eq!(key("`the last few days of it all`: how many days?"), "last_few_days_of");
        assert_eq!(key("Which table is to be loaded?"), "table");
        assert_eq!(key("`日本`?"), key("`日本`?"));
        assert!(!key("`🚲`").contains('🚲'));
    }

    #[test]
    fn an_answer_is_a_text_or_a_number() {
        let question = Question::new("`x`: which?").or("orders").or("10").or_without();
        assert_eq!(question.position("Orders"), Some(0));
        assert_eq!(question.position(" 1 "), Some(0));
        assert_eq!(question.position("10"), Some(1));
        assert_eq!(question.position("3"), Some(2));
        for wrong in ["", "0", "4", "-1", "order", "99999999999999999999999"] {
            assert_eq!(question.position(wrong), None, "{wrong}");
        }
        assert!(question.answer("anything").is_none());
        assert_eq!(Question::new("`m`: how?").or("m is … minus …").answer("a minus b").unwrap().value, "a minus b");
    }
}
