//! DataFrames by their names, and what is done with them.

use std::collections::{BTreeSet, HashMap};

use crate::check::python::{Argument, Does, Expr, File, Function, Kind, Span, Statement, argument};
use crate::vocabulary::Diagnostic;

/// What is known of a DataFrame.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// Those that it is made from and that have a name, youngest first, with its own where it has one.
    pub(super) line: Vec<usize>,
    /// Something is done to what was read, or reading it is work.
    pub(super) worked: bool,
    /// Rows are moved between machines for it.
    pub(super) wide: bool,
    /// Few rows, certainly: why.
    pub(super) small: Option<&'static str>,
    /// It is kept.
    pub(super) kept: bool,
    /// It has a hint to be broadcast.
    pub(super) hinted: bool,
    /// It is in one partition, since here.
    pub(super) single: Option<Span>,
    /// Who called may have kept it.
    pub(super) given: bool,
    /// Rows by group, of which a method makes a DataFrame again.
    pub(super) grouped: bool,
    /// The loop that it is named in; none outside of all.
    pub(super) turn: Option<usize>,
}

/// What is done with a named DataFrame.
pub(super) struct Action {
    pub(super) of: usize,
    pub(super) called: &'static str,
    pub(super) at: Span,
    pub(super) light: bool,
    /// The branches that it stands in.
    pub(super) way: Vec<(usize, usize)>,
    /// The loop that it is done in, where that goes through all its turns.
    pub(super) turn: Option<usize>,
}

const READS: &[&str] = &["csv", "json", "text", "parquet", "orc", "table", "load", "jdbc", "sql", "range", "read"];
const WIDE: &[&str] = &[
    "join",
    "crossJoin",
    "distinct",
    "dropDuplicates",
    "drop_duplicates",
    "orderBy",
    "sort",
    "repartition",
    "intersect",
    "subtract",
    "exceptAll",
    "repartitionByRange",
];
const NARROW: &[&str] = &[
    "select",
    "selectExpr",
    "filter",
    "where",
    "withColumn",
    "withColumns",
    "withColumnRenamed",
    "withColumnsRenamed",
    "drop",
    "union",
    "unionAll",
    "unionByName",
    "alias",
    "fillna",
    "dropna",
    "na",
    "fill",
    "replace",
    "sample",
    "toDF",
    "transform",
    "coalesce",
    "hint",
    "mapInPandas",
    "withWatermark",
    "melt",
    "unpivot",
    "describe",
    "summary",
];
const ACTIONS: &[(&str, bool)] = &[
    ("count", false),
    ("collect", false),
    ("toPandas", false),
    ("toLocalIterator", false),
    ("foreach", false),
    ("foreachPartition", false),
    ("show", true),
    ("first", true),
    ("head", true),
    ("take", true),
    ("tail", true),
    ("isEmpty", true),
];
const WRITES: &[&str] = &[
    "save",
    "saveAsTable",
    "parquet",
    "csv",
    "json",
    "orc",
    "text",
    "insertInto",
    "jdbc",
    "append",
    "overwrite",
    "create",
    "createOrReplace",
    "overwritePartitions",
    "replace",
];

/// What is done with DataFrames in a file.
pub(super) fn look(file: &File<'_>, found: &mut Vec<Diagnostic>) {
    if !file.imports.has("pyspark") {
        return;
    }
    scope(file, &file.body, None, found);
    crate::check::python::each_statement(&file.body, &mut |statement| {
        if let Does::Function(function) = &statement.does {
            scope(file, &function.body, Some(function), found);
        }
    });
}

fn scope(file: &File<'_>, body: &[Statement<'_>], function: Option<&Function<'_>>, found: &mut Vec<Diagnostic>) {
    let mut eyes = Eyes {
        file,
        names: HashMap::new(),
        of: Vec::new(),
        actions: Vec::new(),
        kept: BTreeSet::new(),
        way: Vec::new(),
        ifs: 0,
        turns: 0,
        turn: None,
        found: Vec::new(),
        done: BTreeSet::new(),
    };
    for parameter in function.map(|f| f.parameters.as_slice()).unwrap_or_default() {
        let said = parameter.annotation.as_ref().and_then(|a| file.imports.stands_for(a));
        let said = said.is_some_and(|path| path.starts_with("pyspark.") && path.ends_with(".DataFrame"));
        let bare = parameter.annotation.is_none() && (parameter.name == "df" || parameter.name.ends_with("_df"));
        if said || bare {
            let frame = Frame { given: true, worked: true, ..Frame::default() };
            eyes.name(parameter.name, frame);
        }
    }
    eyes.block(body);
    eyes.twice();
    found.append(&mut eyes.found);
}

