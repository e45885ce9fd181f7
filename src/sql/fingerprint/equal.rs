//! Expressions that always give the same, nulls too, though they are written otherwise: one print for all of them.

use sqlparser::ast::{
    BinaryOperator, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator,
    Value,
};

use super::expr::{conjuncts, strip};
use super::{Env, Print, Printer};

/// Aggregates that look at no row where what they are of is null.
const SKIP_NULLS: &[&str] = &["avg", "count", "max", "min", "sum"];

impl Printer<'_> {
    /// Conditions of which all have to hold, each by itself; what always holds is none.
    pub(super) fn conditions(&self, filter: &Expr, env: &Env<'_>) -> Vec<Print> {
        let mut out = Vec::new();
        for conjunct in conjuncts(filter) {
            match conjunct {
                Expr::Between { expr, negated: false, low, high } => {
                    let of = self.expr(expr, env);
                    out.extend([at_most(self.expr(low, env), of), at_most(of, self.expr(high, env))]);
                }
                other => out.push(self.expr(other, env)),
            }
        }
        out.retain(|print| *print != truth(true));
        out
    }

    /// What stands for another expression.
    pub(super) fn eased(&self, expr: &Expr, env: &Env<'_>) -> Option<Print> {
        Some(match expr {
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => negated(self.expr(expr, env)),
            Expr::IsTrue(e) => or_else(self.expr(e, env), false),
            Expr::IsNotTrue(e) => negated(or_else(self.expr(e, env), false)),
            Expr::IsFalse(e) => negated(or_else(self.expr(e, env), true)),
            Expr::IsNotFalse(e) => or_else(self.expr(e, env), true),
            Expr::BinaryOp { left, op: op @ (BinaryOperator::Eq | BinaryOperator::NotEq), right } => {
                let (left, right) = (strip(left), strip(right));
                let is_equal = *op == BinaryOperator::Eq;
                if literal(left).is_some() && left == right {
                    return Some(truth(is_equal));
                }
                let (of, value) = match (truth_of(left), truth_of(right)) {
                    (None, Some(value)) => (left, value),
                    (Some(value), None) => (right, value),
                    _ => return None,
                };
                // What is no boolean by itself may be a number other than 0 and 1.
                if value && !is_boolean(of) {
                    return None;
                }
                negate_if(is_equal != value, self.expr(of, env))
            }
            Expr::Between { expr, negated: turned, low, high } => {
                let of = self.expr(expr, env);
                let within = both(at_most(self.expr(low, env), of), at_most(of, self.expr(high, env)));
                negate_if(*turned, within)
            }
            _ => return None,
        })
    }

    /// `case`, `iff` and the like.
    pub(super) fn case(
        &self,
        operand: Option<&Expr>,
        whens: &[(&Expr, &Expr)],
        other: Option<&Expr>,
        env: &Env<'_>,
    ) -> Print {
        let operand_print = operand.map(|o| self.expr(o, env));
        let other = other.map_or_else(null, |e| self.expr(e, env));
        let mut arms: Vec<[Print; 2]> = Vec::with_capacity(whens.len());
        for (condition, result) in whens {
            let condition = self.expr(condition, env);
            arms.push([operand_print.map_or(condition, |o| equal(o, condition)), self.expr(result, env)]);
        }
        if let [[condition, result]] = arms.as_slice() {
            return either(*condition, *result, other);
        }
        if self.exclude_each_other(operand_print, whens, env) {
            let arms = arms.iter().map(|arm| Print::mix("arm", arm));
            return Print::mix("one case", &[Print::set("arms", arms), other]);
        }
        let mut parts = arms.concat();
        parts.push(other);
        Print::mix("case", &parts)
    }

    /// Whether each condition asks the same thing for another value: then their order does not matter.
    fn exclude_each_other(&self, operand: Option<Print>, whens: &[(&Expr, &Expr)], env: &Env<'_>) -> bool {
        let (mut subject, mut met) = (operand, Vec::new());
        for (condition, _) in whens {
            let value = match (operand, strip(condition)) {
                (Some(_), value) => literal(value),
                (None, Expr::BinaryOp { left, op: BinaryOperator::Eq, right }) => {
                    let (of, value) = if literal(right).is_some() { (left, right) } else { (right, left) };
                    let of = self.expr(of, env);
                    if *subject.get_or_insert(of) != of {
                        return false;
                    }
                    literal(value)
                }
                _ => None,
            };
            match value {
                Some(value) if !met.contains(&value) => met.push(value),
                _ => return false,
            }
        }
        // A number may be what a text comes to.
        met.iter().all(|v| v.1) || !met.iter().any(|v| v.1)
    }

    /// A function that is another way to write something.
    pub(super) fn said_otherwise(&self, name: &str, function: &Function, env: &Env<'_>) -> Option<Print> {
        let FunctionArguments::List(list) = &function.args else { return None };
        if function.over.is_some()
            || !function.within_group.is_empty()
            || function.null_treatment.is_some()
            || !list.clauses.is_empty()
        {
            return None;
        }
        let exprs: Option<Vec<&Expr>> = list.args.iter().map(plain).collect();
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        if let Some(filter) = &function.filter {
            // `sum(x) filter (where c)` is `sum(case when c then x end)`.
            let of = match (exprs.as_deref(), list.args.as_slice()) {
                (Some([one]), _) => Some(*one),
                (_, [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]) if name == "count" => None,
                _ => return None,
            };
            let condition = self.expr(filter, env);
            return match of {
                None => Some(counted(condition)),
                Some(of) if name == "count" && !distinct && literal(of).is_some() => Some(counted(condition)),
                Some(of) if SKIP_NULLS.contains(&name) => {
                    Some(aggregate(name, distinct, either(condition, self.expr(of, env), null())))
                }
                Some(_) => None,
            };
        }
        match (name, list.args.as_slice()) {
            ("iff" | "if", [condition, yes, no]) => {
                let [condition, yes, no] = [condition, yes, no].map(|argument| self.argument(argument, env));
                return Some(either(condition, yes, no));
            }
            ("count_if" | "countif", [condition]) if !distinct => {
                return Some(counted(self.argument(condition, env)));
            }
            _ => {}
        }
        match (name, exprs?.as_slice()) {
            ("nvl2", [of, yes, no]) => {
                let there = negated(Print::mix("is null", &[self.expr(of, env)]));
                Some(either(there, self.expr(yes, env), self.expr(no, env)))
            }
            ("coalesce" | "ifnull" | "nvl", [of, other]) => {
                truth_of(other).map(|value| or_else(self.expr(of, env), value))
            }
            ("count", [Expr::Case { operand: None, conditions, else_result: None, .. }]) if !distinct => {
                match conditions.as_slice() {
                    [when] if literal(&when.result).is_some() => Some(counted(self.expr(&when.condition, env))),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The print of a function as [`Printer::function`] makes it.
fn aggregate(name: &str, distinct: bool, of: Print) -> Print {
    let mut parts = vec![Print::of(name)];
    parts.extend(distinct.then(|| Print::of("distinct")));
    parts.push(of);
    Print::mix("function", &parts)
}

fn counted(condition: Print) -> Print {
    Print::mix("count where", &[condition])
}

fn plain(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

/// A text or number by what tells it apart in every database, and whether it is a number.
fn literal(expr: &Expr) -> Option<(String, bool)> {
    let Expr::Value(value) = strip(expr) else { return None };
    match &value.value {
        Value::Number(number, _) => Some((number.parse::<f64>().ok()?.to_string(), true)),
        // Where case and blanks at the end count for nothing; `'1'` and `'01'` can be one number.
        Value::SingleQuotedString(text) if text.parse::<f64>().is_err() => {
            Some((text.trim_end().to_lowercase(), false))
        }
        _ => None,
    }
}

fn truth_of(expr: &Expr) -> Option<bool> {
    match strip(expr) {
        Expr::Value(value) => match &value.value {
            Value::Boolean(truth) => Some(*truth),
            _ => None,
        },
        _ => None,
    }
}

/// Whether it can be nothing but true, false and null.
fn is_boolean(expr: &Expr) -> bool {
    use BinaryOperator as B;
    match strip(expr) {
        Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::InList { .. } | Expr::Between { .. } | Expr::Exists { .. } => true,
        Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsFalse(_) | Expr::IsNotFalse(_) => true,
        Expr::UnaryOp { op: UnaryOperator::Not, .. } => true,
        Expr::BinaryOp { op, .. } => {
            matches!(op, B::Eq | B::NotEq | B::Lt | B::LtEq | B::Gt | B::GtEq | B::And | B::Or)
        }
        // One that gives a boolean where the other is null gives booleans.
        Expr::Function(Function { args: FunctionArguments::List(list), name, .. }) => {
            let name = name.to_string().to_lowercase();
            matches!(name.as_str(), "coalesce" | "ifnull" | "nvl")
                && list.args.iter().filter_map(plain).any(|e| truth_of(e).is_some())
        }
        other => truth_of(other).is_some(),
    }
}

/// `true` or `false`.
pub(super) fn truth(value: bool) -> Print {
    negate_if(!value, Print::of("true"))
}

/// `not x`; and `not not x` is `x`.
pub(super) fn negated(print: Print) -> Print {
    const NOT: u64 = 0x5bd1_e995_9d1b_54a5;
    Print { own: print.own ^ NOT, deep: print.deep ^ NOT }
}

pub(super) fn negate_if(turned: bool, print: Print) -> Print {
    if turned { negated(print) } else { print }
}

/// `a = b`.
pub(super) fn equal(a: Print, b: Print) -> Print {
    Print::set("=", [a, b])
}

fn null() -> Print {
    Print::mix("literal", &[Print::hash(Value::Null)])
}

/// `case when condition then yes else no end`.
fn either(condition: Print, yes: Print, no: Print) -> Print {
    if (yes, no) == (truth(true), truth(false)) {
        return or_else(condition, false);
    }
    Print::mix("case", &[condition, yes, no])
}

/// `coalesce(x, false)`, `x is true`.
fn or_else(of: Print, value: bool) -> Print {
    Print::mix("or else", &[of, truth(value)])
}

/// `a <= b`.
fn at_most(a: Print, b: Print) -> Print {
    Print::mix("<=", &[a, b])
}

/// `a and b`.
pub(super) fn both(a: Print, b: Print) -> Print {
    if a == truth(true) {
        b
    } else if b == truth(true) {
        a
    } else {
        Print::set("and", [a, b])
    }
}
