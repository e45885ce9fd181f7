//! What is hidden: a view in which personal columns are masked, or left out.

use super::Assembly;
use super::names::head;
use crate::contract::{Column, Contract};
use crate::requirement::Question;
use crate::requirement::lexicon::name_parts;
use crate::requirement::piece::{How, Kind, Masking, Target};
use crate::requirement::roles::{Cleanable, cleanable};
use crate::requirement::stem::plural;
use crate::spec::check::sources;
use crate::spec::{ColumnRule, Materialization, Model, Test, TestSeverity};
use crate::vocabulary::{DataType, Name, TableRef};

/// Kinds of personal data that name a person by themselves.
const DIRECT: &[&str] = &["email", "phone", "name", "address", "payment", "ip_address", "credential", "national_id"];

impl<'a> Assembly<'_, 'a> {
    /// Hides in a view of rows what is asked to be hidden; a second view for those it is not hidden from.
    pub(super) fn masked(&mut self, model: &mut Model, base: &'a TableRef, tests: &mut Vec<Test>) -> Option<Model> {
        let contract = self.contract(base)?;
        let asked: Vec<(usize, &Masking<'a>)> = self
            .pieces
            .iter()
            .enumerate()
            .filter_map(|(i, p)| match &p.kind {
                Kind::Mask(masking) => Some((i, masking)),
                _ => None,
            })
            .collect();
        let (readers, but) = self.readers(model);
        if asked.is_empty() {
            model.readers = readers;
            return None;
        }
        if !model.group_by.is_empty() || !model.measures.is_empty() {
            let words = self.scan.words(&self.pieces[asked[0].0].tokens);
            self.ask_that(
                Question::new(format!(
                    "`{words}`: a model that counts and sums holds no such columns; only a view of rows can hide some."
                ))
                .or_without(),
            );
            return None;
        }
        let whole = model.clone();
        if model.columns.is_empty() {
            model.columns = contract.columns.iter().map(|c| (c.name.clone(), ColumnRule::default())).collect();
        }
        let anonymous = asked.iter().any(|(_, m)| m.how == How::Anonymise);
        let masks = anonymous || asked.iter().any(|(_, m)| m.how == How::Mask);
        let mut done: Vec<Name> = Vec::new();
        for (i, masking) in &asked {
            let words = self.scan.words(&self.pieces[*i].tokens);
            for target in &masking.what {
                let columns = targets(contract, base, target);
                if columns.is_empty()
                    && !matches!(target, Target::Noun(n) if n.hits.tables.contains(&base))
                    && !matches!(target, Target::Personal | Target::Of(_))
                {
                    let candidates = contract.columns.iter().map(|c| format!("{}.{}", base.table, c.name)).collect();
                    self.ask(format!("`{words}`: {} has no such column. Which one is hidden?", base.table), candidates);
                    return None;
                }
                // `all personal data of patients` names the same columns twice.
                for column in columns {
                    if done.contains(&column.name) && masking.how != How::Hide {
                        continue;
                    }
                    let at = hide(model, contract, column, masking.how);
                    self.note(*i, format!("models.{}.columns{at}", model.name));
                    done.push(column.name.clone());
                }
            }
            self.note(*i, format!("models.{}.columns", model.name));
        }
        if masks {
            // Who names columns means those, and all else that names a person.
            let all = anonymous || asked.iter().flat_map(|(_, m)| &m.what).any(|t| whole_table(t, base));
            let personal = |kind: &str| all || kind == "birth_date" || DIRECT.contains(&kind);
            for column in contract.columns.iter().filter(|c| c.pii().is_some_and(personal) && !done.contains(&c.name)) {
                let how = if anonymous { How::Anonymise } else { How::Mask };
                hide(model, contract, column, how);
                let because =
                    format!("`{}` holds personal data ({}) as well", column.name, column.pii().unwrap_or("data"));
                self.assume(format!("models.{}.columns", model.name), because);
            }
        }
        if anonymous {
            for key in contract.key() {
                hide(model, contract, key, How::Hash);
            }
            if let [key] = contract.key()[..] {
                tests.extend(["unique", "not_null"].into_iter().filter_map(|test| Name::word(test).ok()).map(|test| {
                    Test {
                        model: model.name.clone(),
                        column: Some(key.name.clone()),
                        test,
                        arguments: [].into_iter().collect(),
                        filter: None,
                        severity: TestSeverity::Error,
                    }
                }));
            }
        }
        self.computed_of_hidden(model, contract);
        // A view's definition would hold the salt.
        let salted = model.columns.values().any(|r| r.mask.as_ref().is_some_and(|m| m == "pseudonym"));
        model.materialization = Some(if salted { Materialization::Table } else { Materialization::View });
        model.readers = readers;
        let thing = plural(&head(contract)).replace('_', " ");
        let said = if anonymous { "anonymised" } else { "with what is personal or not for every reader hidden" };
        model.description = Some(format!("{}{}, {said}, one row each.", thing[..1].to_uppercase(), &thing[1..]));
        let but = but?;
        let mut open = whole;
        open.name = self.free(&Name::from_text(&format!("{}_for_{but}", plural(&head(contract))), "model"));
        open.materialization = Some(Materialization::View);
        open.description =
            Some(format!("{}{} with all columns, for {but}, one row each.", thing[..1].to_uppercase(), &thing[1..]));
        open.readers = vec![Name::from_text(&but, "readers")];
        Some(open)
    }

    /// What is computed of a hidden column is hidden too: a full name of masked names.
    fn computed_of_hidden(&mut self, model: &mut Model, contract: &Contract) {
        let hidden: Vec<(Name, Option<Name>)> =
            contract
                .columns
                .iter()
                .filter_map(|c| {
                    match model.columns.iter().find(|(n, r)| {
                        r.mask.is_some() && (**n == c.name || r.expr.as_deref() == Some(c.name.as_str()))
                    }) {
                        Some((_, rule)) => Some((c.name.clone(), rule.mask.clone())),
                        None if !model.columns.contains_key(&c.name) => Some((c.name.clone(), None)),
                        None => None,
                    }
                })
                .collect();
        for (name, rule) in model.columns.clone().iter().filter(|(_, r)| r.mask.is_none() && r.expr.is_some()) {
            let of = sources(name, rule.expr.as_deref());
            let Some((column, mask)) = hidden.iter().find(|(c, _)| of.contains(c.as_str())) else { continue };
            let mask = mask.as_ref().filter(|m| *m == "name").cloned();
            match mask {
                Some(mask) => {
                    model.columns.entry(name.clone()).or_default().mask = Some(mask);
                    self.assume(
                        format!("models.{}.columns.{name}", model.name),
                        format!("`{name}` is made of `{column}`, which is masked"),
                    );
                }
                None => {
                    model.columns.shift_remove(name);
                    self.assume(
                        format!("models.{}.columns", model.name),
                        format!("`{name}` is made of `{column}`, which is hidden, and left out"),
                    );
                }
            }
        }
    }

    /// Who reads it, and who reads more.
    fn readers(&mut self, model: &Model) -> (Vec<Name>, Option<String>) {
        let (mut readers, mut but) = (Vec::new(), None);
        for (i, piece) in self.pieces.iter().enumerate() {
            let Kind::Readers { name, except } = &piece.kind else { continue };
            self.note(i, format!("models.{}.readers", model.name));
            if *except {
                but = Some(name.clone());
            } else {
                readers.push(Name::from_text(name, "readers"));
            }
        }
        (readers, but)
    }

    /// What a view that hides is called.
    pub(super) fn masked_name(&self, base: &Contract) -> Option<Name> {
        let hows: Vec<How> = self
            .pieces
            .iter()
            .filter_map(|p| match &p.kind {
                Kind::Mask(m) => Some(m.how),
                _ => None,
            })
            .collect();
        let first = *hows.first()?;
        let word = if hows.contains(&How::Anonymise) {
            "anonymised"
        } else if hows.iter().all(|h| *h == How::Hash) && first == How::Hash {
            "pseudonymised"
        } else {
            "masked"
        };
        Some(Name::from_text(&format!("{word}_{}", plural(&head(base))), "model"))
    }
}