pub(super) struct Eyes<'e, 'a> {
    pub(super) file: &'e File<'a>,
    pub(super) names: HashMap<&'e str, Frame>,
    /// The name and frame of each number.
    pub(super) of: Vec<(&'e str, Frame)>,
    pub(super) actions: Vec<Action>,
    pub(super) kept: BTreeSet<usize>,
    pub(super) way: Vec<(usize, usize)>,
    pub(super) ifs: usize,
    turns: usize,
    turn: Option<usize>,
    pub(super) found: Vec<Diagnostic>,
    /// Actions that were seen, by where they stand.
    pub(super) done: BTreeSet<Span>,
}

impl<'e> Eyes<'e, '_> {
    fn name(&mut self, name: &'e str, mut frame: Frame) {
        let id = self.of.len();
        frame.turn = self.turn;
        if !frame.grouped {
            frame.line.insert(0, id);
            if frame.kept {
                self.kept.insert(id);
            }
        }
        self.of.push((name, frame.clone()));
        self.names.insert(name, frame);
    }

    fn block(&mut self, body: &'e [Statement<'e>]) {
        body.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &'e Statement<'e>) {
        match &statement.does {
            Does::Assign { targets, value: Some(value) } => {
                let frame = self.frame(value);
                for target in targets {
                    if let Kind::Name(name) = target.kind {
                        match &frame {
                            // Another name for the same.
                            Some(frame) if matches!(value.kind, Kind::Name(_)) => {
                                self.names.insert(name, frame.clone());
                            }
                            Some(frame) => self.name(name, frame.clone()),
                            None => drop(self.names.remove(name)),
                        }
                    }
                }
            }
            Does::Function(_) | Does::Class { .. } => {}
            Does::If(branches) => {
                self.ifs += 1;
                let here = self.ifs;
                for (i, (test, body)) in branches.iter().enumerate() {
                    test.iter().for_each(|t| drop(self.frame(t)));
                    self.way.push((here, i));
                    self.block(body);
                    self.way.pop();
                }
            }
            Does::For { over, body, otherwise, .. } => {
                self.frame(over);
                self.turns += 1;
                let around = self.turn;
                if repeats(over, body) {
                    self.turn = Some(self.turns);
                }
                self.block(body);
                self.turn = around;
                self.block(otherwise);
            }
            _ => {
                crate::check::python::each_own(statement, &mut |e| drop(self.frame(e)));
                crate::check::python::each_body(statement, &mut |body| self.block(body));
            }
        }
    }

    /// The DataFrame that an expression gives; what is done on the way is noted.
    pub(super) fn frame(&mut self, expr: &'e Expr<'e>) -> Option<Frame> {
        match &expr.kind {
            Kind::Name(name) => self.names.get(name).cloned(),
            Kind::Attribute(object, _, _) => {
                self.frame(object)?;
                None
            }
            Kind::Call(function, arguments) => self.call(expr, function, arguments),
            Kind::Binary(left, operator, right) => {
                self.emptiness(expr, left, operator, right);
                self.frame(left);
                self.frame(right);
                None
            }
            _ => {
                crate::check::python::parts(expr, &mut |part| drop(self.frame(part)));
                None
            }
        }
    }

    fn call(&mut self, expr: &'e Expr<'e>, function: &'e Expr<'e>, arguments: &'e [Argument<'e>]) -> Option<Frame> {
        let Kind::Attribute(object, method, _) = &function.kind else {
            let path = self.file.imports.stands_for(function).unwrap_or_default();
            if path == "pyspark.sql.functions.broadcast" {
                let frame = arguments.first().and_then(|a| self.frame(&a.value))?;
                return Some(Frame { hinted: true, ..frame });
            }
            if matches!(function.kind, Kind::Name("print")) {
                self.logged(arguments);
            }
            arguments.iter().for_each(|a| drop(self.frame(&a.value)));
            return None;
        };
        if self.file.imports.stands_for(function).is_some_and(|p| p == "pyspark.sql.functions.broadcast") {
            let frame = arguments.first().and_then(|a| self.frame(&a.value))?;
            return Some(Frame { hinted: true, ..frame });
        }
        if matches!(*method, "info" | "debug" | "warning") && is_logger(object) {
            self.logged(arguments);
        }
        if let Some(frame) = self.made(expr, object, method, arguments) {
            arguments.iter().for_each(|a| drop(self.frame(&a.value)));
            return Some(frame);
        }
        if self.written(expr, object, method) {
            return None;
        }
        let Some(frame) = self.frame(object) else {
            arguments.iter().for_each(|a| drop(self.frame(&a.value)));
            return None;
        };
        self.method(expr, frame, object, method, arguments)
    }

    /// `spark.read.csv(…)`, `spark.table(…)`, `spark.createDataFrame([…])`.
    fn made(&self, expr: &Expr<'_>, object: &Expr<'_>, method: &str, arguments: &[Argument<'_>]) -> Option<Frame> {
        if !is_session(object) {
            return None;
        }
        if method == "createDataFrame" {
            let data = argument(arguments, "data", Some(0))?;
            let literal = matches!(data.kind, Kind::List(..));
            return Some(Frame { small: literal.then_some("it is written out here"), ..Frame::default() });
        }
        if !READS.contains(&method) {
            return None;
        }
        let text = matches!(method, "csv" | "json" | "text") || self.file.of(expr.at).contains("\"csv\"");
        let path = arguments.first().and_then(|a| a.value.text()).unwrap_or_default();
        let small = (text && is_lookup(path)).then_some("it is read from one small file of lookups");
        Some(Frame {
            worked: text || matches!(method, "sql" | "jdbc"),
            wide: method == "sql",
            small,
            ..Frame::default()
        })
    }

    fn method(
        &mut self,
        expr: &'e Expr<'e>,
        frame: Frame,
        object: &'e Expr<'e>,
        method: &'e str,
        arguments: &'e [Argument<'e>],
    ) -> Option<Frame> {
        let others: Vec<Option<Frame>> = arguments.iter().map(|a| self.frame(&a.value)).collect();
        if frame.grouped {
            return Some(Frame { grouped: matches!(method, "pivot"), small: None, ..frame });
        }
        match method {
            "cache" | "persist" | "checkpoint" | "localCheckpoint" => {
                if let Kind::Name(_) = object.kind
                    && let Some(id) = frame.line.first()
                {
                    self.kept.insert(*id);
                    if let Kind::Name(name) = object.kind
                        && let Some(kept) = self.names.get_mut(name)
                    {
                        kept.kept = true;
                    }
                }
                return Some(Frame { kept: true, ..frame });
            }
            "groupBy" | "groupby" | "rollup" | "cube" => {
                return Some(Frame { grouped: true, worked: true, wide: true, single: None, kept: false, ..frame });
            }
            "agg" => {
                return Some(Frame { small: Some("it is one row"), worked: true, wide: true, kept: false, ..frame });
            }
            "limit" => {
                let few = arguments.first().is_some_and(|a| matches!(&a.value.kind, Kind::Number(n) if n.len() <= 5));
                let small = if few { Some("it is limited to a few rows") } else { frame.small };
                return Some(Frame { small, worked: true, kept: false, ..frame });
            }
            _ => {}
        }
        if let Some((called, light)) = ACTIONS.iter().find(|(name, _)| *name == method) {
            self.act(expr, &frame, called, *light);
            if matches!(*called, "collect" | "toPandas") {
                self.collected(expr, &frame, called);
            }
            return None;
        }
        if WIDE.contains(&method) || NARROW.contains(&method) {
            let wide = WIDE.contains(&method);
            if matches!(method, "join" | "crossJoin")
                && let Some(Some(other)) = others.first()
            {
                self.joined(expr, &frame, other);
            }
            let one = matches!(method, "coalesce" | "repartition")
                && arguments.len() == 1
                && matches!(arguments[0].value.kind, Kind::Number("1"));
            let hinted = frame.hinted
                || (method == "hint" && arguments.first().and_then(|a| a.value.text()) == Some("broadcast"));
            let joined = others.iter().flatten();
            let small = if matches!(method, "join" | "crossJoin" | "union" | "unionAll" | "unionByName") {
                joined.clone().next().and_then(|o| o.small).and(frame.small)
            } else {
                frame.small
            };
            let mut line = frame.line.clone();
            joined.for_each(|other| line.extend(other.line.iter().filter(|id| !frame.line.contains(id))));
            let single = if one { Some(expr.at) } else { frame.single.filter(|_| !wide) };
            return Some(Frame {
                worked: true,
                wide: frame.wide || wide,
                single,
                hinted,
                small,
                line,
                kept: false,
                ..frame
            });
        }
        None
    }

    /// `df.write.mode("overwrite").parquet(…)`: whether that is what it is.
    fn written(&mut self, expr: &'e Expr<'e>, object: &'e Expr<'e>, method: &str) -> bool {
        if !WRITES.contains(&method) {
            return false;
        }
        let mut at = object;
        loop {
            match &at.kind {
                Kind::Attribute(frame, "write" | "writeStream", _) => {
                    if let Some(frame) = self.frame(frame) {
                        self.act(expr, &frame, "write", false);
                        self.alone(expr, &frame);
                    }
                    return true;
                }
                Kind::Call(function, _) => match &function.kind {
                    Kind::Attribute(frame, "writeTo", _) => {
                        if let Some(frame) = self.frame(frame) {
                            self.act(expr, &frame, "write", false);
                            self.alone(expr, &frame);
                        }
                        return true;
                    }
                    Kind::Attribute(inner, ..) => at = inner,
                    _ => return false,
                },
                _ => return false,
            }
        }
    }

    fn act(&mut self, expr: &Expr<'_>, frame: &Frame, called: &'static str, light: bool) {
        if frame.kept || !self.done.insert(expr.at) {
            return;
        }
        for of in &frame.line {
            if self.kept.contains(of) {
                break;
            }
            self.actions.push(Action { of: *of, called, at: expr.at, light, way: self.way.clone(), turn: self.turn });
        }
    }
}

