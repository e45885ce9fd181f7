//! What agents said to each other: messages with a sender, a recipient and the message that each answers. A change's
//! messages stand in its event of the ledger, one for each task and agent, however many artifacts the task was about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Dataset, Job};

/// One thing that one agent said to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `<conversation>/3`: unique in the workspace.
    pub id: String,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// Who says it: a role, an agent of one's own, `gate`, or a person, `Name <email>`.
    pub from: String,
    /// To whom.
    pub to: String,
    /// What kind of message.
    pub says: Says,
    /// The task that it is about, `<pipeline>/<role>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// In a word, what it comes to: `asked`, `proposed`, `nothing`, `proven`, `refused`, `approved`, `waits`, …
    pub result: String,
    /// More in a line: the requirement, the codes of faults, who approved.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// How many artifacts of each kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, usize>,
    /// The first of them by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The job that the task belongs to, in OpenLineage's manner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// What the task reads, the first of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Dataset>,
}

/// Kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    /// A person, or a program outside, wants something.
    Request,
    /// An agent is asked to do a task.
    Task,
    /// An agent's answer to a task.
    Proposals,
    /// What a gate says: the proofs that proposals must pass, or a person's approval.
    Verdict,
    /// Something has to be answered first.
    Question,
    /// What became of the request.
    Answer,
}

/// Most names that a message holds: the ledger of a change of 1,000 tables stays as small as that of one.
pub const MOST_NAMES: usize = 8;

/// Messages of one conversation, numbered as they are said.
#[derive(Clone, Debug)]
pub struct Conversation {
    name: String,
    messages: Vec<Message>,
}

impl Conversation {
    /// A conversation of that name.
    pub fn new(name: &str) -> Conversation {
        Conversation { name: name.to_owned(), messages: Vec::new() }
    }

    /// Says something; gives the id that an answer names.
    pub fn say(&mut self, answers: Option<&str>, from: &str, to: &str, says: Says, result: &str) -> String {
        let id = format!("{}/{}", self.name, self.messages.len() + 1);
        self.messages.push(Message {
            id: id.clone(),
            answers: answers.map(str::to_owned),
            from: from.to_owned(),
            to: to.to_owned(),
            says,
            task: None,
            result: result.to_owned(),
            text: String::new(),
            artifacts: BTreeMap::new(),
            names: Vec::new(),
            job: None,
            inputs: Vec::new(),
        });
        id
    }

    /// Adds to what was said last.
    pub fn with(&mut self, add: impl FnOnce(&mut Message)) {
        if let Some(last) = self.messages.last_mut() {
            add(last);
            last.names.truncate(MOST_NAMES);
            last.inputs.truncate(MOST_NAMES);
        }
    }

    /// All that was said.
    pub fn close(self) -> Vec<Message> {
        self.messages
    }
}
