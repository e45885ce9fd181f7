//! Proposals from outside become what is wanted.

use super::{Wanted, delivered};
use crate::proposal::outside;
use crate::proposal::outside::forms::{Handed, OUTSIDE, Taken};
use crate::proposal::outside::origin::Origin;
use crate::proposal::{Artifact, Layer, Proposal};
use crate::verbs::Session;
use crate::verbs::origins::Origins;
use crate::vocabulary::{Diagnostic, Name, Outcome, Place};
use crate::workspace::{Platform, paths};

/// Proposals from outside: specs and platforms are documents, everything else is kept as it was handed in.
pub(super) fn sort_out(handed: &[Handed], taken: Taken, session: &Session) -> Outcome<Wanted> {
    let texts = handed.iter().map(|h| (h.file.clone(), h.text.clone())).collect();
    let mut origins = Origins { texts, ..Origins::default() };
    let (mut specs, mut platform, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (proposal, origin) in taken.proposals.into_iter().zip(taken.origins) {
        match proposal.artifact {
            Artifact::PipelineSpec(spec) => {
                origins.specs.insert(spec.name.clone(), origin);
                specs.push(spec);
            }
            Artifact::Platform(p) => {
                unknown_source(&p, &origin, session)?;
                origins.platforms.push(origin);
                platform.push(p);
            }
            _ => rest.push((proposal, origin)),
        }
    }
    let named = |(p, _): &(Proposal, _)| match &p.artifact {
        Artifact::DbtModel(m) => Some(m.name.clone()),
        Artifact::DagChange(d) => Some(d.name.clone()),
        Artifact::Ingestion(i) => Some(i.pipeline.clone()),
        _ => None,
    };
    let first = specs.first().map(|s| s.name.clone()).or_else(|| rest.iter().find_map(named));
    let by = rest.first().map_or(OUTSIDE, |(p, _)| p.by.as_str());
    let pipeline = first.unwrap_or_else(|| Name::from_text(by, "proposals"));
    if specs.is_empty() && platform.is_empty() && rest.is_empty() {
        return Err(Diagnostic::error("nothing-proposed", "no pipeline, model or other artifact is proposed")
            .at(Place::file(handed.first().map_or("", |h| h.file.as_str())))
            .next("see `pipewright schema proposal`")
            .fault());
    }
    origins.rest_file = paths::proposals(&pipeline);
    let rest = together(session.workspace.handed_in.get(&origins.rest_file), rest, &mut origins)?;
    let mut deliverables: Vec<Name> = specs.iter().flat_map(delivered).collect();
    deliverables.extend(rest.iter().filter_map(|p| match &p.artifact {
        Artifact::DbtModel(m) if m.layer == Layer::Marts => Some(m.name.clone()),
        _ => None,
    }));
    let title = specs.iter().find_map(|s| s.description.clone()).unwrap_or_else(|| pipeline.to_string());
    Ok(Wanted { pipeline, title, specs, platform, rest, deliverables, findings: taken.findings, model: None, origins })
}

/// A connection of a source that the workspace does not have.
fn unknown_source(platform: &Platform, origin: &Origin, session: &Session) -> Outcome<()> {
    let known = &session.workspace.config.sources;
    let Some(source) = platform.source.as_ref().filter(|source| !known.contains_key(*source)) else { return Ok(()) };
    let fault = Diagnostic::error("unknown-source", format!("`pipewright.yml` has no source `{source}`"));
    let near = crate::vocabulary::nearest(source.as_str(), known.keys().map(Name::as_str));
    let next =
        near.first().map_or_else(|| "add it under `sources`".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(fault.next(next).at(origin.moved(&Place::default(), "source")).fault())
}

/// What was handed in before under the same name, with what is handed in now in its place or after it.
fn together(before: Option<&String>, now: Vec<(Proposal, Origin)>, origins: &mut Origins) -> Outcome<Vec<Proposal>> {
    let (Some(text), false) = (before, now.is_empty()) else {
        return Ok(now
            .into_iter()
            .enumerate()
            .map(|(i, (proposal, origin))| {
                origins.rest.insert(i, origin);
                proposal
            })
            .collect());
    };
    let mut all = outside::read(&origins.rest_file, text)?.proposals;
    let identity = |p: &Proposal| (p.artifact.kind(), p.artifact.subject());
    for (proposal, origin) in now {
        let at = all.iter().position(|p| identity(p) == identity(&proposal)).unwrap_or(all.len());
        origins.rest.insert(at, origin);
        match all.get_mut(at) {
            Some(there) => *there = proposal,
            None => all.push(proposal),
        }
    }
    Ok(all)
}
