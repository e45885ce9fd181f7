//! A document of the standard to a contract.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{CustomProperty, Document, Property};
use super::{
    CURSOR, CURSORS, DRIFT, INFERRED_KEY, LANDING, PII_CONFIDENCE, PROFILE, READING, SCHEMA, STATISTICS, TYPE,
    followed, relationships, types,
};
use crate::contract::{Column, Contract, Followed, TableKind, TableProfile};
use crate::document;
use crate::vocabulary::{DataType, Diagnostic, Fault, Name, Outcome, Place, TableRef, nearest};

/// Collects what is wrong while a contract is put together.
pub(super) struct Reading<'a> {
    file: &'a str,
    faults: Vec<Diagnostic>,
}

impl Reading<'_> {
    pub(super) fn fault(
        &mut self,
        code: &'static str,
        path: impl Into<String>,
        what: impl Into<String>,
    ) -> &mut Diagnostic {
        self.faults.push(Diagnostic::error(code, what).at(Place::path(self.file, path)));
        let last = self.faults.len() - 1;
        &mut self.faults[last]
    }

    /// The name that `text` must be; where it is none, a fault, and the nearest name so that reading goes on.
    pub(super) fn name(&mut self, text: &str, path: &str) -> Name {
        Name::parse(text).unwrap_or_else(|why| {
            self.fault("bad-name", path, why).next =
                Some("name it so, and keep what the source calls it in `physicalName`".into());
            Name::from_text(text, "name")
        })
    }
}

/// Reads the contract of one table. Its source is the folder in `contracts/<source>/<table>.odcs.yaml`; of a text that
/// comes from elsewhere, what its `id` names.
///
/// # Errors
/// All that is wrong with it, each with file, line and column.
pub fn read(file: &str, text: &str) -> Outcome<Contract> {
    let document: Document = document::parse(file, text)?;
    let mut reading = Reading { file, faults: Vec::new() };
    let contract = contract(&mut reading, document);
    let mut faults = reading.faults;
    document::pin(&mut faults, &BTreeMap::from([(file.to_owned(), text.to_owned())]));
    Fault::unless_empty(faults)?;
    contract.ok_or_else(|| Diagnostic::error("no-table", "the contract has no table").at(Place::file(file)).into())
}

fn contract(reading: &mut Reading<'_>, document: Document) -> Option<Contract> {
    if document.kind != "DataContract" {
        reading.fault("wrong-value", "kind", "`kind` must be `DataContract`");
    }
    if !document.api_version.starts_with("v3.") {
        let what = format!("version {} of the standard is not read here", document.api_version.escape_debug());
        reading.fault("wrong-value", "apiVersion", what).next = Some("set `apiVersion: v3.2.0`".into());
    }
    let mut tables = document.schema.unwrap_or_default();
    if tables.len() != 1 {
        let what = format!("a contract holds one table, this one has {}", tables.len());
        reading.fault("one-table", "schema", what).next = Some("write one file a table".into());
        return None;
    }
    let table = tables.pop()?;
    let path = format!("schema.{}", table.name);
    let name = reading.name(&table.name, &format!("{path}.name"));
    let source = source(reading, &document.id, &name)?;
    let kind = match table.physical_type.as_deref() {
        Some(t) if t.eq_ignore_ascii_case("view") => TableKind::View,
        _ => TableKind::Table,
    };
    let mut columns = Vec::new();
    for property in table.properties.iter().flatten() {
        columns.push(column(reading, property, &format!("{path}.properties.{}", property.name)));
    }
    // A key whose columns have no positions has them in their order.
    let mut key: Vec<&mut u32> = columns.iter_mut().filter_map(|c| c.primary_key.as_mut()).collect();
    if key.iter().all(|position| **position == 0) {
        key.iter_mut().zip(1..).for_each(|(position, n)| **position = n);
    }
    let foreign_keys = relationships::of_table(reading, &table, &mut columns, &path);
    let at = format!("{path}.customProperties");
    let Custom { schema, reading: form, cursor, profile, mut followed } =
        custom(reading, &table.custom_properties, &mut columns, &at);
    followed.retired = document.status.as_deref().is_some_and(|s| s.eq_ignore_ascii_case(followed::RETIRED));
    let contract = Contract {
        source,
        table: name,
        physical_schema: schema,
        physical_name: table.physical_name.unwrap_or(table.name),
        kind,
        description: table.description.or(document.description.and_then(|d| d.purpose)).map(|d| d.trim().to_owned()),
        columns,
        foreign_keys,
        cursor,
        profile,
        reading: form,
        followed,
    };
    check(reading, &contract, &path);
    Some(contract)
}

