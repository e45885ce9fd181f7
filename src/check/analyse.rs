//! The walk over a project: each query parsed, resolved over what it reads and looked at by the rules, in the order of
//! lineage, as many at once as there are cores. A query's tree is gone when its rules have run.
//!
//! What was looked at before is not looked at again while it and all it reads are as they were.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rayon::Scope as Workers;

use super::Analysis;
use super::keyed::Keyed;
use super::prints::{self, Prints};
use super::rules::{Look, Outline, Query, RULES, Told};
use super::shape::{self, Shape};
use crate::dbt::{Body, Node, NodeId, Project};
use crate::sql::fingerprint::{Printed, fingerprint};
use crate::sql::jinja::{Rendered, UNKNOWN};
use crate::sql::{self, Parsed, Scope, ScopeRelation, Text};
use crate::vocabulary::{Diagnostic, Dialect, Severity};

/// Dialects that are tried in turn where nothing says which it is.
const LIKELY: [Dialect; 5] =
    [Dialect::DuckDb, Dialect::Snowflake, Dialect::BigQuery, Dialect::Postgres, Dialect::Databricks];

/// What every node of `project` makes, and what is wrong with it. `before` is what was found in another version of it.
pub fn analyse(project: Project, before: Option<&Analysis>) -> Analysis {
    let keyed = Keyed::of(&project);
    let is_alike = |before: &&Analysis| before.keyed == keyed && are_called_alike(&before.project, &project);
    let walk = Walk::over(&project, &keyed, before.filter(is_alike));
    rayon::scope(|workers| {
        for (id, waits) in walk.waits.iter().enumerate() {
            if waits.load(Ordering::Relaxed) == 0 {
                walk.start(workers, id);
            }
        }
    });
    let count = project.nodes.len();
    let mut analysis = Analysis {
        shapes: Vec::with_capacity(count),
        prints: Vec::with_capacity(count),
        findings: Vec::new(),
        relations: Vec::with_capacity(count),
        told: Vec::with_capacity(count),
        keyed: Keyed::default(),
        found: Vec::with_capacity(count),
        project: Project::default(),
    };
    let mut findings = project.findings.clone();
    for (node, done) in project.nodes.iter().zip(walk.done) {
        // What was never reached reads itself in the end.
        let done = done.into_inner().unwrap_or_else(|| Done::unknown(node, in_circle(node)));
        findings.extend(done.found.iter().cloned());
        analysis.shapes.push(done.shape);
        analysis.prints.push(done.prints);
        analysis.relations.push(done.relation);
        analysis.told.push(done.told);
        analysis.found.push(done.found);
    }
    (analysis.project, analysis.keyed) = (project, keyed);
    for rule in RULES.iter().copied().flatten() {
        if let Look::Whole(look) = rule.look {
            look(&analysis, &mut findings);
        }
    }
    findings.sort_by(|a, b| (&a.place, a).cmp(&(&b.place, b)));
    findings.dedup();
    analysis.findings = findings;
    analysis
}

/// Whether each node stands where it stood and is called as it was, so that what others say of it means the same.
fn are_called_alike(before: &Project, now: &Project) -> bool {
    let is_alike = |(a, b): (&Arc<Node>, &Arc<Node>)| Arc::ptr_eq(a, b) || a.id == b.id;
    before.name == now.name
        && before.dialect == now.dialect
        && before.nodes.len() == now.nodes.len()
        && before.nodes.iter().zip(&now.nodes).all(is_alike)
}

/// A walk under way.
struct Walk<'p> {
    project: &'p Project,
    keyed: &'p Keyed,
    /// The last one, over nodes of the same names.
    before: Option<&'p Analysis>,
    dialects: &'p [Dialect],
    /// How many of what a node reads are not done yet.
    waits: Vec<AtomicUsize>,
    /// Who reads a node.
    readers: Vec<Vec<NodeId>>,
    done: Vec<OnceLock<Done>>,
}

