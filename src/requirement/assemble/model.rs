//! The model that people asked for.

use indexmap::IndexMap;

use crate::spec::{ColumnRule, Grouping, JoinKind, Model};
use crate::vocabulary::{Name, Relation, TableRef};

use super::columns::Scope;
use super::names::head;
use super::{Asked, Assembly};
use crate::requirement::piece::{GroupItem, Kind};
use crate::requirement::roles;
use crate::requirement::stem::plural;

impl<'a> Assembly<'_, 'a> {
    /// Builds the model on its base.
    pub(super) fn mart(&mut self, base: &'a TableRef, name: Name, asked: Asked) -> Model {
        let mut scope = Scope::new(base);
        let mut model = Model::new(name, Relation::Model(self.staging_name(base)));
        self.touch(base);
        // Names are judged against everything in scope, so the joins come first: a dry run brings them in.
        for dry in [true, false] {
            let kept = (self.assumed.clone(), self.warnings.clone(), self.became.clone());
            let mut draft = Model::new(model.name.clone(), model.from.clone());
            self.window(&mut scope, &mut draft);
            (scope.more, self.between) = (Vec::new(), Vec::new());
            self.filters(&mut scope, &mut draft);
            self.others(&mut scope, &mut draft);
            self.dedupe(&mut scope, &mut draft);
            if !asked.rows {
                self.groups(&mut scope, &mut draft);
            }
            if asked.rows {
                self.rows(&mut scope, &mut draft);
                self.elapsed_columns(&mut scope, &mut draft, true);
            } else {
                self.computed_groups(&mut scope, &mut draft);
                self.elapsed_columns(&mut scope, &mut draft, false);
                self.measures(&mut scope, &mut draft, asked.summary);
                self.pivots(&mut scope, &mut draft);
                self.kept_or_summed(&draft);
            }
            self.result(&mut scope, &mut draft);
            if dry {
                (self.assumed, self.warnings, self.became) = kept;
                if !self.questions.is_empty() {
                    return draft;
                }
            } else {
                model = draft;
            }
        }
        model.joins = self.joins(&scope, &model.filters);
        for edge in scope.joined.clone() {
            self.touch(edge.to);
            let at = model
                .joins
                .iter()
                .position(|j| {
                    let alias = self.scan.twice.get(edge.to).map(|_| &edge.to.table);
                    j.to == self.staging_name(edge.to) && j.alias.as_ref() == alias
                })
                .unwrap_or_default();
            let left = model.joins.get(at).is_some_and(|j| j.kind == JoinKind::Left);
            let kind = if left { "rows without one stay" } else { "rows without one do not count" };
            let because = format!(
                "{} is reached by {}; {kind}",
                edge.to.table,
                edge.on.iter().map(|p| p.0.as_str()).collect::<Vec<_>>().join(", ")
            );
            self.assume(format!("models.{}.joins.{at}", model.name), because);
        }
        model.description = Some(self.describe_model(&model, base));
        self.note_words(&model);
        model
    }

    /// Rows as they are: the columns that are named, all of them if none is.
    pub(super) fn rows(&mut self, scope: &mut Scope<'a>, model: &mut Model) {
        let mut found = Vec::new();
        for (i, piece) in self.at_hand() {
            let words = self.scan.words(&piece.tokens);
            if let Kind::Clean(clean) = &piece.kind
                && clean.listed
            {
                found.extend(self.listed_clean(scope, clean).into_iter().map(|column| (i, column)));
            }
            let Kind::Noun(noun) = &piece.kind else { continue };
            if !noun.hits.tables.is_empty() {
                continue;
            }
            if let Some(column) = self.column(scope, noun, words) {
                found.push((i, column));
            }
        }
        let computed = self.computed_columns(scope);
        if found.is_empty() && computed.is_empty() {
            return;
        }
        // Where no column is named, all stay beside what is computed.
        if found.is_empty() && model.columns.is_empty() {
            for column in self.contract(scope.base).into_iter().flat_map(|c| &c.columns) {
                let expr = self.expr(scope, scope.base, &column.name);
                add(&mut model.columns, column.name.clone(), expr);
            }
        }
        // The key says which row it is.
        if let Some(contract) = self.contract(scope.base) {
            for key in contract.key() {
                let expr = self.expr(scope, scope.base, &key.name);
                add(&mut model.columns, key.name.clone(), expr);
            }
        }
        // `agents with the name of their manager`: what the rows themselves are called says which they are, too.
        let elsewhere = !found.is_empty() && found.iter().all(|(_, c)| c.table != scope.base);
        if let Some(label) = self.contract(scope.base).and_then(roles::label).filter(|_| elsewhere) {
            let expr = self.expr(scope, scope.base, &label.name);
            add(&mut model.columns, label.name.clone(), expr);
        }
        for (i, column) in found {
            let expr = self.expr(scope, column.table, &column.column.name);
            let role = self.scan.twice.get(column.table).map(|role| role.said.join("_"));
            let name = if let Some(role) = role {
                Name::from_text(&format!("{role}_{}", column.column.name), "column")
            } else if model.columns.contains_key(&column.column.name) && column.table != scope.base {
                let thing = self.contract(column.table).map(head).unwrap_or_default();
                Name::from_text(&format!("{thing}_{}", column.column.name), "column")
            } else {
                column.column.name.clone()
            };
            self.note(i, format!("models.{}.columns.{name}", model.name));
            add(&mut model.columns, name, expr);
        }
        for (i, column) in computed {
            self.note(i, format!("models.{}.columns.{}", model.name, column.name));
            let rule =
                ColumnRule { expr: Some(column.expr), description: Some(column.description), ..ColumnRule::default() };
            model.columns.insert(column.name, rule);
        }
    }

    /// What a row is, in a sentence.
    fn describe_model(&self, model: &Model, base: &TableRef) -> String {
        let thing = self.contract(base).map(head).unwrap_or_default().replace('_', " ");
        let things = capital(&plural(&thing));
        let mut out = things;
        if model.group_by.is_empty() && !model.measures.is_empty() {
            out.push_str(" in all, in one row");
        } else if !model.group_by.is_empty() {
            out.push_str(&format!(" per {}", grain_words(&model.group_by).join(" and ")));
        } else {
            out.push_str(", one row each");
        }
        if let Some(dedupe) = model.dedupe.as_ref().filter(|d| !d.whole()) {
            out.push_str(&format!(", only one for each {}", dedupe.by.join(" and ")));
        }
        if let Some(window) = &model.window {
            match window.last {
                Some(last) if last.count == 1 => out.push_str(&format!(", over the last {}", last.unit.as_str())),
                _ => out.push_str(&format!(", over {}", window.said())),
            }
        }
        if !model.filters.is_empty() || model.joins.iter().any(|j| matches!(j.kind, JoinKind::Semi | JoinKind::Anti)) {
            let said = self.said_filters(model);
            out.push_str(", ");
            out.push_str(&said.unwrap_or_else(|| match model.filters.is_empty() {
                true => "only some of them".to_owned(),
                false => format!("where {}", model.filters.join(" and ")),
            }));
        }
        out.push_str(&result_said(model));
        out.push('.');
        out
    }

    /// The conditions in the requirement's own words; none where they make no end of a sentence.
    fn said_filters(&self, model: &Model) -> Option<String> {
        const WITHOUT: &[&str] = &["leave out ", "leaving out ", "exclude ", "excluding ", "except ", "without "];
        const AS_SAID: &[&str] = &["with ", "only ", "whose ", "where ", "that ", "who ", "which ", "but "];
        let prefixes = ["where", "joins"].map(|part| format!("models.{}.{part}.", model.name));
        let mut out = Vec::new();
        for (piece, _) in self
            .became
            .iter()
            .filter(|(_, paths)| paths.iter().any(|p| prefixes.iter().any(|prefix| p.starts_with(prefix))))
        {
            let words = self.scan.words(&self.pieces[*piece].tokens);
            let after = |start: &&str| {
                let head = words.get(..start.len())?;
                head.eq_ignore_ascii_case(start).then(|| &words[start.len()..])
            };
            out.push(match (&self.pieces[*piece].kind, WITHOUT.iter().find_map(after)) {
                (Kind::Noun(_), _) => format!("only {words}"),
                (_, Some(rest)) => format!("without {rest}"),
                _ => {
                    let start = AS_SAID.iter().find(|start| after(start).is_some())?;
                    format!("{start}{}", &words[start.len()..])
                }
            });
        }
        (!out.is_empty()).then(|| out.join(" and "))
    }

    /// Words that became the model as a whole.
    pub(super) fn note_words(&mut self, model: &Model) {
        for (i, piece) in self.pieces.iter().enumerate() {
            let path = match &piece.kind {
                Kind::Artifact { .. } | Kind::Build | Kind::List | Kind::Hint => format!("models.{}", model.name),
                Kind::Noun(noun) if !noun.hits.tables.is_empty() => format!("models.{}.from", model.name),
                Kind::Group(_) if model.measures.is_empty() && model.group_by.is_empty() => {
                    format!("models.{}.from", model.name)
                }
                Kind::Group(items)
                    if items.iter().all(|i| matches!(i, GroupItem::Unit(..))) && model.group_by.is_empty() =>
                {
                    continue;
                }
                _ => continue,
            };
            self.note(i, path);
        }
    }
}