/// The source by the file's folder, else by the id.
fn source(reading: &mut Reading<'_>, id: &str, table: &Name) -> Option<Name> {
    let of_id = id.parse::<TableRef>().ok();
    let folder = reading.file.strip_prefix("contracts/").and_then(|f| f.strip_suffix(".odcs.yaml")).map(str::to_owned);
    let Some((source, stem)) = folder.as_deref().and_then(|f| f.split_once('/')) else {
        if of_id.is_none() {
            reading.fault("contract-id", "id", "the id must be SOURCE.TABLE").next =
                Some(format!("write `id: shop.{table}`"));
        }
        return of_id.map(|t| t.source);
    };
    let source = Name::parse(source)
        .map_err(|why| {
            reading.fault("bad-name", "id", format!("the folder of a contract is its source: {why}"));
        })
        .ok()?;
    if *table != *stem {
        reading
            .fault("contract-path", "schema.0.name", format!("table `{table}` stands in a file named `{stem}`"))
            .next = Some(format!("rename the file to contracts/{source}/{table}.odcs.yaml, or the table"));
    }
    let here = TableRef { source, table: table.clone() };
    if let Some(other) = of_id.filter(|other| *other != here) {
        reading.fault("contract-id", "id", format!("the id is `{other}`, the file that of `{here}`")).next =
            Some(format!("write `id: {here}`"));
    }
    Some(here.source)
}

/// Longest example that is read: requirements name no longer ones.
const EXAMPLE: usize = 80;

fn column(reading: &mut Reading<'_>, property: &Property, path: &str) -> Column {
    let name = reading.name(&property.name, &format!("{path}.name"));
    let zoned = property.logical_type_options.as_ref().and_then(|o| o.get("timezone")) == Some(&true.into());
    let mut data_type = types::data_type(property.logical_type, property.physical_type.as_deref(), zoned);
    let mut key_evidence = None;
    for custom in &property.custom_properties {
        let at = format!("{path}.customProperties.{}", custom.property);
        if custom.property == INFERRED_KEY {
            key_evidence = relationships::because(&custom.value);
        } else if custom.property == TYPE {
            data_type = custom.value.as_str().ok_or("a type is text".to_owned()).and_then(str::parse);
        } else {
            unknown(reading, &custom.property, &[TYPE, INFERRED_KEY], &at);
        }
    }
    let data_type = data_type.unwrap_or_else(|why| {
        reading.fault("unknown-type", path, format!("the type of `{name}` can't be told: {why}")).next =
            Some("set `logicalType`, such as string, integer, number, date or timestamp".into());
        DataType::Text
    });
    let primary_key = match property.primary_key_position {
        _ if !property.primary_key => None,
        None | Some(-1) => Some(0),
        Some(position) => u32::try_from(position).ok().filter(|p| *p > 0).or_else(|| {
            reading.fault("wrong-value", format!("{path}.primaryKeyPosition"), "positions in a key begin with 1");
            None
        }),
    };
    let references = relationships::of_column(reading, property, path);
    let mut accepted_values: Vec<String> = Vec::new();
    for (i, value) in property.values.iter().enumerate() {
        match &value.value {
            serde_json::Value::String(text) => accepted_values.push(text.clone()),
            serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                reading.fault("wrong-type", format!("{path}.enum.{i}.value"), "an accepted value is text or a number");
            }
            other => accepted_values.push(other.to_string()),
        }
    }
    accepted_values.sort();
    accepted_values.dedup();
    // Examples of any type are the standard's; those that are no text are of no use here.
    let mut examples: Vec<String> =
        property.examples.iter().filter_map(|e| e.as_str()).filter(|e| e.len() <= EXAMPLE).map(str::to_owned).collect();
    examples.sort();
    examples.dedup();
    Column {
        pii_confidence: None,
        profile: None,
        physical_name: property.physical_name.clone().unwrap_or_else(|| property.name.clone()),
        physical_type: property.physical_type.clone().unwrap_or_else(|| data_type.to_string()),
        name,
        data_type,
        description: property.description.as_deref().map(|d| d.trim().to_owned()),
        required: property.required,
        unique: property.unique,
        primary_key,
        key_evidence: key_evidence.filter(|_| property.primary_key),
        references,
        accepted_values,
        examples,
        tags: property.tags.clone(),
    }
}

/// What Pipewright adds to a table of the standard.
#[derive(Default)]
struct Custom {
    schema: Option<String>,
    reading: BTreeMap<String, String>,
    cursor: Option<Name>,
    profile: Option<TableProfile>,
    followed: Followed,
}

