//! Parts of values: fields of structs, elements of arrays, values of maps, paths in JSON.

use sqlparser::ast::{AccessExpr, Expr, Ident, JsonPath, JsonPathElem, Subscript, Value as Literal};

use super::column_type::ColumnType;
use super::relation::{Env, lower};
use super::value::Value;
use super::{Named, Resolver};
use crate::vocabulary::DataType;

impl<R: Named> Resolver<'_, R> {
    /// `a.b[1].c`.
    pub(super) fn access(&mut self, root: &Expr, chain: &[AccessExpr], env: &Env<'_>) -> Value {
        // `alias.column[1]` is read as `alias` with fields.
        let (mut value, rest) = match (root, chain) {
            (Expr::Identifier(first), [AccessExpr::Dot(Expr::Identifier(_)), ..]) => {
                let dots = chain.iter().take_while(|a| matches!(a, AccessExpr::Dot(Expr::Identifier(_)))).count();
                let mut idents: Vec<Ident> = vec![first.clone()];
                idents.extend(chain[..dots].iter().filter_map(|a| match a {
                    AccessExpr::Dot(Expr::Identifier(ident)) => Some(ident.clone()),
                    _ => None,
                }));
                (self.qualified(&idents, env), &chain[dots..])
            }
            _ => (self.expr(root, env), chain),
        };
        for access in rest {
            value = match access {
                AccessExpr::Dot(Expr::Identifier(ident)) => super::names::fields(value, std::slice::from_ref(ident)),
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    let key = self.expr(index, env);
                    let ty = match (value.ty, key.literal.as_deref()) {
                        (ColumnType::Struct(_), Some(name)) => value.ty.field(&name.to_lowercase()),
                        (ColumnType::Map(of), _) => of.1,
                        (ColumnType::Known(DataType::Text), _) => ColumnType::Known(DataType::Text),
                        _ => value.ty.element(),
                    };
                    let of = value.clone();
                    match (of.ty, key.literal.as_deref()) {
                        (ColumnType::Struct(_), Some(name)) => value.field(&name.to_lowercase()),
                        _ => value.beside(&key).typed(ty).nullable(None).with_parts(&of, &key),
                    }
                }
                AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
                    let ty = value.ty;
                    for bound in [lower_bound, upper_bound, stride].into_iter().flatten() {
                        value = value.beside(&self.expr(bound, env));
                    }
                    value.typed(ty)
                }
                AccessExpr::Dot(_) => value.typed(ColumnType::Unknown).nullable(None),
            };
        }
        value
    }

    /// `column:path.to[0].value` of Snowflake and Databricks.
    pub(super) fn json(&mut self, of: &Expr, path: &JsonPath, env: &Env<'_>) -> Value {
        let mut value = self.expr(of, env);
        for element in &path.path {
            if let JsonPathElem::Bracket { key } | JsonPathElem::ColonBracket { key } = element
                && !matches!(key, Expr::Value(v) if matches!(v.value, Literal::Number(..) | Literal::SingleQuotedString(_)))
            {
                value = value.beside(&self.expr(key, env));
            }
        }
        // A path into text of Databricks gives text, into anything else more of the kind.
        let ty = match value.ty {
            ColumnType::Known(DataType::Text) => ColumnType::Known(DataType::Text),
            _ => ColumnType::Known(DataType::Json),
        };
        value.typed(ty).nullable(Some(true))
    }

    /// `struct(a, b as c)`, `named_struct('a', 1)`, `row(1, 2)`, `struct_pack(a := 1)`.
    pub(super) fn fields_of_call<'e>(
        &mut self,
        fields: impl Iterator<Item = (Option<String>, &'e Expr)>,
        env: &Env<'_>,
    ) -> Value {
        let mut out = Value::nothing();
        let (mut types, mut parts) = (Vec::new(), Vec::new());
        for (i, (name, expr)) in fields.enumerate() {
            let value = self.expr(expr, env);
            let name = name.unwrap_or_else(|| match super::projection::implied_name(expr) {
                name if name.is_empty() => format!("_field_{}", i + 1),
                name => name,
            });
            types.push((name.clone(), value.ty));
            out = out.beside(&value);
            parts.push((name, value));
        }
        Value { parts: Some(parts.into()), ..out.typed(ColumnType::fields(types)).nullable(Some(false)) }
    }

    /// An element of `struct(…)`: its name where it says one.
    pub(super) fn field_of(expr: &Expr) -> (Option<String>, &Expr) {
        match expr {
            Expr::Named { expr, name } => (Some(lower(name)), expr),
            other => (None, other),
        }
    }
}
