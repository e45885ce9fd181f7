//! What a model computes.

use std::collections::BTreeSet;

use crate::spec::{Function, Measure as Computed, Model};
use crate::vocabulary::{Name, TableRef};

use super::Assembly;
use super::columns::Scope;
use super::names::{head, snake};
use crate::requirement::Question;
use crate::requirement::piece::{Formula, Kind, Measure, Noun, Shape, What};
use crate::requirement::roles;
use crate::requirement::stem::plural;

impl<'a> Assembly<'_, 'a> {
    /// Adds what is asked for to a model, or what a summary has where nothing is named.
    pub(super) fn measures(&mut self, scope: &mut Scope<'a>, model: &mut Model, summary: bool) {
        let asked: Vec<(usize, &Measure<'a>)> = self
            .pieces
            .iter()
            .enumerate()
            .filter_map(|(i, p)| match &p.kind {
                Kind::Measure(m) => Some((i, m)),
                _ => None,
            })
            .collect();
        let titles: BTreeSet<usize> = asked.iter().map(|a| a.0).filter(|i| self.is_title(*i)).collect();
        let alone = asked.len() == 1;
        for (i, measure) in asked {
            // `a daily sales table with …`: its name, where the measures are listed.
            if titles.contains(&i) && self.has_others(&titles) {
                self.note(i, format!("models.{}", model.name));
                continue;
            }
            let words = self.scan.words(&self.pieces[i].tokens);
            let filters = model.filters.len();
            let computed = match self.below.get(&i).copied() {
                Some(home) => self.lifted_measure(scope, home, measure, words),
                None => self.measure(scope, model, measure, words, alone),
            };
            if let Some(mut computed) = computed {
                if model.filters.len() > filters {
                    self.note(i, format!("models.{}.where.{filters}", model.name));
                }
                for part in 0..self.pieces.len() {
                    if self.part_of_one(part) != Some(i) {
                        continue;
                    }
                    for condition in self.conditions(scope, &self.pieces[part]) {
                        Self::only_where(&mut computed, &condition);
                    }
                    self.note(part, format!("models.{}.measures.{}", model.name, computed.name));
                }
                computed = self.then(i, measure, model, computed);
                if let Some((said, name)) = self.called(i) {
                    computed.name = name;
                    self.note(said, format!("models.{}.measures.{}", model.name, computed.name));
                }
                let at = self.add(model, computed);
                self.note(i, format!("models.{}.measures.{}", model.name, model.measures[at].name));
            }
        }
        self.named_columns(scope, model);
        for (i, piece) in self.pieces.iter().enumerate() {
            if let Kind::Define { .. } | Kind::Meaning = piece.kind {
                self.note(i, format!("models.{}.measures", model.name));
            }
        }
        if model.measures.is_empty() && self.questions.is_empty() {
            self.defaults(scope, model, summary);
        }
        self.currencies(scope, model);
    }

    /// What people call a measure: said after it, before the next one.
    fn called(&self, measure: usize) -> Option<(usize, Name)> {
        let after = self.pieces.iter().enumerate().skip(measure + 1);
        let mut own = after.take_while(|(_, p)| !matches!(p.kind, Kind::Measure(_) | Kind::Column(_)));
        own.find_map(|(i, p)| match &p.kind {
            Kind::Called(name) => Some((i, snake(name, "measure"))),
            _ => None,
        })
    }

    fn has_others(&self, titles: &BTreeSet<usize>) -> bool {
        self.pieces.iter().enumerate().any(|(i, p)| matches!(p.kind, Kind::Measure(_)) && !titles.contains(&i))
    }

    /// Whether a measure stands where the name of a table does: `sales table`.
    pub(super) fn is_title(&self, piece: usize) -> bool {
        matches!(self.pieces.get(piece + 1).map(|p| &p.kind), Some(Kind::Artifact { .. }))
    }

    /// Adds a measure under a name that the model doesn't have yet; the same one only once.
    pub(super) fn add(&mut self, model: &mut Model, mut computed: Computed) -> usize {
        // What is kept in cents, in whole units.
        let whole = computed.function().is_some_and(|(_, expr)| expr.contains("/ 100.0"));
        if let Some(bare) = computed.name.as_str().strip_suffix("_cents").filter(|_| whole) {
            computed.name = Name::from_text(bare, "measure");
        }
        let same =
            |m: &Computed| (m.function(), &m.filter, &m.by) == (computed.function(), &computed.filter, &computed.by);
        if let Some(at) = model.measures.iter().position(same) {
            return at;
        }
        let taken = |name: &Name| {
            model.measures.iter().any(|m| m.name == *name) || model.group_by.iter().any(|g| g.name == *name)
        };
        let mut n = 2;
        let first = computed.name.clone();
        while taken(&computed.name) {
            computed.name = Name::from_text(&format!("{first}_{n}"), "measure");
            n += 1;
        }
        model.measures.push(computed);
        model.measures.len() - 1
    }

    pub(super) fn measure(
        &mut self,
        scope: &mut Scope<'a>,
        model: &mut Model,
        measure: &Measure<'a>,
        words: &str,
        alone: bool,
    ) -> Option<Computed> {
        let mut computed = match &measure.what {
            What::Rows => {
                let thing = head_of(self, scope.base);
                let name = Name::from_text(&format!("{thing}_count"), "measure");
                described(Computed::new(name, Function::Count, "*"), format!("Number of {}.", people(&thing)))
            }
            What::Count { noun, active, .. } => self.count(scope, noun, *active, words)?,
            What::Worth { function, noun, revenue } => self.worth(scope, *function, noun.as_ref(), *revenue, words)?,
            What::When { function, noun, day } => self.when(scope, *function, noun, *day, words)?,
            What::Elapsed { function, elapsed } => self.elapsed_measure(scope, *function, elapsed, words)?,
            What::Of { function, formula } => self.of(scope, *function, formula, words)?,
            What::Call(call, formula) => {
                let expr = self.formula(scope, formula, words)?;
                let sql = call.replace("{}", &expr);
                let text = format!("{} of {expr}.", words.trim());
                described(Computed::new(snake(words, "measure"), Function::Expr, sql), super::model::capital(&text))
            }
            What::Share { noun, of, filter, percent } => {
                let filter = filter.as_deref();
                return self.share(scope, model, noun.as_ref(), of, &measure.values, filter, *percent, words);
            }
            What::Ratio { left, right, name, percent } => {
                return self.ratio(scope, model, left, right, name.as_deref(), *percent, words);
            }
            What::Named(name) => {
                let Some(formula) = self.definition(name).cloned() else {
                    self.how_computed(words, Vec::new());
                    return None;
                };
                let expr = self.formula(scope, &formula, words)?;
                self.spoken_order(model, &formula, &expr);
                described(
                    Computed::new(snake(words, "measure"), Function::Sum, expr.clone()),
                    format!("Sum of {expr}."),
                )
            }
        };
        if let (Some((Function::Count, expr)), What::Of { .. }, true) = (computed.function(), &measure.what, alone)
            && expr != "*"
        {
            // What has not happened belongs to no period.
            model.filters.push(format!("{expr} is not null"));
        }
        if !measure.values.is_empty() {
            let noun = match &measure.what {
                What::Count { noun, .. } | What::When { noun, .. } => Some(noun),
                What::Of { formula: Formula::Column(noun), .. } => Some(noun),
                _ => None,
            };
            let condition = self.values(scope, &measure.values, noun, false, words)?;
            if alone {
                model.filters.push(condition);
            } else {
                if computed.function().is_none_or(|(f, _)| f == Function::Expr) {
                    let about = format!("`{words}`: a condition on this measure alone can't be said yet.");
                    self.ask_that(Question::new(about).or_without());
                    return None;
                }
                Self::only_where(&mut computed, &condition);
                let said: Vec<&str> = measure.values.iter().map(|v| self.scan.words(&v.tokens)).collect();
                computed.name = Name::from_text(&format!("{}_{}", said.join("_"), computed.name), "measure");
            }
        }
        Some(computed)
    }

    /// Rows of the base, or different rows of a table that it leads to.
    pub(super) fn count(
        &mut self,
        scope: &mut Scope<'a>,
        noun: &Noun<'a>,
        active: bool,
        words: &str,
    ) -> Option<Computed> {
        if noun.hits.tables.is_empty() {
            let column = self.column(scope, noun, words)?;
            let expr = self.expr(scope, column.table, &column.column.name);
            let name =
                Name::from_text(&format!("{}_count", column.column.name.as_str().trim_end_matches("_id")), "measure");
            let said = people(column.column.name.as_str().trim_end_matches("_id"));
            return Some(described(
                Computed::new(name, Function::CountDistinct, expr),
                format!("Number of different {said}."),
            ));
        }
        let mut tables: Vec<(u32, &'a TableRef)> =
            noun.hits.tables.iter().filter_map(|t| Some((self.distance(scope.base, t)?, *t))).collect();
        tables.sort();
        let (_, table) = *tables.first()?;
        let thing = head_of(self, table);
        let prefix = if active { "active_" } else { "" };
        let name = Name::from_text(&format!("{prefix}{thing}_count"), "measure");
        if table == scope.base {
            return Some(described(
                Computed::new(name, Function::Count, "*"),
                format!("Number of {}.", people(&thing)),
            ));
        }
        self.touch(table);
        let direct: Vec<_> = self.scan.graph.parents(scope.base).iter().filter(|e| e.to == table).cloned().collect();
        let expr = match &direct[..] {
            [edge] if edge.on.len() == 1 => self.expr(scope, scope.base, edge.on[0].0),
            _ => {
                if !self.reach(scope, table, words) {
                    return None;
                }
                let key = self.contract(table)?.key();
                let [key] = key[..] else {
                    let about = format!(
                        "`{words}`: {} has a key of several columns, whose different values can't be counted yet.",
                        table.table
                    );
                    self.ask_that(Question::new(about).or_without());
                    return None;
                };
                self.expr(scope, table, &key.name)
            }
        };
        let of = people(&head_of(self, scope.base));
        Some(described(
            Computed::new(name, Function::CountDistinct, expr),
            format!("Number of different {} with {of}.", people(&thing)),
        ))
    }

    fn of(
        &mut self,
        scope: &mut Scope<'a>,
        function: Function,
        formula: &Formula<'a>,
        words: &str,
    ) -> Option<Computed> {
        let expr = self.formula(scope, formula, words)?;
        if let Formula::Column(noun) = formula {
            let column = self.column(scope, noun, words)?;
            let numeric = column.column.data_type.is_numeric();
            let temporal = column.column.data_type.is_temporal();
            if function == Function::Count {
                // What happened is counted where its time is known.
                let word = self.scan.words(&noun.tokens);
                let one = crate::requirement::stem::singular(&word.to_lowercase());
                let name = Name::from_text(&format!("{one}_count"), "measure");
                let text = format!("Number of {}, rows with {}.", word.to_lowercase(), column.column.name);
                let expr = if column.column.required { "*".to_owned() } else { expr };
                return Some(described(Computed::new(name, function, expr), text));
            }
            let function = match function {
                Function::First if temporal => Function::Min,
                Function::Last if temporal => Function::Max,
                other => other,
            };
            if matches!(function, Function::First | Function::Last) {
                return self.at_end(scope, function, &column.column.name, expr, words);
            }
            if !numeric && !matches!(function, Function::Min | Function::Max) {
                let about = format!(
                    "`{words}`: {} is {}, no number. Which column is meant?",
                    column.column.name, column.column.data_type
                );
                let question = Question::new(about).words(self.scan.words(&noun.tokens));
                self.ask_that(question.or_any(self.numbers_of(scope.base)));
                return None;
            }
            let expr = if temporal
                && words.to_lowercase().contains("date")
                && column.column.data_type != crate::vocabulary::DataType::Date
            {
                format!("cast({expr} as date)")
            } else {
                expr
            };
            let name = match function {
                Function::Sum => total_name(&column.column.name),
                _ if temporal => {
                    let ends = if words.to_lowercase().contains("date") { "date" } else { column.column.name.as_str() };
                    Name::from_text(
                        &if ends == "date" {
                            format!(
                                "{}_{}_date",
                                if function == Function::Min { "first" } else { "last" },
                                head_of(self, column.table)
                            )
                        } else {
                            format!("{}_{ends}", prefix(function))
                        },
                        "measure",
                    )
                }
                f => Name::from_text(&format!("{}_{}", prefix(f), column.column.name), "measure"),
            };
            let of = people(&head_of(self, scope.base));
            return Some(described(
                Computed::new(name, function, expr),
                format!("{} of {} over the {of}.", said(function), column.column.name),
            ));
        }
        // A quotient of columns, for several rows: of their sums, unless a function says otherwise.
        if let (Formula::Op(left, '/', right), Function::Sum) = (formula, function)
            && !right.nouns().is_empty()
            && !words.to_lowercase().starts_with("sum")
        {
            let (l, r) = (self.render(scope, left, words, false)?, self.render(scope, right, words, false)?);
            let expr = format!("sum({l}) / nullif(sum({r}), 0)");
            self.assume("measures", format!("`{words}` is the quotient of the sums: {expr}"));
            let text = format!("Sum of {l} over sum of {r}.");
            return Some(described(Computed::new(snake(words, "measure"), Function::Expr, expr), text));
        }
        Some(described(
            Computed::new(snake(words, "measure"), function, expr.clone()),
            format!("{} of {expr}.", said(function)),
        ))
    }

    /// The value in the first or last row, by the time that rows happened.
    pub(super) fn at_end(
        &mut self,
        scope: &mut Scope<'a>,
        function: Function,
        column: &Name,
        expr: String,
        words: &str,
    ) -> Option<Computed> {
        let (table, time) = self.time(scope, words)?;
        let by = self.expr(scope, table, &time);
        let name = Name::from_text(&format!("{}_{column}", prefix(function)), "measure");
        let text = format!("{} {column}, by {time}.", if function == Function::First { "First" } else { "Last" });
        let mut computed = described(Computed::new(name, function, expr), text);
        computed.by = Some(by);
        Some(computed)
    }

    /// Rows, in a summary also whose they are, and the one amount there is.
    fn defaults(&mut self, scope: &mut Scope<'a>, model: &mut Model, summary: bool) {
        let thing = head_of(self, scope.base);
        let name = Name::from_text(&format!("{thing}_count"), "measure");
        // What is computed from the rows around, or put in an order, is of the rows that are named.
        let shaped = self.pieces.iter().any(|p| {
            matches!(
                p.kind,
                Kind::Shape(Shape::Around(_) | Shape::Against(_) | Shape::Top { .. } | Shape::Compare { .. })
            )
        });
        let mut said = vec!["rows are counted".to_owned()];
        self.add(model, described(Computed::new(name, Function::Count, "*"), format!("Number of {}.", people(&thing))));
        let parent = roles::main_parent(&self.scan.graph, scope.base).cloned();
        if let Some(edge) =
            parent.filter(|e| summary && !shaped && !model.group_by.iter().any(|g| g.name == *e.on[0].0))
        {
            let whose = self.contract(edge.to).map(head).unwrap_or_default();
            let expr = self.expr(scope, scope.base, edge.on[0].0);
            let name = Name::from_text(&format!("{whose}_count"), "measure");
            said.push(format!("so are the different {}", people(&whose)));
            self.add(
                model,
                described(
                    Computed::new(name, Function::CountDistinct, expr),
                    format!("Number of different {} with {}.", people(&whose), people(&thing)),
                ),
            );
        }
        let amount = self.contract(scope.base).and_then(roles::amount).filter(|a| a.others.is_empty() && !shaped);
        if let Some(amount) = amount {
            let expr = self.qualified(scope, &amount);
            let name = if amount.columns.len() == 1 {
                total_name(&amount.columns[0])
            } else {
                Name::from_text("total_amount", "measure")
            };
            said.push(format!("and {} is summed, the one amount there is", amount.expr));
            self.add(
                model,
                described(
                    Computed::new(name, Function::Sum, expr),
                    format!("Sum of {} over the {}.", amount.expr, people(&thing)),
                ),
            );
        }
        self.assume(format!("models.{}.measures", model.name), format!("no measure is named: {}", said.join(", ")));
    }

    /// Amounts of several currencies that are added up.
    fn currencies(&mut self, scope: &Scope<'a>, model: &mut Model) {
        let Some(contract) = self.contract(scope.base) else { return };
        let holder = match roles::currency(contract) {
            Some(column) => Some((scope.base, column)),
            None => scope.joined.iter().find_map(|e| Some((e.to, roles::currency(self.contract(e.to)?)?))),
        };
        let Some((_, column)) = holder else { return };
        let name = column.name.as_str();
        let grouped = model
            .group_by
            .iter()
            .any(|g| g.name == column.name || g.expr.as_deref().is_some_and(|e| e.ends_with(name)));
        let fixed = model.filters.iter().any(|f| f.contains(&format!("{name} = ")));
        if grouped || fixed || column.accepted_values.len() == 1 {
            return;
        }
        let Some(amount) = roles::amount(contract) else { return };
        for measure in &mut model.measures {
            let Some((function @ (Function::Sum | Function::Avg | Function::Expr), expr)) = measure.function() else {
                continue;
            };
            if !amount.columns.iter().any(|c| expr.contains(c.as_str())) {
                continue;
            }
            let which = if column.accepted_values.is_empty() {
                "several currencies".to_owned()
            } else {
                column.accepted_values.join(" and ")
            };
            let does = if function == Function::Avg { "averages" } else { "adds up" };
            // Who reads the column learns it too.
            let told = measure.description.as_deref().map(|d| d.trim_end_matches('.'));
            measure.description = Some(format!("{}, {which} together.", told.unwrap_or("Amounts")));
            self.warnings.push(format!("{} {does} {which}; name a currency, or add {name} to the grain", measure.name));
        }
    }
}

pub(super) fn described(mut computed: Computed, text: String) -> Computed {
    computed.description = Some(text);
    computed
}

pub(super) fn head_of(assembly: &Assembly<'_, '_>, table: &TableRef) -> String {
    assembly.contract(table).map(head).unwrap_or_default()
}

/// `order_item` as people write several of them.
pub(super) fn people(thing: &str) -> String {
    plural(&thing.replace('_', " "))
}

pub(super) fn average_name<'a>(noun: Option<&Noun<'a>>, assembly: &Assembly<'_, 'a>, scope: &Scope<'a>) -> Name {
    let table = noun.and_then(|n| n.hits.tables.first().copied()).unwrap_or(scope.base);
    Name::from_text(&format!("average_{}_value", head_of(assembly, table)), "measure")
}

pub(super) fn total_name(column: &Name) -> Name {
    let text = column.as_str();
    match text {
        "total" => Name::from_text("total_amount", "measure"),
        _ if text.contains("total") => column.clone(),
        _ => Name::from_text(&format!("total_{text}"), "measure"),
    }
}

pub(super) fn prefix(function: Function) -> &'static str {
    match function {
        Function::Avg => "average",
        Function::Min => "min",
        Function::Max => "max",
        Function::Sum => "total",
        Function::Median => "median",
        Function::First => "first",
        Function::Last => "last",
        Function::Count | Function::CountDistinct | Function::Expr => "value",
    }
}

pub(super) fn said(function: Function) -> &'static str {
    match function {
        Function::Avg => "Mean",
        Function::Min => "Smallest value",
        Function::Max => "Largest value",
        Function::Median => "Median",
        _ => "Sum",
    }
}