/// Whether all that is personal is to be hidden.
fn whole_table(target: &Target<'_>, base: &TableRef) -> bool {
    match target {
        Target::Personal => true,
        Target::Noun(noun) => noun.hits.tables.contains(&base),
        Target::Kind(..) | Target::Of(_) => false,
    }
}

/// The columns of a table that are meant.
fn targets<'a>(contract: &'a Contract, base: &TableRef, target: &Target<'_>) -> Vec<&'a Column> {
    let of_kind = |kind: &str| -> Vec<&'a Column> { contract.columns.iter().filter(|c| is_kind(c, kind)).collect() };
    match target {
        Target::Of(_) => Vec::new(),
        Target::Personal => contract.columns.iter().filter(|c| c.pii().is_some()).collect(),
        Target::Kind(kind, noun) => {
            let found = of_kind(kind);
            let named = noun.iter().flat_map(|n| &n.hits.columns).filter(|c| c.table == base);
            if found.is_empty() {
                named.filter_map(|c| contract.column(c.column.name.as_str())).collect()
            } else {
                found
            }
        }
        Target::Noun(noun) if noun.hits.tables.contains(&base) => {
            contract.columns.iter().filter(|c| c.pii().is_some()).collect()
        }
        Target::Noun(noun) => {
            let own = noun.hits.columns.iter().filter(|c| c.table == base);
            own.filter_map(|c| contract.column(c.column.name.as_str())).collect()
        }
    }
}