/// A node that was looked at.
struct Done {
    shape: Shape,
    /// As what its readers see it.
    relation: Arc<ScopeRelation>,
    /// What else they may know of it.
    told: Arc<Told>,
    /// By what two versions of it are compared.
    prints: Arc<Prints>,
    found: Arc<[Diagnostic]>,
    /// Its readers see what they saw the last time.
    is_as_before: bool,
}

impl Done {
    fn new(shape: Shape, relation: Arc<ScopeRelation>, prints: Prints, found: Vec<Diagnostic>) -> Done {
        Done { shape, relation, told: Arc::default(), prints: prints.into(), found: found.into(), is_as_before: false }
    }

    fn unknown(node: &Node, why: Diagnostic) -> Done {
        let relation = ScopeRelation { open: true, ..ScopeRelation::default() };
        let prints = Prints { full: prints::unknown(node), incremental: None };
        Done::new(Shape::Unknown(why.into()), relation.into(), prints, Vec::new())
    }
}

impl<'p> Walk<'p> {
    fn over(project: &'p Project, keyed: &'p Keyed, before: Option<&'p Analysis>) -> Walk<'p> {
        let nodes = &project.nodes;
        let mut readers = vec![Vec::new(); nodes.len()];
        let mut waits = Vec::with_capacity(nodes.len());
        for (id, node) in nodes.iter().enumerate() {
            let mut reads: Vec<NodeId> = node.reads.iter().map(|r| r.node).filter(|r| *r as usize != id).collect();
            reads.sort_unstable();
            reads.dedup();
            waits.push(AtomicUsize::new(reads.len()));
            for read in reads {
                readers[read as usize].push(id as NodeId);
            }
        }
        let done = nodes.iter().map(|_| OnceLock::new()).collect();
        let dialects = project.dialect.as_ref().map_or(LIKELY.as_slice(), std::slice::from_ref);
        Walk { project, keyed, before, dialects, waits, readers, done }
    }

    fn start<'w>(&'w self, workers: &Workers<'w>, id: usize) {
        workers.spawn(move |workers| {
            // Nobody else is given this node, so it is set once.
            let _ = self.done[id].set(self.kept(id).unwrap_or_else(|| self.compared(id)));
            for reader in &self.readers[id] {
                let reader = *reader as usize;
                if self.waits[reader].fetch_sub(1, Ordering::AcqRel) == 1 {
                    self.start(workers, reader);
                }
            }
        });
    }

    /// What was found before, where neither the node nor anything that it reads is another.
    fn kept(&self, id: usize) -> Option<Done> {
        let (before, node) = (self.before?, &self.project.nodes[id]);
        let same = Arc::ptr_eq(&before.project.nodes[id], node) && self.reads_as_before(id);
        same.then(|| Done {
            shape: before.shapes[id].clone(),
            relation: before.relations[id].clone(),
            told: before.told[id].clone(),
            prints: before.prints[id].clone(),
            found: before.found[id].clone(),
            is_as_before: true,
        })
    }

    /// Whether nothing that a node reads is another.
    fn reads_as_before(&self, id: usize) -> bool {
        let is_as_before = |read: NodeId| self.done[read as usize].get().is_some_and(|done| done.is_as_before);
        let reads = self.project.nodes[id].reads.iter().map(|read| read.node);
        reads.filter(|read| *read as usize != id).all(is_as_before)
    }

    /// A node that is looked at, and whether its readers see what they saw.
    fn compared(&self, id: usize) -> Done {
        let done = self.node(id);
        let is_as_before = self.before.is_some_and(|before| {
            let (node, old) = (&self.project.nodes[id], &before.project.nodes[id]);
            let is_told_alike = node.config == old.config && node.described == old.described;
            // Rules also ask what is said further up.
            is_told_alike
                && self.reads_as_before(id)
                && *before.relations[id] == *done.relation
                && *before.told[id] == *done.told
                && before.prints[id].full == done.prints.full
        });
        Done { is_as_before, ..done }
    }

