//! Agents of one's own: programs that `pipewright.yml` names, and what they say that they can do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::{ArtifactKind, Dialect, Name, Role};

/// A program that is given tasks on its standard input and answers with proposals. It is asked instead of the rules for
/// all that it says it can do, and is shown what the rules would propose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnAgent {
    /// What it is called in plans, proposals and the log.
    pub name: Name,
    /// The program and its arguments, without a shell. A path with a `/` is relative to the workspace.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Roles that it takes; those of `does` if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// Kinds of artifacts that it proposes; all of its roles if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub does: Vec<ArtifactKind>,
    /// Kinds of sources that it knows; any if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Dialect>,
    /// Kinds of targets that it writes for; any if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dialects: Vec<Dialect>,
    /// How long one answer may take.
    #[serde(default = "usual_time", skip_serializing_if = "is_usual_time")]
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: u64,
    /// How large one answer may be, in KiB.
    #[serde(default = "usual_output", skip_serializing_if = "is_usual_output")]
    #[schemars(range(min = 1, max = 65536))]
    pub output_kib: u64,
    /// Names of the environment variables that it sees; `PATH` aside, it sees no other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
}

fn usual_time() -> u64 {
    60
}

fn is_usual_time(seconds: &u64) -> bool {
    *seconds == usual_time()
}

fn usual_output() -> u64 {
    4096
}

fn is_usual_output(kib: &u64) -> bool {
    *kib == usual_output()
}
