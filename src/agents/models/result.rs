//! What happens to the rows of the result, after the groups: gaps filled, conditions, measures over the rows around, the first
//! rows. All of it names columns of the result.

use std::collections::BTreeSet;

use super::{Column, Target, describe, query};
use crate::spec::{Fill, Function, Model, Over, Windowed};
use crate::sql::lower::{Code, Scope, ScopeColumn, aggregate, date_add_code, lower, type_code};
use crate::vocabulary::{DataType, Diagnostic, Name, Place, Unit};

/// A step that takes the rows of the one before it.
#[derive(Clone, Debug)]
pub enum After {
    /// Periods without rows become rows.
    Filled(Box<Filled>),
    /// Rows that meet conditions.
    Kept(Vec<Code>),
    /// Columns from the rows around.
    Windowed(Vec<Target>),
    /// The first rows in an order.
    Top {
        /// The place of a row, and what it is called while rows are counted.
        place: Target,
        /// How many.
        rows: u32,
        /// The columns of the result.
        columns: Vec<Name>,
    },
}

/// How gaps are filled.
#[derive(Clone, Debug)]
pub struct Filled {
    /// The column of the period.
    pub over: Name,
    /// The day or hour that is `steps` periods after `first_period`.
    pub period: Code,
    /// How many periods there are at most.
    pub most: u32,
    /// The first and the last period, where they are not those of the rows.
    pub ends: [Option<Code>; 2],
    /// The other groups, and whether they may be null.
    pub groups: Vec<(Name, bool)>,
    /// All columns; what a row that was missing holds where it is no group.
    pub columns: Vec<(Name, Option<&'static str>)>,
}

/// The steps, and the columns of the result with what they add.
pub(super) struct Shaping<'a> {
    pub model: &'a Model,
    /// Columns that tell the rows of the result apart, where known.
    pub grain: Vec<Name>,
    /// The columns so far; none where they are not known.
    pub columns: Option<Vec<Column>>,
    pub place: &'a dyn Fn(&str) -> Place,
    pub faults: &'a mut Vec<Diagnostic>,
    pub macros: &'a mut BTreeSet<Name>,
}

