//! A requirement goes to a language model, and its answer becomes the same intent that the rules give.
//!
//! Pure: what is said is data ([`Talk`]), and whoever calls [`read`] brings the line to the model and the gate. `rank`
//! chooses the tables that are shown, `redact` takes out what must not leave, `prompt` writes, `schema` is the form that
//! is filled, `answer` reads it; `protocol` knows how each provider is spoken to, `retry` what a failure means.

mod answer;
mod budget;
mod complete;
mod prompt;
pub mod protocol;
mod rank;
mod redact;
pub mod retry;
mod schema;
mod trace;

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;

pub use budget::Budget;
pub use prompt::{PROMPTS, Prompts, tokens, tokens_of};

use super::said::Said;
use super::{Ground, Intent, Question, Understood, question};
use crate::spec::Answer;
use crate::vocabulary::{Diagnostic, Fault, Outcome, Place};
use crate::workspace::LanguageModel;

/// What was said so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// What the model is told before anything else.
    pub system: String,
    /// Turns, the first is ours.
    pub turns: Vec<Turn>,
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whether the model said it.
    pub by_model: bool,
    /// What.
    pub text: String,
}

/// What a model said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its words.
    pub text: String,
    /// How they ended.
    pub end: End,
    /// What it took, as far as the provider says.
    pub tokens: Tokens,
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It is whole.
    Done,
    /// It was cut at the most tokens.
    Cut,
    /// The model or its provider would not answer, and why.
    Refused(String),
}

/// Tokens of an exchange; none where the provider does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// That were sent.
    pub input: Option<u64>,
    /// That came back.
    pub output: Option<u64>,
}

/// What the rules came to, for the model to go on from.
#[derive(Clone, Debug, Default)]
pub struct Before<'a> {
    /// What they understood, with words left over.
    pub draft: Option<&'a Understood>,
    /// What they asked.
    pub questions: &'a [Question],
    /// Answers that they used.
    pub answers: &'a [Answer],
}

/// What the gate says of a spec.
pub enum Verdict {
    /// It can be generated.
    Good,
    /// It can't, for faults of its own.
    Faulty(Vec<Diagnostic>),
}

/// The line to a model.
pub type Ask<'f> = &'f mut dyn FnMut(&Talk) -> Outcome<Reply>;
/// The gate.
pub type Prove<'f> = &'f mut dyn FnMut(&Understood) -> Outcome<Verdict>;

/// Reads a requirement by a model: asks, checks, asks again with what the checks say, and goes on from answers of people.
///
/// # Errors
/// A line that breaks, a model that refuses, one whose last answer is still wrong (with what is wrong in it), a prompt of
/// the workspace that can't be filled, an answer to no question.
pub fn read(
    text: &str,
    ground: &Ground<'_>,
    before: &Before<'_>,
    model: &LanguageModel,
    prompts: &Prompts,
    ask: Ask<'_>,
    prove: Prove<'_>,
) -> Outcome<Intent> {
    let mut told: Vec<Answer> = before.answers.to_vec();
    loop {
        let reading = Reading::new(text, ground, before, &told, model, prompts)?;
        let mut intent = reading.converse(model.attempts, ask, prove)?;
        let asked = if let Intent::Questions(questions) = &intent { &questions[..] } else { &[] };
        let open = asked.iter().filter(|q| told.iter().all(|t| t.key != q.key));
        let new: Vec<Answer> = open.filter_map(|q| q.answer(ground.answers.get(&q.key)?)).collect();
        if new.is_empty() {
            question::all_used(ground.answers, asked, &told)?;
            if let Intent::Understood(understood) = &mut intent {
                understood.spec.answers = told;
            }
            return Ok(intent);
        }
        told.extend(new);
    }
}

/// A requirement on its way through a model.
struct Reading<'a> {
    text: &'a str,
    ground: &'a Ground<'a>,
    prompts: &'a Prompts,
    veil: redact::Veil,
    talk: Talk,
}

/// The form that a model fills, as JSON Schema.
pub fn form() -> Value {
    schema::form()
}