    fn node(&self, id: usize) -> Done {
        let node = &self.project.nodes[id];
        if node.config.disabled {
            return Done { shape: Shape::Disabled, ..Done::unknown(node, in_circle(node)) };
        }
        match &node.body {
            Body::Unknown(why) => Done {
                relation: shape::described(node).into(),
                told: Told::said(node, &[]).into(),
                ..Done::unknown(node, why.clone())
            },
            Body::Columns { columns, open } => {
                let resolved = shape::declared(id as NodeId, columns, *open);
                let relation: Arc<ScopeRelation> = shape::relation(node, &resolved).into();
                let full = prints::declared(node, columns.iter().map(|c| c.0.clone()), *open);
                let prints = Prints { full: prints::with_keys(full, relation.keys.iter()), incremental: None };
                let told = Told::said(node, &resolved.columns).into();
                Done { told, ..Done::new(Shape::Known(resolved.into()), relation, prints, Vec::new()) }
            }
            Body::Sql { full, incremental } => self.query(id, node, full, incremental.as_ref()),
        }
    }

    fn query(&self, id: usize, node: &Node, full: &Rendered, incremental: Option<&Rendered>) -> Done {
        let text = Text::new(&node.path, "", &node.text);
        let mut scope = self.scope(id, node);
        let Understood { parsed, dialect, resolved, mut found } = match self.understand(&text, full, &mut scope) {
            Ok(understood) => understood,
            // What stops it may be the name that stands for a macro that is nowhere, which is said already.
            Err(_) if full.sql.contains(UNKNOWN) => {
                let why = Diagnostic::error("unknown-macro", "it calls a macro that is nowhere");
                let why = why.at(text.place(0, 1));
                return Done { relation: shape::described(node).into(), ..Done::unknown(node, why) };
            }
            Err(mut found) => {
                let why = found.first().cloned().unwrap_or_else(|| in_circle(node));
                found.dedup();
                // What a project's own materialization makes of a text need be no query.
                found.retain(|fault| fault.code != "not-a-query" || !is_special(node));
                let relation = shape::described(node).into();
                return Done { relation, found: found.into(), ..Done::unknown(node, why) };
            }
        };
        let relation: Arc<ScopeRelation> = shape::relation(node, &resolved).into();
        let full_print = prints::kept(self.print(id, &parsed, None), node);
        let full_print = prints::with_keys(full_print, relation.keys.iter());
        let again = incremental.and_then(|rendered| {
            // An incremental run reads the table that a full one has made.
            scope.relations.insert(id as NodeId, Arc::clone(&relation));
            let again = self.understand(&text, rendered, &mut scope).map_err(|stops| found.extend(stops)).ok()?;
            found.extend(again.found);
            Some((again.parsed, rendered, again.resolved))
        });
        let query = Query {
            project: self.project,
            keyed: self.keyed,
            node,
            dialect,
            parsed: &parsed,
            rendered: full,
            resolved: &resolved,
            incremental: again.as_ref().map(|(parsed, rendered, resolved)| (parsed, *rendered, resolved)),
            known: &scope.relations,
            told: self.told(id, node),
            outline: Outline::of(&parsed),
            incremental_outline: again.as_ref().map(|(parsed, ..)| Outline::of(parsed)),
        };
        let told = Told::of(&query).into();
        // What is wrong in an installed package is for its authors.
        let own = node.package == self.project.name;
        for rule in RULES.iter().copied().flatten().filter(|_| own) {
            if let Look::Query(look) = rule.look {
                look(&query, &mut found);
            }
        }
        found.sort();
        found.dedup();
        // A dialect that was guessed may have all that another has not.
        found.retain(|fault| fault.code != "unknown-function" || self.project.dialect.is_some());
        // Only the rules need what stands where.
        let resolved = sql::Resolved { facts: sql::Facts::default(), ..resolved };
        let incremental = again.as_ref().map(|(parsed, ..)| prints::whole(&self.print(id, parsed, Some(&full_print))));
        let prints = Prints { full: full_print, incremental };
        Done { told, ..Done::new(Shape::Known(resolved.into()), relation, prints, found) }
    }

