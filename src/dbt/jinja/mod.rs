//! Jinja as dbt projects use it, rendered by minijinja: one environment for a project, shared by all threads; each macro
//! is compiled when it is first called.

mod builtin;
mod call;
mod cut;
mod dates;
mod filters;
pub(in crate::dbt) mod library;
pub(in crate::dbt) mod names;
mod prepare;
pub(in crate::dbt) mod relation;
mod scan;
mod values;

use std::ops::Range;
use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior};

pub(in crate::dbt) use cut::{Block, Cut, cut};
pub(in crate::dbt) use scan::Broken;

use names::{Run, Top, World};
use prepare::{Prepared, prepare};
use scan::{Pieces, Token};

use crate::sql::Text;
use crate::sql::jinja::Rendered;
use crate::vocabulary::Diagnostic;

/// Stack of the threads that render: macros call each other from template to template.
pub(in crate::dbt) const STACK: usize = 16 * 1024 * 1024;
/// Instructions that one template may take.
const FUEL: u64 = 1_500_000;
/// Templates that call each other inside one file.
const RECURSION: usize = 60;

/// The engine of a project.
pub(in crate::dbt) struct Engine {
    env: Environment<'static>,
    pub world: Arc<World>,
}

/// A `ref` or `source` with its names written out.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::dbt) struct Mention {
    pub source: bool,
    pub names: Vec<String>,
    pub at: usize,
    pub width: usize,
}

impl Engine {
    pub(in crate::dbt) fn new(world: Arc<World>) -> Engine {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Chainable);
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        env.set_fuel(Some(FUEL));
        env.set_recursion_limit(RECURSION);
        env.set_debug(false);
        filters::add(&mut env);
        let loader = world.clone();
        env.set_loader(move |name| match loader.library.file_of(name) {
            Some((id, ..)) => match loader.library.template(id) {
                Ok(prepared) => Ok(Some(prepared.source)),
                Err((broken, _)) => Err(Error::new(ErrorKind::SyntaxError, broken.what)),
            },
            None => Ok(None),
        });
        Engine { env, world }
    }

    /// The SQL of a stretch of a file.
    pub(in crate::dbt) fn render(
        &self,
        run: &Arc<Run>,
        file: &str,
        text: &str,
        within: Range<usize>,
    ) -> Result<Rendered, Diagnostic> {
        call::begin();
        let prepared = prepare(text, within, true).map_err(|broken| broken_jinja(file, text, &broken))?;
        let outcome = self
            .env
            .template_from_str(&prepared.source)
            .and_then(|template| template.render(Value::from_object(Top(run.clone()))));
        match outcome {
            Ok(sql) => Ok(prepared.strip(sql)),
            Err(error) => Err(self.diagnostic(&error, file, text, &prepared)),
        }
    }

    /// What a text of YAML is where it holds Jinja: text, or what its one expression gives.
    pub(in crate::dbt) fn value(&self, run: &Arc<Run>, text: &str) -> Result<serde_json::Value, Error> {
        call::begin();
        let inner = text.trim().strip_prefix("{{").and_then(|t| t.strip_suffix("}}")).filter(|t| !t.contains("{{"));
        let top = Value::from_object(Top(run.clone()));
        if let Some(inner) = inner
            && let Ok(expression) = self.env.compile_expression(inner)
        {
            return Ok(values::to_json(&expression.eval(top)?));
        }
        Ok(serde_json::Value::String(self.env.render_str(text, top)?))
    }

    /// Runs the calls of `config(…)` in a text, each by itself: what they set is in [`Run::seen`].
    pub(in crate::dbt) fn configure(&self, run: &Arc<Run>, text: &str, within: Range<usize>) {
        call::begin();
        let Ok(pieces) = Pieces::read(text, within) else { return };
        for piece in &pieces.pieces {
            let tokens = pieces.tokens(piece);
            let asks = tokens
                .iter()
                .zip(tokens.iter().skip(1))
                .any(|(a, b)| a.token == Token::Name && pieces.str(a) == "config" && pieces.str(b) == "(");
            if piece.kind == scan::Kind::Print && asks {
                let Ok(prepared) = prepare(text, piece.from..piece.to, false) else { continue };
                // What it can't know yet is known when the whole file is rendered.
                let _ = self.env.render_str(&prepared.source, Value::from_object(Top(run.clone())));
            }
        }
    }

    fn diagnostic(&self, error: &Error, file: &str, text: &str, prepared: &Prepared) -> Diagnostic {
        let mut inmost = error;
        let mut at: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(next) = at {
            if let Some(next) = next.downcast_ref::<Error>() {
                inmost = next;
            }
            at = next.source();
        }
        let (code, what) = said(inmost);
        let diagnostic = Diagnostic::error(code, what);
        let start = inmost.range().map(|r| r.start);
        let macros = inmost.name().and_then(|name| self.world.library.file_of(name));
        match (macros, start) {
            (Some((id, path, of)), start) => {
                let origin = self.world.library.template(id).ok().zip(start).map_or(0, |(p, at)| p.origin(at));
                let name = &self.world.library.get(id).name;
                let diagnostic = diagnostic.why(format!("the macro `{name}` is called by `{file}`"));
                Text::new(path, "", of).fault(diagnostic, origin, 1)
            }
            (None, start) => {
                let at = start.map_or(0, |start| prepared.origin(start));
                Text::new(file, "", text).fault(diagnostic, at.min(text.len()), 1)
            }
        }
    }
}

