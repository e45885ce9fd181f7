//! What expressions give that are put together from others.

use std::sync::Arc;

use super::Value;
use super::eval::{Eval, TURNS};
use crate::check::python::{Expr, Piece};

impl<'f> Eval<'f> {
    pub(super) fn format(&mut self, pieces: &'f [Piece<'f>]) -> Value<'f> {
        let mut out = Some(String::new());
        for piece in pieces {
            let shown = match piece {
                Piece::Text(text) => Some(text.replace("{{", "{").replace("}}", "}")),
                Piece::Value(value) => self.expr(value).shown(),
            };
            out = out.zip(shown).map(|(out, more)| out + &more);
        }
        out.map_or(Value::Unknown, |text| Value::of(&text))
    }

    pub(super) fn dict(&mut self, pairs: &'f [(Option<Expr<'f>>, Expr<'f>)]) -> Value<'f> {
        let (mut out, mut open): (Vec<(String, Value<'f>)>, bool) = (Vec::new(), false);
        for (key, value) in pairs {
            let value = self.expr(value);
            match (key.as_ref().map(|k| self.expr(k)), value) {
                (None, Value::Dict(more, o)) => {
                    out.retain(|(key, _)| !more.iter().any(|(k, _)| k == key));
                    out.extend(more.iter().cloned());
                    open |= o;
                }
                (Some(Value::Text(key)), value) => {
                    out.retain(|(k, _)| **k != *key);
                    out.push((key.to_string(), value));
                }
                _ => open = true,
            }
        }
        Value::Dict(Arc::new(out), open)
    }

    pub(super) fn binary(
        &mut self,
        at: &'f Expr<'f>,
        left: &'f Expr<'f>,
        operator: &str,
        right: &'f Expr<'f>,
    ) -> Value<'f> {
        let (a, b) = (self.expr(left), self.expr(right));
        match (operator, &a, &b) {
            (">>", _, Value::Label) | ("<<", _, Value::Label) => a,
            (">>", Value::Label, _) | ("<<", Value::Label, _) => b,
            (">>", ..) => self.link(&a, &b, at.at),
            ("<<", ..) => {
                self.link(&b, &a, at.at);
                b
            }
            ("+", Value::Text(a), Value::Text(b)) => Value::of(&format!("{a}{b}")),
            ("+", Value::List(a), Value::List(b)) => Value::List(Arc::new(a.iter().chain(&**b).cloned().collect())),
            ("+", Value::Integer(a), Value::Integer(b)) => a.checked_add(*b).map_or(Value::Unknown, Value::Integer),
            ("-", Value::Integer(a), Value::Integer(b)) => a.checked_sub(*b).map_or(Value::Unknown, Value::Integer),
            ("*", Value::Integer(a), Value::Integer(b)) => a.checked_mul(*b).map_or(Value::Unknown, Value::Integer),
            ("**", Value::Integer(a), Value::Integer(b)) => {
                let power = u32::try_from(*b).ok().and_then(|b| a.checked_pow(b));
                power.map_or(Value::Unknown, Value::Integer)
            }
            ("|", Value::Dict(a, x), Value::Dict(b, y)) => {
                let kept = a.iter().filter(|(key, _)| !b.iter().any(|(k, _)| k == key));
                Value::Dict(Arc::new(kept.chain(&**b).cloned().collect()), *x || *y)
            }
            ("==", Value::Text(a), Value::Text(b)) => Value::Bool(a == b),
            ("!=", Value::Text(a), Value::Text(b)) => Value::Bool(a != b),
            ("%", Value::Text(text), _) if text.matches("%s").count() == 1 => {
                let one = if let Value::List(all) = &b { all.first() } else { Some(&b) };
                one.and_then(Value::shown).map_or(Value::Unknown, |shown| Value::of(&text.replace("%s", &shown)))
            }
            ("+" | "-", Value::Made(path), _) | ("+" | "-", _, Value::Made(path)) => Value::Made(path.clone()),
            ("or", ..) if a.truth() == Some(true) => a,
            ("or", ..) if a.truth() == Some(false) => b,
            ("and", ..) if a.truth() == Some(false) => a,
            ("and", ..) if a.truth() == Some(true) => b,
            _ => Value::Unknown,
        }
    }

    pub(super) fn comprehension(
        &mut self,
        gives: &'f [Expr<'f>],
        fors: &'f [(Expr<'f>, Expr<'f>)],
        ifs: &'f [Expr<'f>],
    ) -> Value<'f> {
        let [(target, over)] = fors else { return Value::Unknown };
        let all = self.expr(over);
        let (Value::List(all), []) = (&all, ifs) else {
            self.bind(target, &Value::Unknown);
            self.unsure += 1;
            gives.iter().for_each(|give| drop(self.expr(give)));
            self.unsure -= 1;
            if let Some(dag) = self.dag() {
                self.out.dags[dag].open = true;
            }
            return Value::Unknown;
        };
        let mut out = Vec::new();
        for one in all.iter().take(TURNS) {
            self.bind(target, one);
            let given: Vec<Value<'f>> = gives.iter().map(|give| self.expr(give)).collect();
            out.push(given);
        }
        if gives.len() == 2 {
            let mut pairs = Vec::new();
            for given in out {
                let [Value::Text(key), value] = given.as_slice() else { return Value::Unknown };
                pairs.push((key.to_string(), value.clone()));
            }
            return Value::Dict(Arc::new(pairs), false);
        }
        Value::List(Arc::new(out.into_iter().flatten().collect()))
    }
}
