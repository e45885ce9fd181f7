//! What a program answered becomes proposals: checked as everything from outside is, and held to what was asked.

use serde_json::{Value, json};

use super::Ask;
use crate::proposal::{Proposal, outside};
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};

/// Reads an answer; `file` is where it comes from, for places. Who made it, and for which task, is known here, whatever the answer says of it.
///
/// # Errors
/// No JSON or half of it, a document of another form, kinds that were not asked for: all of them at once.
pub fn read(ask: &Ask<'_>, file: &str, text: &str) -> Outcome<Vec<Proposal>> {
    let name = &ask.agent.name;
    if text.trim().is_empty() {
        return Err(Diagnostic::error("agent-silent", format!("`{name}` answered nothing"))
            .at(Place::file(file))
            .next("write {\"proposals\": […]} to standard output; an empty list where there is nothing to propose")
            .fault());
    }
    let mut value: Value = outside::json(file, text)?;
    let pipeline = &ask.task.spec.name;
    let Some(proposals) = value.get_mut("proposals").and_then(Value::as_array_mut) else {
        return Err(Diagnostic::error("agent-answer", format!("the answer of `{name}` holds no `proposals`"))
            .at(Place::file(file))
            .next("{\"proposals\": […]}: see `pipewright schema answer`")
            .fault());
    };
    for proposal in proposals.iter_mut().filter_map(Value::as_object_mut) {
        proposal.insert("by".into(), json!(name));
        proposal.insert("task".into(), json!(ask.task.task));
        if !proposal.contains_key("because") {
            proposal.insert("because".into(), json!({ "spec": pipeline }));
        }
    }
    if proposals.is_empty() {
        return Ok(Vec::new());
    }
    let proposals = outside::typed(file, &value)?.proposals;
    let kinds: Vec<&str> = ask.task.gives.iter().map(|k| k.as_str()).collect();
    let strangers = proposals.iter().enumerate().filter(|(_, p)| !ask.task.gives.contains(&p.artifact.kind()));
    let fault = |(i, proposal): (usize, &Proposal)| {
        let kind = proposal.artifact.kind().as_str();
        Diagnostic::error("agent-kind", format!("`{name}` was not asked for a `{kind}`"))
            .at(Place::path(file, format!("proposals[{i}].artifact.kind")))
            .next(format!("it was asked for {}", kinds.join(", ")))
    };
    Fault::unless_empty(strangers.map(fault).collect())?;
    Ok(proposals)
}
