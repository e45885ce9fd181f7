//! One way through a macro as SQL, as long as all that is met is harmless.

use std::collections::BTreeMap;

use super::super::expr::{Expr, Kind};
use super::super::{Inside, LONGEST, Rendered, Stop, Stub, functions, not_allowed};
use super::Node;

/// Filters that only change text.
const FILTERS: &[&str] = &["trim", "upper", "lower", "string", "int", "length"];

/// Writes the nodes of a macro.
pub(super) struct Writer<'w, 'm, 'o> {
    pub stub: Stub<'m, 'o>,
    /// What parameters and set names print.
    pub names: BTreeMap<String, String>,
    /// The file.
    pub source: &'w str,
}

impl Writer<'_, '_, '_> {
    /// Writes nodes, `variant` choosing the branch of each `if`.
    pub(super) fn nodes(&mut self, nodes: &[Node], variant: usize) -> Result<(), Stop> {
        for node in nodes {
            if self.stub.out.sql.len() > 2 * LONGEST {
                return Err(Stop::new("sql-too-long", "this macro writes more than anyone reads", 0, 1));
            }
            match node {
                Node::Literal(from, to) => self.stub.literal(&self.source[*from..*to], *from),
                Node::Print(expr, from, to) => {
                    let quoted = self.stub.inside == Inside::Single;
                    let sql = self.value(expr)?;
                    let text = if quoted && !matches!(expr.kind, Kind::Str(_)) { "2000-01-01" } else { &sql };
                    self.stub.substitute(text, *from, *to);
                }
                Node::Set(name, expr) => {
                    let value = self.value(expr)?;
                    self.set(name, value, expr.at)?;
                }
                Node::SetBlock(name, body) => {
                    let mut inner = Rendered::default();
                    let stub = Stub { macros: self.stub.macros, out: &mut inner, inside: Inside::Code };
                    let mut writer = Writer { stub, names: self.names.clone(), source: self.source };
                    writer.nodes(body, variant)?;
                    self.stub.out.returns.extend(inner.returns);
                    self.set(name, inner.sql.trim().to_owned(), 0)?;
                }
                Node::If(branches) => {
                    for (condition, _) in branches {
                        condition.as_ref().map_or(Ok(()), |c| self.harmless(c))?;
                    }
                    if let Some((_, body)) = branches.get(variant.min(branches.len() - 1)).filter(|_| {
                        variant < branches.len() || branches.last().is_some_and(|(condition, _)| condition.is_none())
                    }) {
                        self.nodes(body, variant)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Texts that are put together again and again grow without end.
    fn set(&mut self, name: &str, value: String, at: usize) -> Result<(), Stop> {
        const MOST: usize = 16 * 1024;
        if value.len() > MOST {
            return Err(Stop::new("sql-too-long", format!("`{name}` holds more than {MOST} bytes"), at, 1));
        }
        self.names.insert(name.to_owned(), value);
        Ok(())
    }

    /// The SQL that an expression prints; names of the macro stand for columns.
    fn value(&mut self, expr: &Expr) -> Result<String, Stop> {
        self.harmless(expr)?;
        match &expr.kind {
            Kind::Path(path) => {
                Ok(self.names.get(&path[0]).filter(|_| path.len() == 1).cloned().unwrap_or_else(|| path.join("_")))
            }
            Kind::Constant(_) | Kind::List(_) | Kind::Not(_) => Ok("null".into()),
            Kind::Filter(inner, _) => self.value(inner),
            Kind::If(then, _, _) => self.value(then),
            Kind::Binary("~", left, right) => Ok(format!("{}{}", self.value(left)?, self.value(right)?)),
            Kind::Binary(..) => Ok("null".into()),
            Kind::Call(callee, args, named) => match (&callee.kind, args.as_slice()) {
                (Kind::Path(p), [value]) if *p == ["return"] => self.value(value),
                (Kind::Path(p), args) if *p == ["env_var"] && is_salt(args) => Ok("salt".into()),
                (Kind::Call(_, dispatched, _), _) => {
                    let Some(Kind::Str(name)) = dispatched.first().map(|d| &d.kind) else { return Ok("null".into()) };
                    let args = self.plain(args)?;
                    let path = [name.clone()];
                    self.stub.call(expr, &path, &args, named)
                }
                (Kind::Path(path), _) => {
                    let args = self.plain(args)?;
                    let named: Vec<(String, Expr)> =
                        named.iter().map(|(k, v)| Ok((k.clone(), self.plain_one(v)?))).collect::<Result<_, Stop>>()?;
                    self.stub.call(expr, path, &args, &named)
                }
                (Kind::Filter(joined, _), _) => self.value(joined),
                _ => Ok("null".into()),
            },
            Kind::Str(_) | Kind::Num(_) => self.stub.sql(expr),
        }
    }

    /// Arguments with the macro's own names in the place of what they stand for.
    fn plain(&mut self, args: &[Expr]) -> Result<Vec<Expr>, Stop> {
        args.iter().map(|a| self.plain_one(a)).collect()
    }

    fn plain_one(&mut self, arg: &Expr) -> Result<Expr, Stop> {
        if matches!(arg.kind, Kind::Str(_) | Kind::Num(_) | Kind::Constant(_)) {
            return Ok(arg.clone());
        }
        if let Kind::List(items) = &arg.kind {
            return Ok(Expr { kind: Kind::List(self.plain(items)?), ..arg.clone() });
        }
        Ok(Expr { kind: Kind::Str(self.value(arg)?), ..arg.clone() })
    }

    /// Whether reading an expression can do nothing but give a text.
    fn harmless(&self, expr: &Expr) -> Result<(), Stop> {
        let refuse = |what: &str| Err(not_allowed(expr, what));
        match &expr.kind {
            Kind::Str(_) | Kind::Num(_) | Kind::Constant(_) => Ok(()),
            Kind::List(items) => items.iter().try_for_each(|i| self.harmless(i)),
            Kind::Path(path) => match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["target", "name" | "type" | "schema" | "database"] => Ok(()),
                [first, rest @ ..] if self.names.contains_key(*first) && !rest.iter().any(|a| a.starts_with('_')) => {
                    Ok(())
                }
                _ => refuse(&format!("`{}`", path.join("."))),
            },
            Kind::Filter(inner, name) => match FILTERS.contains(&name.as_str()) {
                true => self.harmless(inner),
                false => refuse(&format!("the filter `{name}`")),
            },
            Kind::If(a, b, c) => {
                self.harmless(a)?;
                self.harmless(b)?;
                c.as_ref().map_or(Ok(()), |c| self.harmless(c))
            }
            Kind::Binary(_, a, b) => self.harmless(a).and_then(|()| self.harmless(b)),
            Kind::Not(a) => self.harmless(a),
            Kind::Call(callee, args, named) => {
                args.iter().chain(named.iter().map(|(_, v)| v)).try_for_each(|a| self.harmless(a))?;
                match &callee.kind {
                    Kind::Path(path) => match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                        ["return"] if args.len() == 1 && named.is_empty() => Ok(()),
                        ["var"] => functions::var(expr, args, named),
                        ["env_var"] if is_salt(args) => Ok(()),
                        ["dbt", _] => Ok(()),
                        [name] if self.stub.macros.contains_key(*name) => Ok(()),
                        _ => self.refused_call(expr, path),
                    },
                    Kind::Call(inner, dispatched, _) => match (&inner.kind, dispatched.as_slice()) {
                        (Kind::Path(p), [Expr { kind: Kind::Str(name), .. }, ..]) if *p == ["adapter", "dispatch"] => {
                            let bodies = format!("__{name}");
                            match self.stub.macros.keys().any(|m| m.ends_with(&bodies)) {
                                true => Ok(()),
                                false => Err(Stop::new(
                                    "unknown-macro",
                                    format!("no macro of the project is a body of `{name}`"),
                                    expr.at,
                                    expr.len,
                                )
                                .next(format!("add `default__{name}`"))),
                            }
                        }
                        _ => refuse("a call of what another call gave"),
                    },
                    // `columns | join(', ')`: the one filter that is told something.
                    Kind::Filter(inner, name) if name == "join" && matches!(args.as_slice(), [_]) => {
                        self.harmless(inner)
                    }
                    _ => refuse("this call"),
                }
            }
        }
    }

    fn refused_call(&self, expr: &Expr, path: &[String]) -> Result<(), Stop> {
        let name = path.join(".");
        let why = functions::REFUSED.iter().find(|(n, _)| *n == path[0]).map(|(_, why)| *why);
        let stop = not_allowed(expr, &format!("`{name}`"));
        Err(match why {
            Some(why) => stop.why(why),
            None => stop.why("it is no macro of the project"),
        })
    }
}

/// The one variable that macros may read: the salt of pseudonyms, which is worth nothing by itself.
const SALT: &str = "PIPEWRIGHT_MASK_SALT";

fn is_salt(args: &[Expr]) -> bool {
    let plain = |e: &Expr| matches!(e.kind, Kind::Str(_));
    matches!(&args.first().map(|a| &a.kind), Some(Kind::Str(name)) if name == SALT) && args.iter().all(plain)
}