/// Whether a loop is sure to take more than one turn, where there is more than one to take.
fn repeats(over: &Expr<'_>, body: &[Statement<'_>]) -> bool {
    let mut leaves = false;
    crate::check::python::each_statement(body, &mut |s| leaves |= matches!(s.does, Does::Leave | Does::Return(_)));
    !leaves && !matches!(&over.kind, Kind::List(all, _) if all.len() < 2)
}

/// `spark`, `spark.read`, `spark.read.option(…)`, `SparkSession.builder.getOrCreate()`.
pub(super) fn is_session(expr: &Expr<'_>) -> bool {
    match &expr.kind {
        Kind::Name(name) => matches!(*name, "spark" | "sqlContext" | "spark_session" | "session" | "sparkSession"),
        Kind::Attribute(object, name, _) => {
            (*name == "read" && is_session(object)) || matches!(*name, "spark" | "_spark")
        }
        Kind::Call(function, _) => match &function.kind {
            Kind::Attribute(object, name, _) => {
                matches!(*name, "option" | "options" | "schema" | "format") && is_session(object)
            }
            _ => false,
        },
        _ => false,
    }
}

fn is_logger(expr: &Expr<'_>) -> bool {
    expr.dotted()
        .and_then(|d| d.last().copied())
        .is_some_and(|name| matches!(name, "log" | "logger" | "logging" | "LOG" | "LOGGER" | "_logger"))
}

/// Whether the name of a file says that it holds a list of few things.
fn is_lookup(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let one = file.ends_with(".csv") || file.ends_with(".json") || file.ends_with(".txt");
    let few = ["dim_", "lookup", "mapping", "codes", "countries", "currencies", "regions", "ref_", "reference"];
    let folders = ["reference", "lookup", "lookups", "ref", "mapping", "mappings", "static", "seeds"];
    let kept_apart = path.to_lowercase().split('/').rev().skip(1).any(|f| folders.contains(&f));
    one && !file.contains('*') && (kept_apart || few.iter().any(|word| file.contains(word)))
}