fn is_kind(column: &Column, kind: &str) -> bool {
    if column.pii() == Some(kind) {
        return true;
    }
    let parts = name_parts(&column.physical_name, column.name.as_str());
    match kind {
        "email" => cleanable(column) == Some(Cleanable::Email),
        "phone" => cleanable(column) == Some(Cleanable::Phone),
        "birth_date" => {
            column.data_type.is_temporal() && parts.iter().any(|p| p.starts_with("birth") || p == "dob" || p == "born")
        }
        "address" => column.data_type == DataType::Text && parts.iter().any(|p| p == "address" || p == "street"),
        _ => false,
    }
}

/// Hides one column; where it then stands, as the end of a path.
fn hide(model: &mut Model, contract: &Contract, column: &Column, how: How) -> String {
    let name = &column.name;
    let kind =
        column.pii().or_else(|| ["email", "phone", "birth_date", "address"].into_iter().find(|k| is_kind(column, k)));
    let gone = match how {
        How::Hide => true,
        How::Anonymise => kind.is_some_and(|k| DIRECT.contains(&k)) && column.primary_key.is_none(),
        _ => false,
    };
    if gone {
        model.columns.shift_remove(name);
        return String::new();
    }
    let text = column.data_type == DataType::Text;
    let mask = match how {
        How::Hash => "pseudonym",
        How::Year => "year",
        How::LastFour if text => "last_four",
        _ => match kind {
            Some("email") if text => "email",
            Some("phone") if text => "phone",
            Some("name") if text => "name",
            Some("address") if text => "address",
            Some("payment") if text => "last_four",
            _ if column.data_type.is_temporal() => "year",
            _ if column.primary_key.is_some() || column.references.is_some() => "pseudonym",
            _ => "redact",
        },
    };
    let Ok(rule) = Name::parse(mask) else { return String::new() };
    if mask == "year" {
        // A year is no date: the column says what it holds.
        let text = name.as_str();
        let new = ["_date", "_on", "_at", "date"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
        let new = Name::from_text(&format!("{}_year", new.trim_end_matches('_')), "year");
        let taken = contract.column(new.as_str()).is_some();
        let new = if taken { Name::from_text(&format!("{name}_year"), "year") } else { new };
        let at = model.columns.get_index_of(name).unwrap_or(model.columns.len());
        model.columns.shift_remove(name);
        let rule = ColumnRule { mask: Some(rule), expr: Some(name.to_string()), ..ColumnRule::default() };
        model.columns.shift_insert(at.min(model.columns.len()), new.clone(), rule);
        return format!(".{new}");
    }
    model.columns.entry(name.clone()).or_default().mask = Some(rule);
    format!(".{name}")
}
