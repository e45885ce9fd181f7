//! What the names of a file stand for.

use std::collections::HashMap;

use super::{Does, Expr, Kind, Span, Statement, each_body};

/// What is imported, and how.
#[derive(Debug, Default)]
pub struct Imports<'a> {
    /// What a name stands for: `DAG` for `airflow.sdk.DAG`. Where there are several, the first that is tried.
    names: HashMap<&'a str, String>,
    /// Every import.
    pub all: Vec<Imported<'a>>,
}

/// One thing that is imported.
#[derive(Clone, Debug)]
pub struct Imported<'a> {
    /// Dots before the module.
    pub dots: usize,
    /// The module.
    pub module: &'a str,
    /// What is taken from it; none for `import module`.
    pub name: Option<&'a str>,
    /// Where.
    pub at: Span,
    /// Whether another import, or nothing, is tried where this one fails.
    pub guarded: bool,
    /// Whether it is done as the file is read, not when a function runs.
    pub early: bool,
}

/// How an import stands among others.
#[derive(Clone, Copy)]
struct How {
    guarded: bool,
    early: bool,
}

impl<'a> Imports<'a> {
    pub(super) fn of(body: &[Statement<'a>]) -> Imports<'a> {
        let mut out = Imports::default();
        out.read(body, How { guarded: false, early: true });
        out
    }

    fn read(&mut self, body: &[Statement<'a>], how: How) {
        for statement in body {
            match &statement.does {
                Does::Import(all) => {
                    for (module, alias) in all {
                        let first = module.split('.').next().unwrap_or(module);
                        let (name, stands) = alias.map_or((first, first), |alias| (alias, *module));
                        self.names.entry(name).or_insert_with(|| stands.to_owned());
                        let How { guarded, early } = how;
                        self.all.push(Imported { dots: 0, module, name: None, at: statement.at, guarded, early });
                    }
                }
                Does::From { dots, module, names } => {
                    for (name, alias, at) in names {
                        let stands = format!("{}{module}.{name}", ".".repeat(*dots));
                        self.names.entry(alias.unwrap_or(name)).or_insert(stands);
                        let How { guarded, early } = how;
                        self.all.push(Imported { dots: *dots, module, name: Some(name), at: *at, guarded, early });
                    }
                }
                Does::Try { body, handlers, after } => {
                    let caught = |(what, _): &(Option<Expr<'_>>, _)| what.as_ref().is_none_or(catches_imports);
                    let guarded = how.guarded || handlers.iter().any(caught);
                    self.read(body, How { guarded, ..how });
                    handlers.iter().for_each(|(_, body)| self.read(body, How { guarded: true, ..how }));
                    after.iter().for_each(|body| self.read(body, How { guarded, ..how }));
                }
                // `if TYPE_CHECKING`, `if AIRFLOW_V_3_0_PLUS`, `if sys.version_info …`: one of several.
                Does::If(branches) => {
                    branches.iter().for_each(|(_, body)| self.read(body, How { guarded: true, ..how }));
                }
                Does::Function(function) => self.read(&function.body, How { early: false, ..how }),
                _ => each_body(statement, &mut |body| self.read(body, how)),
            }
        }
    }

    /// What an expression of names and dots stands for, as `airflow.sdk.DAG`; none where nothing is imported for it.
    pub fn stands_for(&self, expr: &Expr<'a>) -> Option<String> {
        if let Kind::Name(name) = expr.kind {
            return self.names.get(name).cloned();
        }
        let parts = expr.dotted()?;
        let (first, rest) = parts.split_first()?;
        let mut out = self.names.get(first)?.clone();
        for part in rest {
            out.push('.');
            out.push_str(part);
        }
        Some(out)
    }

    /// What a name stands for.
    pub fn name(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// Whether anything of a package is imported.
    pub fn has(&self, package: &str) -> bool {
        self.all.iter().any(|i| i.dots == 0 && i.module.split('.').next() == Some(package))
    }
}

fn catches_imports(what: &Expr<'_>) -> bool {
    match &what.kind {
        Kind::Name(name) => {
            matches!(*name, "ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException" | "AttributeError")
        }
        Kind::List(all, _) => all.iter().any(catches_imports),
        _ => false,
    }
}