impl<'a> Reading<'a> {
    /// What is to be said first.
    fn new(
        text: &'a str,
        ground: &'a Ground<'a>,
        before: &Before<'_>,
        told: &[Answer],
        model: &LanguageModel,
        prompts: &'a Prompts,
    ) -> Outcome<Reading<'a>> {
        let mut veil = redact::Veil::default();
        let mut hidden = |text: &str| prompt::fenced(&veil.hide(text));
        let requirement = hidden(text.trim());
        let mut unread: Vec<String> = Vec::new();
        for question in before.questions {
            let candidates = match question.candidates.is_empty() {
                true => String::new(),
                false => format!(" (it may be: {})", question.candidates.join("; ")),
            };
            unread.push(hidden(&format!("{}{candidates}", question.about)));
        }
        let left = before.draft.into_iter().flat_map(|d| &d.findings).filter(|f| f.code == "not-understood");
        unread.extend(left.map(|f| hidden(&f.what)));
        let draft = before.draft.map(|d| schema::draft(&d.spec).to_string());
        let draft = draft.map(|d| hidden(&d));
        let asked = prompt::Asked {
            requirement,
            draft,
            unread,
            answers: told.iter().map(|a| hidden(&format!("{} {}", a.question, a.value))).collect(),
            cleaning: ground.config.rules.cleaning().map(|rule| rule.name.to_string()).collect(),
            timezone: &ground.config.defaults.timezone,
        };
        let outline = if protocol::shows_schema(model.provider) { String::new() } else { schema::outline(&form()) };
        let shown = rank::rank(&Said::new(text), ground);
        let first = prompts.requirement(&asked, &shown, u64::from(model.context_tokens))?;
        let talk = Talk { system: prompts.system(&outline)?, turns: vec![Turn { by_model: false, text: first }] };
        Ok(Reading { text, ground, prompts, veil, talk })
    }

    /// Asks, holds the answer against the form, the checks and the gate, and asks again with what they say; at most
    /// `attempts` times.
    fn converse(mut self, attempts: u8, ask: Ask<'_>, prove: Prove<'_>) -> Outcome<Intent> {
        let mut faults = Vec::new();
        for _ in 0..attempts.max(1) {
            let reply = ask(&self.talk)?;
            if let End::Refused(why) = &reply.end {
                let next = "say it in other words, ask another model, or run it with `--mode rules`";
                return Err(Diagnostic::error("model-refused", "the model would not answer")
                    .why(why)
                    .next(next)
                    .fault());
            }
            faults = match self.judged(&reply, prove)? {
                Ok(intent) => return Ok(intent),
                Err(faults) => faults,
            };
            let lines: Vec<String> = faults.iter().map(|f| redact::redact(&f.to_string())).collect();
            let said = self.prompts.repair(&lines)?;
            self.talk.turns.push(Turn { by_model: true, text: reply.text });
            self.talk.turns.push(Turn { by_model: false, text: said });
        }
        let what = format!("the model's answer is still wrong after {attempts} attempts; nothing was written");
        let mut all = vec![Diagnostic::error("model-gave-up", what).next(
            "say the requirement in other words or in parts, name a larger model, or hand in a spec with `propose --from`",
        )];
        all.append(&mut faults);
        Err(Fault { exit: 2, diagnostics: all })
    }

    fn judged(&self, reply: &Reply, prove: Prove<'_>) -> Outcome<Result<Intent, Vec<Diagnostic>>> {
        if reply.end == End::Cut {
            let fault = Diagnostic::error("model-cut-short", "the answer was cut at the most tokens that are allowed");
            let fault = fault.at(Place::file(answer::FILE)).next("answer shorter: only the fields that are needed");
            return Ok(Err(vec![fault]));
        }
        let intent = match answer::read(&reply.text, self.text, &self.veil, self.ground) {
            Ok(Intent::Understood(understood)) => understood,
            other => return Ok(other),
        };
        let mut intent = *intent;
        let mut faults = trace::unasked(&intent.spec, self.text, self.ground);
        for (at, accounted) in trace::personal(&intent.spec, self.ground) {
            if accounted {
                let what = format!("personal data is shown ({at})");
                intent
                    .findings
                    .push(Diagnostic::warning("personal-data", what).next("see that the requirement asks for it"));
            } else {
                let what = format!("personal data is shown that no words of the requirement account for ({at})");
                let next = "leave it out; or, if the requirement asks for it, say by which words in `trace`";
                faults.push(Diagnostic::error("personal-data", what).at(Place::file(answer::FILE)).next(next));
            }
        }
        if !faults.is_empty() {
            return Ok(Err(faults));
        }
        Ok(match prove(&intent)? {
            Verdict::Good => Ok(Intent::Understood(Box::new(intent))),
            Verdict::Faulty(faults) => Err(faults),
        })
    }
}