fn custom(reading: &mut Reading<'_>, all: &[CustomProperty], columns: &mut [Column], path: &str) -> Custom {
    let (mut out, mut cursors) = (Custom::default(), Vec::new());
    for property in all {
        let at = format!("{path}.{}", property.property);
        match property.property.as_str() {
            SCHEMA => match property.value.as_str() {
                Some(text) => out.schema = Some(text.to_owned()),
                None => {
                    reading.fault("wrong-type", format!("{at}.value"), "the schema is the name of one of the source");
                }
            },
            CURSOR => match property.value.as_str() {
                Some(text) => out.cursor = Some(reading.name(text, &format!("{at}.value"))),
                None => {
                    reading.fault("wrong-type", format!("{at}.value"), "the cursor is the name of a column");
                }
            },
            READING => match serde_json::from_value(property.value.clone()) {
                Ok(read) => out.reading = read,
                Err(_) => {
                    let what = "how rows are read is a mapping of names to texts";
                    reading.fault("wrong-value", format!("{at}.value"), what);
                }
            },
            PROFILE => match serde_json::from_value(property.value.clone()) {
                Ok(read) => out.profile = Some(read),
                Err(why) => {
                    reading.fault("wrong-value", format!("{at}.value"), format!("the profile can't be read: {why}"));
                }
            },
            CURSORS => match serde_json::from_value(property.value.clone()) {
                Ok(read) => cursors = read,
                Err(why) => {
                    reading.fault("wrong-value", format!("{at}.value"), format!("the candidates can't be read: {why}"));
                }
            },
            STATISTICS => statistics(reading, &property.value, columns, &format!("{at}.value")),
            LANDING => followed::landing(reading, &property.value, &format!("{at}.value"), &mut out.followed),
            DRIFT => followed::decisions(reading, &property.value, &format!("{at}.value"), &mut out.followed),
            other => {
                unknown(reading, other, &[SCHEMA, READING, CURSOR, CURSORS, PROFILE, STATISTICS, LANDING, DRIFT], &at)
            }
        }
    }
    if let Some(profile) = &mut out.profile {
        profile.cursors = cursors;
    }
    out
}

/// What was seen of each column. That of a column which people took out or named anew is nobody's, until `discover`
/// writes it again.
fn statistics(reading: &mut Reading<'_>, value: &serde_json::Value, columns: &mut [Column], path: &str) {
    let Some(all) = value.as_object() else {
        reading.fault("wrong-type", path, "statistics are a mapping of columns to what was seen of them");
        return;
    };
    for (name, seen) in all {
        let Some(column) = columns.iter_mut().find(|c| c.name == *name.as_str()) else { continue };
        let Some(mut seen) = seen.as_object().cloned() else {
            reading.fault("wrong-type", format!("{path}.{name}"), "what was seen of a column is a mapping");
            continue;
        };
        if let Some(percent) = seen.shift_remove(PII_CONFIDENCE) {
            column.pii_confidence = percent.as_u64().and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= 100);
            if column.pii_confidence.is_none() {
                reading.fault("wrong-value", format!("{path}.{name}.{PII_CONFIDENCE}"), "a confidence is 0 to 100");
            }
        }
        if !seen.is_empty() {
            match serde_json::from_value(serde_json::Value::Object(seen)) {
                Ok(profile) => column.profile = Some(profile),
                Err(why) => {
                    let what = format!("what was seen of `{}` can't be read: {why}", column.name);
                    reading.fault("wrong-value", format!("{path}.{name}"), what);
                }
            }
        }
    }
}

/// Properties of other tools are theirs; those under our name must be known.
pub(super) fn unknown(reading: &mut Reading<'_>, property: &str, known: &[&str], path: &str) {
    if property.starts_with("pipewright.") && !known.contains(&property) {
        let near = nearest(property, known.iter().copied()).first().map(|n| format!("did you mean `{n}`?"));
        reading.fault("unknown-field", path, format!("unknown property `{}`", property.escape_debug())).next =
            near.or(Some(format!("known here: {}", known.join(", "))));
    }
}

/// What must hold between the parts of a contract.
fn check(reading: &mut Reading<'_>, contract: &Contract, path: &str) {
    if contract.columns.is_empty() {
        reading.fault("no-columns", path, format!("table `{}` has no columns", contract.table)).next =
            Some("list at least one under `properties`".into());
    }
    let (mut names, mut physical, mut positions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (i, column) in contract.columns.iter().enumerate() {
        let at = format!("{path}.properties.{i}");
        if !names.insert(&column.name) {
            reading.fault("duplicate-column", at.clone(), format!("column `{}` stands twice", column.name)).next =
                Some("keep one of the two".into());
        } else if !physical.insert(&column.physical_name) {
            let what = format!("two columns read `{}` of the source", column.physical_name.escape_debug());
            reading.fault("duplicate-column", format!("{at}.physicalName"), what).next =
                Some("give each its own `physicalName`".into());
        }
        if let Some(position) = column.primary_key.filter(|p| !positions.insert(*p)) {
            let what = match position {
                0 => "several columns of the primary key have no position".to_owned(),
                _ => format!("two columns have position {position} in the primary key"),
            };
            reading.fault("duplicate-key-position", format!("{at}.primaryKeyPosition"), what).next =
                Some("number them from 1 by `primaryKeyPosition`".into());
        }
    }
    if let Some(cursor) = contract.cursor.as_ref().filter(|c| contract.column(c.as_str()).is_none()) {
        let near = nearest(cursor.as_str(), contract.columns.iter().map(|c| c.name.as_str()));
        let next = near.first().map(|n| format!("did you mean `{n}`?"));
        let what = format!("the cursor `{cursor}` is no column of `{}`", contract.table);
        reading.fault("unknown-column", format!("{path}.customProperties.{CURSOR}.value"), what).next = next;
    }
}