    /// What else is known of what a query reads.
    fn told(&self, id: usize, node: &Node) -> BTreeMap<NodeId, Arc<Told>> {
        let read = node.reads.iter().map(|read| read.node).filter(|read| *read as usize != id);
        read.filter_map(|read| Some((read, Arc::clone(&self.done[read as usize].get()?.told)))).collect()
    }

    /// The fingerprints of a query; `itself` is what its own table holds.
    fn print(&self, id: usize, parsed: &Parsed, itself: Option<&Printed>) -> Printed {
        let table = |read: NodeId| {
            let node = self.project.nodes.get(read as usize)?;
            let made = if read as usize == id { itself? } else { &self.done[read as usize].get()?.prints.full };
            Some((node.id.as_str(), made))
        };
        fingerprint(parsed, &table)
    }

    /// What a query can read.
    fn scope(&self, id: usize, node: &Node) -> Scope<NodeId> {
        let mut relations = BTreeMap::new();
        for read in node.reads.iter().filter(|r| r.node as usize != id) {
            if let Some(done) = self.done[read.node as usize].get() {
                relations.insert(read.node, Arc::clone(&done.relation));
            }
        }
        Scope { relations, dialects: Vec::new() }
    }

    /// The query in the first dialect in which nothing is wrong with it, else in the first that it parses in; what the first
    /// says where it does in none.
    fn understand(
        &self,
        text: &Text<'_>,
        rendered: &Rendered,
        scope: &mut Scope<NodeId>,
    ) -> Result<Understood, Vec<Diagnostic>> {
        let (mut first, mut stopped) = (None, None);
        for dialect in self.dialects {
            let parsed = match sql::parse_as_is(text, rendered, *dialect) {
                Ok(parsed) => parsed,
                Err(stops) => {
                    stopped = stopped.or(Some(stops));
                    continue;
                }
            };
            scope.dialects = vec![*dialect];
            let (resolved, found) = sql::understand(text, rendered, &parsed, scope);
            let is_wrong = found.iter().any(|fault| fault.severity == Severity::Error);
            let understood = Understood { parsed, dialect: *dialect, resolved, found };
            if !is_wrong {
                return Ok(understood);
            }
            first = first.or(Some(understood));
        }
        first.ok_or_else(|| stopped.unwrap_or_default()).inspect(|u| scope.dialects = vec![u.dialect])
    }
}

/// A query that was read in a dialect.
struct Understood {
    parsed: Parsed,
    dialect: Dialect,
    resolved: sql::Resolved<NodeId>,
    /// What is wrong with it.
    found: Vec<Diagnostic>,
}

/// Whether a node is made by a materialization that is not dbt's own.
fn is_special(node: &Node) -> bool {
    const OWN: &[&str] = &["view", "table", "incremental", "ephemeral", "materialized_view", "snapshot", "test"];
    node.config.materialized.as_deref().is_some_and(|m| !OWN.contains(&m))
}

fn in_circle(node: &Node) -> Diagnostic {
    Diagnostic::error("cycle", format!("`{}` reads itself through other nodes", node.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbt::{Settings, Tree, read};

    #[test]
    fn a_query_without_a_dialect_is_read_in_the_one_that_finds_nothing_wrong() {
        let numbered = "select a, row_number() over (order by a) from t";
        let files = [
            ("dbt_project.yml", "name: p".to_owned()),
            // Only PostgreSQL and Redshift call a column after its function.
            ("models/numbered.sql", format!("with n as ({numbered}) select a from n where row_number = 1")),
            ("models/wrong.sql", "with n as (select 1 as a) select b from n".to_owned()),
        ];
        let tree: Tree = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_str().into())).collect();
        let analysis = analyse(read(&tree, &Settings::default(), None), None);
        assert_eq!(analysis.project.dialect, None);
        let errors: Vec<&str> = analysis.findings.iter().map(|f| f.code.as_ref()).collect();
        assert_eq!(errors, ["unknown-column"]);
    }
}
