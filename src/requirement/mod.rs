//! A requirement in plain words becomes an intent: a typed spec, or questions. Never a guess.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Name};
use crate::workspace::Platform;

/// What a requirement came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// It was understood.
    Understood(Box<Understood>),
    /// It could not be, or could mean two things that differ in the data.
    Questions(Vec<Question>),
}

/// A requirement that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Understood {
    /// The spec that it became.
    pub spec: Spec,
    /// Production connections that it names and `pipewright.yml` lacks.
    pub platform: Vec<Platform>,
    /// Models that people asked for, by name: not the staging on the way to them.
    pub deliverables: Vec<Name>,
    /// Words that became nothing, and other things to say.
    pub findings: Vec<Diagnostic>,
}

/// A question back, with the candidates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// The question in a sentence that names the words it is about.
    pub about: String,
    /// What the answer may be.
    pub candidates: Vec<String>,
}
