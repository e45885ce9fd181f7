//! Jinja as dbt projects use it, rendered by minijinja: one environment for a project, shared by all threads; each macro
//! is compiled when it is first called.

mod answers;
mod builtin;
mod call;
mod columns;
mod compared;
mod cut;
mod dates;
mod filters;
mod graph;
pub(in crate::dbt) mod library;
mod moment;
pub(in crate::dbt) mod names;
mod prepare;
pub(in crate::dbt) mod relation;
mod rows;
mod scan;
mod tested;
mod unsaid;
mod values;

use std::ops::Range;
use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior};

pub(in crate::dbt) use cut::{Block, cut};
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
    pub version: Option<String>,
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
        render(&self.env, &self.world, run, file, text, within)
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
        // What is set before may be asked for.
        let mut set = String::new();
        for piece in &pieces.pieces {
            let tokens = pieces.tokens(piece);
            let sets =
                tokens.first().is_some_and(|t| pieces.str(t) == "set") && tokens.iter().any(|t| pieces.str(t) == "=");
            if piece.kind == scan::Kind::Block && sets {
                set.push_str(&text[piece.from..piece.to]);
            }
            let asks = tokens
                .iter()
                .zip(tokens.iter().skip(1))
                .any(|(a, b)| a.token == Token::Name && pieces.str(a) == "config" && pieces.str(b) == "(");
            if piece.kind == scan::Kind::Print && asks {
                // What it can't know yet is known when the whole file is rendered.
                let render = |text: &str, within| {
                    let source = prepare(text, within, false).ok()?.source;
                    self.env.render_str(&source, Value::from_object(Top(run.clone()))).ok()
                };
                let whole = format!("{set}{}", &text[piece.from..piece.to]);
                if set.is_empty() || render(&whole, 0..whole.len()).is_none() {
                    let _ = render(text, piece.from..piece.to);
                }
            }
        }
    }
}

fn render(
    env: &Environment<'_>,
    world: &World,
    run: &Arc<Run>,
    file: &str,
    text: &str,
    within: Range<usize>,
) -> Result<Rendered, Diagnostic> {
    call::deep_enough()
        .map_err(|_| broken_jinja(file, text, &Broken { at: 0, what: "it calls itself without an end" }))?;
    let prepared = prepare(text, within, true).map_err(|broken| broken_jinja(file, text, &broken))?;
    let top = Value::from_object(Top(run.clone()));
    match env.render_str(&prepared.source, top) {
        Ok(sql) => {
            let (printed, question, asked) = run.seen.note(|n| (n.unsaid, n.question, n.asked.clone()));
            let said = if printed { unsaid::said(&sql, question) } else { Some(sql) };
            match (said, asked) {
                (Some(sql), _) => Ok(prepared.strip(sql)),
                (None, asked) => {
                    run.seen.unknown(&asked.unwrap_or_else(|| Arc::from("a value is known to the warehouse only")));
                    Ok(Rendered::default())
                }
            }
        }
        Err(error) => Err(diagnostic(world, run, &error, Text::new(file, "", text), &prepared)),
    }
}

/// What stopped a template, and where.
fn diagnostic(world: &World, run: &Run, error: &Error, file: Text<'_>, prepared: &Prepared) -> Diagnostic {
    let mut inmost = error;
    let mut at: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(next) = at {
        if let Some(next) = next.downcast_ref::<Error>() {
            inmost = next;
        }
        at = next.source();
    }
    let (code, what) = said(inmost);
    if inmost.kind() == ErrorKind::UnknownFunction && !what.contains('.') {
        let name = inmost.detail().and_then(|d| d.split_whitespace().next()).map(str::to_owned);
        run.seen.note(|notes| notes.nowhere = name);
    }
    let name =
        inmost.range().and_then(|r| undefined(world, inmost, prepared, r.start)).filter(|_| code == "jinja-unknown");
    let (code, what) = match name {
        Some(name) => ("needs-package", format!("`{name}` is not known here: is it a package that is not installed?")),
        None => (code, what),
    };
    // What goes wrong with what a warehouse would have said goes wrong for want of a warehouse.
    let asked = run.seen.note(|notes| notes.asked.clone()).filter(|_| code == "jinja-unknown");
    let diagnostic = match asked {
        Some(reason) => Diagnostic::warning("needs-warehouse", reason.to_string()),
        None => Diagnostic::error(code, what),
    };
    let start = inmost.range().map(|r| r.start);
    match inmost.name().and_then(|name| world.library.file_of(name)) {
        Some((id, path, of)) => {
            let origin = world.library.template(id).ok().zip(start).map_or(0, |(p, at)| p.origin(at));
            let name = &world.library.get(id).name;
            let diagnostic = diagnostic.why(format!("the macro `{name}` is called by `{}`", file.file));
            Text::new(path, "", of).fault(diagnostic, origin, 1)
        }
        None => {
            let at = start.map_or(0, |start| prepared.origin(start));
            file.fault(diagnostic, at.min(file.sql.len()), 1)
        }
    }
}

/// The name at the start of an expression that called a method of nothing, `dbt_date` of `dbt_date.today()`.
fn undefined(world: &World, error: &Error, prepared: &Prepared, at: usize) -> Option<String> {
    if !error.detail().is_some_and(|d| d.starts_with("undefined has no method")) {
        return None;
    }
    let of_macro = error.name().and_then(|name| world.library.file_of(name)).map(|(id, ..)| world.library.template(id));
    let source = match &of_macro {
        Some(prepared) => &prepared.as_ref().ok()?.source,
        None => &prepared.source,
    };
    let word = |c: char| c.is_alphanumeric() || c == '_';
    // The place of the call, or of its name.
    let at = match source.get(at..)?.starts_with('.') {
        true => source[..at].rfind(|c| !word(c)).map_or(0, |i| i + 1),
        false => at,
    };
    let name: String = source.get(at..)?.chars().take_while(|c| word(*c)).collect();
    (!name.is_empty()).then_some(name)
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
        _ if detail.ends_with("which is not installed") => {
            ("needs-package", format!("this can't be rendered here: {detail}"))
        }
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
            // `v=2` or `version='2'`.
            let named = |i: usize| tokens.get(i).map(|t| pieces.str(t));
            let mut version = None;
            if matches!(named(end), Some("v" | "version")) && named(end + 1) == Some("=") {
                version = named(end + 2).map(|v| v.trim_matches(['\'', '"']).to_owned());
                end += 3;
            }
            let close = tokens.get(end).filter(|t| pieces.str(t) == ")").map_or(spot.to, |t| t.to);
            if !names.is_empty() {
                out.push(Mention { source: word == "source", names, version, at: spot.from, width: close - spot.from });
            }
        }
    }
    out
}
