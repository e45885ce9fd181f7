//! What is said of documents and proposals, said of the places in what was handed in that they came from.

use std::collections::BTreeMap;

use crate::proposal::outside::forms::finish;
use crate::proposal::outside::origin::{Origin, moved};
use crate::proposal::{Artifact, Because, Proposal};
use crate::spec::Spec;
use crate::vocabulary::{Diagnostic, Fault, Name, Place};
use crate::workspace::paths;

/// Where everything that was handed in came from; nothing where it was words.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    /// The texts that were handed in, by file.
    pub(super) texts: BTreeMap<String, String>,
    /// Of each spec.
    pub(super) specs: BTreeMap<Name, Origin>,
    /// Of each connection, in their order.
    pub(super) platforms: Vec<Origin>,
    /// Of what is kept as it was handed in, by its place in the file that keeps it.
    pub(super) rest: BTreeMap<usize, Origin>,
    /// That file.
    pub(super) rest_file: String,
}

impl Origins {
    /// A fault at the places that were handed in, with fixes.
    pub(super) fn of(&self, mut fault: Fault) -> Fault {
        if self.texts.is_empty() {
            return fault;
        }
        for diagnostic in &mut fault.diagnostics {
            let Some(place) = &diagnostic.place else { continue };
            if let Some(place) = self.place(place) {
                diagnostic.place = Some(place);
            }
        }
        finish(&mut fault.diagnostics, &self.texts);
        fault
    }

    fn place(&self, place: &Place) -> Option<Place> {
        let path = place.path.as_deref().unwrap_or_default();
        if place.file == self.rest_file {
            let (i, rest) = path.strip_prefix("proposals.")?.split_once('.').unwrap_or((path, ""));
            let rest = rest.strip_prefix("artifact").unwrap_or(rest).trim_start_matches('.');
            return Some(self.rest.get(&i.parse().ok()?)?.moved(place, rest));
        }
        if place.file == paths::CONFIG {
            return self.platforms.first().map(|origin| origin.moved(place, path));
        }
        let origin = self.specs.iter().find(|(name, _)| place.file == paths::spec(name)).map(|(_, origin)| origin)?;
        Some(origin.moved(place, path))
    }
}

/// Where a proposal that is judged came from: the document, and the path in it of what is said of the artifact.
#[derive(Clone, Debug)]
pub(super) struct Source {
    file: String,
    path: String,
    /// The model whose query the spec does not write itself.
    made: bool,
}

impl Source {
    /// Of a document that is proposed.
    pub(super) fn document(proposal: &Proposal) -> Source {
        let file = match &proposal.artifact {
            Artifact::PipelineSpec(spec) => paths::spec(&spec.name),
            _ => paths::CONFIG.to_owned(),
        };
        Source { file, path: String::new(), made: false }
    }

    /// Of what an agent made of a spec.
    pub(super) fn made(proposal: &Proposal, spec: &Spec) -> Source {
        let file = paths::spec(&spec.name);
        match &proposal.artifact {
            Artifact::DbtModel(model) => {
                let written = spec.models.iter().any(|m| m.name == model.name && m.sql.is_some());
                Source { file, path: format!("models.{}", model.name), made: !written }
            }
            _ => {
                let path = match &proposal.because {
                    Because::Spec(path) => path.split_once(':').map_or("", |(_, path)| path).to_owned(),
                    _ => String::new(),
                };
                Source { file, path, made: true }
            }
        }
    }

    /// Of the proposal at `i` in a file of those that were handed in.
    pub(super) fn handed(file: &str, i: usize) -> Source {
        Source { file: file.to_owned(), path: format!("proposals.{i}.artifact"), made: false }
    }

    fn origin(&self) -> Origin {
        Origin { file: self.file.clone(), path: self.path.clone(), parts: Vec::new() }
    }
}

/// Faults of the gate at the documents that they follow from.
pub(super) fn at_documents(fault: Fault, sources: &[Source]) -> Fault {
    let origins: Vec<Origin> = sources.iter().map(Source::origin).collect();
    let place = |diagnostic: Diagnostic| {
        let index = diagnostic
            .place
            .as_ref()
            .and_then(|p| p.file.strip_prefix("proposals[")?.strip_suffix(']')?.parse::<usize>().ok());
        let mut out = moved(diagnostic, &origins);
        if let (Some(source), Some(place)) = (index.and_then(|i| sources.get(i)), &mut out.place)
            && source.made
        {
            // What is generated has other lines and other fields than what it follows from.
            let query = place.excerpt.take().map(|line| format!("in the query that is generated: {}", line.trim()));
            out.why = out.why.or(query);
            *place = if source.path.is_empty() {
                Place::file(&source.file)
            } else {
                Place::path(&source.file, &source.path)
            };
        }
        out
    };
    Fault { exit: fault.exit, diagnostics: fault.diagnostics.into_iter().map(place).collect() }
}