impl Shaping<'_> {
    pub fn steps(&mut self) -> Vec<After> {
        let model = self.model;
        let mut steps = Vec::new();
        if let Some(fill) = &model.fill {
            steps.extend(self.fill(fill));
        }
        let (before, after): (Vec<usize>, Vec<usize>) =
            (0..model.having.len()).partition(|i| !self.names_windowed(&model.having[*i]));
        self.kept(&before, &mut steps);
        // What reads a windowed measure comes in a step after it.
        let mut todo: Vec<(usize, &Windowed)> = model.windowed.iter().enumerate().collect();
        while !todo.is_empty() {
            let waits = |w: &Windowed| w.over().is_some_and(|(_, of)| todo.iter().any(|(_, t)| t.name == *of));
            let (later, now): (Vec<_>, Vec<_>) = todo.iter().partition(|(_, w)| waits(w));
            if now.is_empty() {
                break;
            }
            let targets: Vec<Target> = now.into_iter().filter_map(|(i, w)| self.windowed(w, i)).collect();
            if !targets.is_empty() {
                steps.push(After::Windowed(targets));
            }
            todo = later;
        }
        self.kept(&after, &mut steps);
        steps.extend(self.top());
        steps
    }

    fn fault(&mut self, at: &str, fault: Diagnostic) {
        self.faults.push(fault.at((self.place)(at)));
    }

    fn names_windowed(&self, condition: &str) -> bool {
        let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        condition.split(word).any(|w| self.model.windowed.iter().any(|m| m.name == *w))
    }

    /// A column by name; a fault where the columns are known and it is none of them.
    fn column(&mut self, name: &Name, at: &str) -> Option<Column> {
        let Some(columns) = &self.columns else { return Some(query::unknown_column(name)) };
        let found = columns.iter().find(|c| c.name == *name).cloned();
        if found.is_none() {
            let fault = Diagnostic::error("unknown-column", format!("the result has no column `{name}`"));
            let next =
                super::near(name.as_str(), columns.iter().map(|c| c.name.as_str()), "name a column of the result");
            self.fault(at, fault.next(next));
        }
        found
    }

    fn scope(&self) -> Scope {
        let relation = &self.model.name;
        let column = |c: &Column| ScopeColumn {
            relation: relation.clone(),
            name: c.name.clone(),
            sql: c.name.to_string(),
            data_type: c.data_type,
            nullable: c.nullable,
            hidden: false,
        };
        match &self.columns {
            Some(columns) => Scope { columns: columns.iter().map(column).collect(), open: Vec::new() },
            None => Scope { columns: Vec::new(), open: vec![(relation.clone(), String::new())] },
        }
    }

    fn lower(&mut self, text: &str, at: &str) -> Option<(Code, bool)> {
        match lower(text, &self.scope()) {
            Ok(lowered) if lowered.aggregate => {
                let fault = Diagnostic::error("aggregate", "an aggregate can't stand here");
                self.fault(at, fault.next("make it a measure, and name that"));
                None
            }
            Ok(lowered) => {
                self.macros.extend(lowered.macros.iter().filter_map(|m| Name::parse(m).ok()));
                Some((lowered.code, lowered.nullable))
            }
            Err(fault) => {
                self.fault(at, fault);
                None
            }
        }
    }

    fn kept(&mut self, which: &[usize], steps: &mut Vec<After>) {
        let mut conditions = Vec::new();
        for i in which {
            let Some((code, _)) = self.lower(&self.model.having[*i], &format!("having.{i}")) else { continue };
            conditions.push(if matches!(&code, Code::Chain("or", _)) { code.nested() } else { code });
        }
        if !conditions.is_empty() {
            steps.push(After::Kept(conditions));
        }
    }

    fn fill(&mut self, fill: &Fill) -> Option<After> {
        let over = self.column(&fill.over, "fill.over")?;
        let kind = over.data_type.unwrap_or(DataType::Timestamp);
        let mut end = |said: &Option<String>, field: &str| {
            let text = format!("date_trunc('{}', {})", fill.every.as_str(), said.as_ref()?);
            let (code, _) = self.lower(&text, &format!("fill.{field}"))?;
            Some(Code::cast(code, type_code(kind)))
        };
        let ends = [end(&fill.from, "from"), end(&fill.to, "to")];
        let model = self.model;
        let (unit, each, most) = match fill.every {
            Unit::Hour => ("hour", 1, 1 << 18),
            Unit::Day => ("day", 1, 1 << 16),
            Unit::Week => ("day", 7, 1 << 14),
            Unit::Month => ("month", 1, 1 << 12),
            Unit::Quarter => ("month", 3, 1 << 10),
            Unit::Year => ("year", 1, 1 << 9),
        };
        let steps = if each == 1 { "numbers.steps".to_owned() } else { format!("{each} * numbers.steps") };
        let moved = date_add_code(unit, &Code::text(steps), &Code::text("bounds.first_period"));
        let period = Code::cast(moved, type_code(kind));
        let zero = |name: &Name| {
            let function = model.measures.iter().find(|m| m.name == *name).and_then(|m| m.function());
            matches!(function, Some((Function::Count | Function::CountDistinct | Function::Sum, _)))
        };
        let is_group = |name: &Name| model.group_by.iter().any(|g| g.name == *name);
        let columns = self.columns.iter_mut().flatten();
        let mut shown = Vec::new();
        let mut groups = Vec::new();
        for column in columns {
            let zero = zero(&column.name);
            if !is_group(&column.name) {
                column.nullable |= !zero;
                column.description = if zero {
                    format!("{} Zero where a {} has no rows.", column.description, fill.every.as_str())
                } else {
                    column.description.clone()
                };
                shown.push((column.name.clone(), Some(if zero { "0" } else { "null" })));
                continue;
            }
            shown.push((column.name.clone(), None));
            if column.name != fill.over {
                groups.push((column.name.clone(), column.nullable));
            }
        }
        Some(After::Filled(Box::new(Filled { over: fill.over.clone(), period, most, ends, groups, columns: shown })))
    }

    fn windowed(&mut self, windowed: &Windowed, i: usize) -> Option<Target> {
        let at = format!("windowed.{i}");
        let Some((over, of)) = windowed.over() else {
            let fault = Diagnostic::error("windowed", format!("`{}` names no function, or several", windowed.name));
            let next = "one of running, moving_average, moving_sum, previous, change, growth, share, rank";
            self.fault(&at, fault.next(next));
            return None;
        };
        let column = self.column(of, &format!("{at}.{}", over.field()))?;
        let mut per = Vec::new();
        for (n, name) in windowed.per.iter().enumerate() {
            per.push(self.column(name, &format!("{at}.per.{n}"))?.name);
        }
        let order = if over.ordered() { self.order(windowed, &per, &at)? } else { Vec::new() };
        let partition: Vec<Code> = per.iter().map(|p| Code::text(p.as_str())).collect();
        let around = |call: Code, order: &[Code], frame: &str| Code::Over {
            call: Box::new(call),
            partition: partition.clone(),
            order: order.to_vec(),
            frame: frame.to_owned(),
        };
        let back = windowed.back.unwrap_or(1);
        let lag = || {
            let back = (back > 1).then(|| Code::text(back.to_string()));
            around(Code::call("lag", [Code::text(of.as_str())].into_iter().chain(back).collect()), &order, "")
        };
        let this = Code::text(of.as_str());
        let exact = |code: Code| match column.data_type {
            // Half of the databases cut the quotient of whole numbers.
            None | Some(DataType::Integer) => Code::cast(code, Code::Jinja("dbt.type_numeric()".into())),
            _ => code,
        };
        let hundred = |code: Code| match windowed.percent {
            true => Code::Chain("*", vec![Code::text("100"), code.nested()]),
            false => code,
        };
        let fraction = column.data_type.filter(|t| *t == DataType::Float);
        let (code, data_type, nullable) = match over {
            Over::Running => {
                let frame = "rows between unbounded preceding and current row";
                let summed = self.summed(&column);
                (around(Code::call("sum", vec![this]), &order, frame), summed, column.nullable)
            }
            Over::MovingAverage => {
                let before = windowed.rows.unwrap_or(2).saturating_sub(1);
                let frame = format!("rows between {before} preceding and current row");
                (around(Code::call("avg", vec![exact(this)]), &order, &frame), fraction, column.nullable)
            }
            Over::MovingSum => {
                let before = windowed.rows.unwrap_or(2).saturating_sub(1);
                let frame = format!("rows between {before} preceding and current row");
                let summed = self.summed(&column);
                (around(Code::call("sum", vec![this]), &order, &frame), summed, column.nullable)
            }
            Over::Previous => (lag(), column.data_type, true),
            Over::Change => (Code::Chain("-", vec![this, lag()]), column.data_type, true),
            Over::Growth => {
                let before = Code::call("nullif", vec![lag(), Code::text("0")]);
                let ratio = Code::Chain("/", vec![exact(this), before]);
                (hundred(Code::Chain("-", vec![ratio, Code::text("1")])), fraction, true)
            }
            Over::Share => {
                let whole = around(Code::call("sum", vec![this.clone()]), &[], "");
                let part = exact(this);
                let part = if windowed.percent { Code::Chain("*", vec![Code::text("100"), part]) } else { part };
                let whole = Code::call("nullif", vec![whole, Code::text("0")]);
                (Code::Chain("/", vec![part, whole]), fraction, true)
            }
            Over::Rank => {
                let by = this.ordered(!windowed.ascending, column.nullable);
                (around(Code::text("rank()"), &[by], ""), Some(DataType::Integer), false)
            }
        };
        let said = windowed.description.as_deref().map(describe::sentence);
        let by = if over.ordered() { self.ordered_by(windowed) } else { None };
        let description = said.unwrap_or_else(|| describe::windowed(windowed, over, of, by.as_ref()));
        let name = windowed.name.clone();
        if let Some(columns) = &mut self.columns {
            let pii = column.pii.filter(|_| over != Over::Rank);
            let added = Column { data_type, nullable, pii, description, ..query::unknown_column(&name) };
            columns.push(added);
        }
        Some(Target { name, code })
    }

    /// The type of a sum of it.
    fn summed(&self, column: &Column) -> Option<DataType> {
        let argument = lower(column.name.as_str(), &self.scope()).ok()?;
        aggregate("sum", false, Some(argument)).ok()?.data_type
    }

    /// The column that says which row is before which.
    fn ordered_by(&self, windowed: &Windowed) -> Option<Name> {
        let known = |name: &Name| self.columns.iter().flatten().find(|c| c.name == *name);
        let temporal = |name: &&Name| known(name).is_some_and(|c| c.data_type.is_some_and(DataType::is_temporal));
        let mut groups = self.model.group_by.iter().map(|g| &g.name);
        windowed.order.clone().or_else(|| groups.find(temporal).cloned())
    }

    /// That column, and then the rest of the grain, so that the order is the same each time.
    fn order(&mut self, windowed: &Windowed, per: &[Name], at: &str) -> Option<Vec<Code>> {
        let Some(first) = self.ordered_by(windowed) else {
            let what = format!("nothing says which row is before which for `{}`", windowed.name);
            let fault = Diagnostic::error("windowed-order", what).why("no group is a date or timestamp");
            self.fault(at, fault.next("name `order`, a column of the result"));
            return None;
        };
        let nullable = self.column(&first, &format!("{at}.order"))?.nullable;
        let mut by = vec![Code::text(first.as_str()).ordered(false, nullable)];
        by.extend(self.ties(&[first], per));
        Some(by)
    }

    /// What tells rows apart that are alike so far.
    fn ties(&self, by: &[Name], per: &[Name]) -> Vec<Code> {
        let columns = self.columns.iter().flatten();
        let rest = columns.filter(|c| self.grain.is_empty() || self.grain.contains(&c.name));
        let rest = rest.filter(|c| !by.contains(&c.name) && !per.contains(&c.name));
        rest.map(|c| Code::text(c.name.as_str()).ordered(false, c.nullable)).collect()
    }

    fn top(&mut self) -> Option<After> {
        let top = self.model.top.as_ref()?;
        let Some(columns) = self.columns.clone() else {
            let fault = Diagnostic::error("unknown-columns", "the columns of the result are not known");
            self.fault("top", fault.next("name them in `columns`"));
            return None;
        };
        let (mut by, mut plain) = (Vec::new(), Vec::new());
        for (i, order) in top.by.iter().enumerate() {
            let (code, nullable) = self.lower(&order.by, &format!("top.by.{i}.by"))?;
            plain.extend(order.by.trim().parse::<Name>());
            by.push(code.ordered(!order.direction.is_ascending(), nullable));
        }
        for (i, per) in top.per.iter().enumerate() {
            self.column(per, &format!("top.per.{i}"))?;
        }
        by.extend(self.ties(&plain, &top.per));
        let partition = top.per.iter().map(|p| Code::text(p.as_str())).collect();
        let name = super::unused("place_in_order", |n| columns.iter().any(|c| c.name == *n));
        let call = Box::new(Code::text("row_number()"));
        let code = Code::Over { call, partition, order: by, frame: String::new() };
        let columns = columns.into_iter().map(|c| c.name).collect();
        Some(After::Top { place: Target { name, code }, rows: top.rows, columns })
    }
}