/// The grain as people say it: `day`, `customer`, `category`.
fn grain_words(groups: &[Grouping]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for group in groups {
        let name = group.name.as_str();
        let expr = group.expr.as_deref().unwrap_or_default();
        let day = group.description.as_deref().is_some_and(|d| d.starts_with("Day, "));
        let said = match expr.strip_prefix("date_trunc('").and_then(|e| e.split('\'').next()) {
            Some(unit) => unit.to_owned(),
            None if day => "day".to_owned(),
            None => ["_id", "_code", "_cd", "_no", "_name", "_title"]
                .iter()
                .find_map(|e| name.strip_suffix(e))
                .unwrap_or(name)
                .replace('_', " "),
        };
        if !out.contains(&said) {
            out.push(said);
        }
    }
    out
}

fn add(columns: &mut IndexMap<Name, ColumnRule>, name: Name, expr: String) {
    let expr = Some(expr).filter(|e| *e != name.as_str());
    columns.entry(name).or_insert(ColumnRule { expr, ..ColumnRule::default() });
}

/// With a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

/// What the result's steps add to the sentence about a model.
fn result_said(model: &Model) -> String {
    let mut out = String::new();
    if let Some(fill) = &model.fill {
        out.push_str(&format!(", a {} without rows too", fill.every.as_str()));
    }
    if !model.having.is_empty() {
        out.push_str(&format!(", where {}", model.having.join(" and ")));
    }
    if let Some(top) = &model.top {
        let by: Vec<String> = top.by.iter().map(|o| o.by.replace('_', " ")).collect();
        let which = if top.by.iter().all(|o| o.direction.is_ascending()) { "lowest" } else { "highest" };
        let per: Vec<String> = top.per.iter().map(|p| p.as_str().replace('_', " ")).collect();
        let per = if per.is_empty() { String::new() } else { format!(" of each {}", per.join(" and ")) };
        out.push_str(&format!(", the {} with the {which} {}{per}", top.rows, by.join(", ")));
    }
    out
}