/// Code and words for what stopped a template.
fn said(error: &Error) -> (&'static str, String) {
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::SyntaxError => ("jinja-syntax", format!("this Jinja is not understood: {detail}")),
        ErrorKind::UnknownFunction | ErrorKind::UnknownMethod if detail.starts_with("there is no macro") => {
            ("unknown-macro", detail.to_owned())
        }
        ErrorKind::UnknownFunction => {
            let name = detail.split_whitespace().next().unwrap_or_default();
            ("unknown-macro", format!("there is no macro `{name}`"))
        }
        ErrorKind::OutOfFuel => ("jinja-too-long", "rendering takes too long: is there a loop without an end?".into()),
        kind if detail.is_empty() => ("jinja-unknown", format!("this can't be rendered here: {kind}")),
        _ => ("jinja-unknown", format!("this can't be rendered here: {detail}")),
    }
}

/// The finding for a file whose tags don't fit.
pub(in crate::dbt) fn broken_jinja(file: &str, text: &str, broken: &Broken) -> Diagnostic {
    let fault = Diagnostic::error("jinja-syntax", format!("this Jinja is not understood: {}", broken.what));
    Text::new(file, "", text).fault(fault, broken.at, 2)
}

/// `render(text)` inside a template.
fn render_again(run: &Arc<Run>, state: &mut State<'_, '_>, text: &str) -> Result<Value, Error> {
    let prepared = prepare(text, 0..text.len(), false).map_err(|b| values::wrong(b.what))?;
    call::deep_enough()?;
    state.env().render_str(&prepared.source, Value::from_object(Top(run.clone()))).map(Value::from)
}

/// Every `ref` and `source` of a text whose names are written out.
pub(in crate::dbt) fn mentions(text: &str, within: Range<usize>) -> Vec<Mention> {
    let Ok(pieces) = Pieces::read(text, within) else { return Vec::new() };
    let mut out = Vec::new();
    for piece in &pieces.pieces {
        let tokens = pieces.tokens(piece);
        for (i, spot) in tokens.iter().enumerate() {
            let word = pieces.str(spot);
            let called = tokens.get(i + 1).is_some_and(|t| pieces.str(t) == "(");
            if spot.token != Token::Name || !matches!(word, "ref" | "source") || !called {
                continue;
            }
            if i > 1 && pieces.str(&tokens[i - 1]) == "." && pieces.str(&tokens[i - 2]) != "builtins" {
                continue;
            }
            let mut names = Vec::new();
            let mut end = i + 2;
            while let Some(argument) = tokens.get(end).filter(|t| t.token == Token::Text) {
                let quoted = pieces.str(argument);
                names.push(prepare::unescaped(&quoted[1..quoted.len() - 1]));
                end += 1;
                if tokens.get(end).is_none_or(|t| pieces.str(t) != ",") {
                    break;
                }
                end += 1;
            }
            let close = tokens.get(end).filter(|t| pieces.str(t) == ")").map_or(spot.to, |t| t.to);
            if !names.is_empty() {
                out.push(Mention { source: word == "source", names, at: spot.from, width: close - spot.from });
            }
        }
    }
    out
}
