//! Who reads a requirement: the rules, a language model, or the model after the rules.

use std::collections::BTreeMap;

use super::Options;
use super::line::{Line, Recording};
use crate::render;
use crate::requirement::llm::{self, Before, PROMPTS, Prompts, Verdict};
use crate::requirement::{self, Ground, Intent, Standing, Understood};
use crate::spec::Reader;
use crate::verbs::generate::{self, Inputs};
use crate::verbs::rows::{self, TraceRow};
use crate::verbs::{Programs, Session};
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};
use crate::workspace::{LanguageModel, ModelUse, ReadBy, paths};
use crate::world::files;

/// How a requirement is to be read, where that is not as `pipewright.yml` says.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Who reads it.
    pub mode: Option<ReadBy>,
    /// Exchanges with a model that are kept or repeated.
    pub recording: Recording,
}

/// What it came to, and what it took.
pub(super) struct Read {
    pub(super) intent: Intent,
    /// What became of the words, where there are questions.
    pub(super) trace: Vec<TraceRow>,
    pub(super) used: Option<ModelUse>,
}

impl Read {
    fn of(text: &str, ground: &Ground<'_>, intent: Intent, used: Option<ModelUse>) -> Read {
        let trace = match &intent {
            Intent::Questions(questions) => rows::of_questions(requirement::heard(text, ground, questions)),
            Intent::Understood(_) => Vec::new(),
        };
        Read { intent, trace, used }
    }
}

/// A fault on the way, and what was taken until then.
pub(super) struct Failed {
    pub(super) fault: Fault,
    pub(super) used: Option<ModelUse>,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Failed {
        Failed { fault, used: None }
    }
}

/// Reads a requirement.
pub(super) fn read(text: &str, options: &Options, session: &Session) -> Result<Read, Failed> {
    let workspace = &session.workspace;
    let answers = &options.answers;
    let ground =
        Ground { config: &workspace.config, contracts: &workspace.contracts, specs: &workspace.specs, answers };
    let model = workspace.config.model.as_ref();
    let mode = options.reading.mode.or(model.map(|m| m.mode)).unwrap_or(ReadBy::Rules);
    if mode == ReadBy::Rules {
        return Ok(Read::of(text, &ground, requirement::read(text, &ground)?, None));
    }
    let model = model.ok_or_else(no_model)?;
    let (specs, answers) = match requirement::standing(text, &ground)? {
        Standing::Same(understood) => return Ok(Read::of(text, &ground, Intent::Understood(understood), None)),
        Standing::New { specs, answers } => (specs, answers),
    };
    let ground = Ground { specs: &specs, answers: &answers, ..ground };
    if mode == ReadBy::Model {
        return ask(text, &ground, &Before::default(), model, options, session);
    }
    let rules = requirement::by_rules(text, &ground)?;
    let unread = |u: &Understood| u.findings.iter().any(|f| f.code == "not-understood");
    let before = match &rules.intent {
        Intent::Understood(understood) if !unread(understood) => {
            rules.all_used(&answers)?;
            return Ok(Read::of(text, &ground, rules.intent, None));
        }
        Intent::Understood(understood) => {
            Before { draft: Some(&**understood), answers: &rules.used, ..Before::default() }
        }
        Intent::Questions(questions) => Before { questions, answers: &rules.used, ..Before::default() },
    };
    ask(text, &ground, &before, model, options, session).map_err(|mut failed| {
        // What the rules came to helps where the model did not.
        let rules =
            before.questions.iter().map(|q| Diagnostic::warning("by-rules", format!("by the rules: {}", q.about)));
        failed.fault.diagnostics.extend(rules);
        failed
    })
}

fn ask(
    text: &str,
    ground: &Ground<'_>,
    before: &Before<'_>,
    model: &LanguageModel,
    options: &Options,
    session: &Session,
) -> Result<Read, Failed> {
    let prompts = prompts(session)?;
    let mut line = Line::new(model, &options.reading.recording, &session.workspace.root);
    let asked = llm::read(text, ground, before, model, &prompts, &mut |talk| line.ask(talk), &mut |u| {
        prove(u, options.programs, session)
    });
    let kept = asked.and_then(|intent| line.keep().map(|()| intent));
    let used = line.used();
    let mut intent = match kept {
        Ok(intent) => intent,
        Err(mut fault) => {
            if used.answers > 0 {
                fault.diagnostics.push(Diagnostic::warning("model-use", used.to_string()));
            }
            return Err(Failed { fault, used: Some(used) });
        }
    };
    if let Intent::Understood(understood) = &mut intent {
        understood.spec.read_by = Some(Box::new(Reader { model: model.label(), prompts: prompts.hash() }));
    }
    Ok(Read::of(text, ground, intent, Some(used)))
}

/// The prompts of the workspace, and ours where it has none.
fn prompts(session: &Session) -> Outcome<Prompts> {
    let root = &session.workspace.root;
    let mut own = BTreeMap::new();
    for path in files::list(root, "prompts", ".md")? {
        let known = PROMPTS.into_iter().find(|name| paths::prompt(name) == path);
        let Some(name) = known else {
            let next = format!("they are called {}", PROMPTS.join(", "));
            return Err(Diagnostic::error("unknown-prompt", "this is no prompt")
                .at(Place::file(path))
                .next(next)
                .fault());
        };
        own.insert(name, files::read_text(root, &path)?);
    }
    Ok(Prompts::new(&own))
}

/// Everything that is generated from the spec passes the gate, or what is wrong is said. Nothing is written.
fn prove(understood: &Understood, programs: Programs, session: &Session) -> Outcome<Verdict> {
    let workspace = &session.workspace;
    let mut inputs = Inputs { programs, ..Inputs::from(workspace) };
    let (path, text) = render::spec(&understood.spec)?;
    let generated = generate::take_in(&mut inputs, &session.git, &path, &text)
        .and_then(|()| generate::generate(&inputs, &workspace.specs, &session.git));
    let Err(fault) = generated else { return Ok(Verdict::Good) };
    // What is wrong in other documents is not the model's to mend.
    let others =
        |d: &Diagnostic| d.place.as_ref().is_some_and(|p| p.file != path && workspace.texts.contains_key(&p.file));
    if fault.diagnostics.iter().all(others) {
        return Err(fault);
    }
    Ok(Verdict::Faulty(fault.diagnostics))
}

fn no_model() -> Fault {
    Diagnostic::error("no-model", "no language model is configured")
        .at(Place::path(paths::CONFIG, "model"))
        .next("add `model: {provider: ollama}` to pipewright.yml, or run the command with `--mode rules`")
        .fault()
}
