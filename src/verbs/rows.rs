//! The table of a requirement: words, where they went, what proves it.

use serde::Serialize;

use crate::publish::Proofs;
use crate::requirement::{Fate, Heard};
use crate::spec::{Answer, Spec};

/// Words, where they went, what proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceRow {
    /// The words as written.
    pub words: String,
    /// Paths into the spec.
    pub became: Vec<String>,
    /// Names of tests.
    pub proved_by: Vec<String>,
    /// What became of them.
    pub outcome: Became,
    /// Answers that they were read with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// Keys of the questions about them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<String>,
}

/// What became of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// A part of the spec.
    Spec,
    /// They were left out on an answer.
    LeftOut,
    /// A question.
    Question,
    /// They are read, but what of depends on a question.
    Waiting,
    /// A warning: nothing.
    NotUnderstood,
}

/// The trace of a spec with what proves each part of it.
pub(super) fn of_spec(spec: &Spec, proofs: &Proofs) -> Vec<TraceRow> {
    let rows = spec.trace.iter().map(|t| {
        let mut proved_by: Vec<String> = t.became.iter().flat_map(|path| proofs.of_path(path)).collect();
        proved_by.sort();
        proved_by.dedup();
        let answers: Vec<Answer> = spec.answers.iter().filter(|a| t.answers.contains(&a.key)).cloned().collect();
        let outcome = match (t.became.is_empty(), answers.is_empty()) {
            (false, _) => Became::Spec,
            (true, false) => Became::LeftOut,
            (true, true) => Became::NotUnderstood,
        };
        TraceRow {
            words: t.words.clone(),
            became: t.became.clone(),
            proved_by,
            outcome,
            answers,
            questions: Vec::new(),
        }
    });
    rows.collect()
}

/// A requirement that has questions.
pub(super) fn of_questions(heard: Vec<Heard>) -> Vec<TraceRow> {
    let rows = heard.into_iter().map(|heard| {
        let (outcome, questions) = match heard.fate {
            Fate::Asked(keys) => (Became::Question, keys),
            Fate::Read => (Became::Waiting, Vec::new()),
            Fate::Unknown => (Became::NotUnderstood, Vec::new()),
        };
        let (became, proved_by, answers) = (Vec::new(), Vec::new(), Vec::new());
        TraceRow { words: heard.words, became, proved_by, outcome, answers, questions }
    });
    rows.collect()
}
