//! From what differs in each node to what that means.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::breaks::{self, Gone};
use super::pairs::Pairs;
use super::reach::{self, Readers, downstream, thing};
use super::verdict::{Against, Approved, Change, Counts, Difference, Reader, Thing, Unread, Verdict, What};
use super::{Around, Holds, Outsider, differ, exposures, faults, graph};
use crate::check::{Analysis, Shape};
use crate::dbt::NodeId;
use crate::vocabulary::{Diagnostic, Severity};

/// Findings that say that a query does not run.
const DOES_NOT_RUN: &[&str] = &[
    "unknown-column",
    "unknown-ref",
    "unknown-source",
    "unknown-macro",
    "ambiguous-column",
    "not-grouped",
    "type-clash",
    "union-columns",
    "cycle",
];

/// Both sides, and what is known of them together.
pub(super) struct Sides<'a> {
    pub base: &'a Analysis,
    pub head: &'a Analysis,
    pub pairs: &'a Pairs,
    pub around: &'a Around,
    pub base_readers: Readers,
    pub head_readers: Readers,
    /// Who is outside of dbt, by the node.
    outsiders: HashMap<&'a str, Vec<&'a Outsider>>,
    /// What columns were lost, by node of the base.
    pub lost: BTreeMap<NodeId, Vec<Difference>>,
    /// Nodes of the base and of the head that do not run on that side only, and what reads them: what is said of
    /// their columns there is a guess.
    hollow: [BTreeSet<NodeId>; 2],
    base_faults: HashMap<&'a str, Vec<&'a Diagnostic>>,
    head_faults: HashMap<&'a str, Vec<&'a Diagnostic>>,
}

/// A node of either side and what differs in it.
pub(super) struct Work {
    pub base: Option<NodeId>,
    pub head: Option<NodeId>,
    pub differences: Vec<Difference>,
}

impl<'a> Sides<'a> {
    pub fn new(base: &'a Analysis, head: &'a Analysis, pairs: &'a Pairs, around: &'a Around) -> Sides<'a> {
        let mut sides = Sides {
            base,
            head,
            pairs,
            around,
            base_readers: Readers::of(base),
            head_readers: Readers::of(head),
            outsiders: HashMap::new(),
            lost: BTreeMap::new(),
            hollow: [BTreeSet::new(), BTreeSet::new()],
            base_faults: faults(base, head),
            head_faults: faults(head, base),
        };
        for outsider in &around.readers {
            sides.outsiders.entry(&outsider.node).or_default().push(outsider);
        }
        sides.hollow = sides.find_hollow();
        sides
    }

    fn find_hollow(&self) -> [BTreeSet<NodeId>; 2] {
        if self.base_faults.is_empty() && self.head_faults.is_empty() {
            return [BTreeSet::new(), BTreeSet::new()];
        }
        let (mut in_base, mut in_head) = (Vec::new(), Vec::new());
        for (b, h) in self.pairs.head_of.iter().enumerate().filter_map(|(b, h)| Some((b as NodeId, (*h)?))) {
            if self.newly_broken(b, h).is_some() {
                in_head.push(h);
            } else if self.fault_in_base(b).is_some() && self.fault_in_head(h).is_none() {
                in_base.push(b);
            }
        }
        [self.base_readers.all_below(in_base), self.head_readers.all_below(in_head)]
    }

    /// Whether what is known of a node's columns is a guess on one side.
    pub fn is_hollow(&self, base: NodeId, head: NodeId) -> bool {
        self.hollow[0].contains(&base) || self.hollow[1].contains(&head)
    }

    /// Why it does not run in the head, where that was not so in the base.
    pub fn newly_broken(&self, base: NodeId, head: NodeId) -> Option<&'a Diagnostic> {
        let of = |faults: &HashMap<&'a str, Vec<&'a Diagnostic>>, path: &str| {
            faults.get(path).map(|f| f.as_slice().to_vec()).unwrap_or_default()
        };
        let old = of(&self.base_faults, &self.base.project.nodes[base as usize].path);
        let new = of(&self.head_faults, &self.head.project.nodes[head as usize].path);
        new.into_iter().find(|d| !old.iter().any(|o| o.code == d.code && o.what == d.what))
    }

    pub fn fault_in_head(&self, head: NodeId) -> Option<&'a Diagnostic> {
        self.head_faults.get(self.head.project.nodes[head as usize].path.as_str())?.first().copied()
    }

    pub fn fault_in_base(&self, base: NodeId) -> Option<&'a Diagnostic> {
        self.base_faults.get(self.base.project.nodes[base as usize].path.as_str())?.first().copied()
    }

    /// Who holds on to a node outside of dbt.
    pub fn outsiders(&self, node: &str) -> &[&'a Outsider] {
        self.outsiders.get(node).map_or(&[], Vec::as_slice)
    }

    pub fn is_approved(&self, head: NodeId, column: Option<&str>) -> bool {
        let node = &self.head.project.nodes[head as usize];
        approved(&self.around.approved, &node.name, &node.id, column).is_some()
    }
}

fn faults<'a>(analysis: &'a Analysis, other: &Analysis) -> HashMap<&'a str, Vec<&'a Diagnostic>> {
    let mut out: HashMap<&str, Vec<&Diagnostic>> = HashMap::new();
    // Where packages are not installed a `ref` to nothing may be one of theirs; not if the other side has it.
    let was_there = |finding: &Diagnostic| {
        let name = finding.what.split('`').nth(1);
        finding.code == "unknown-ref" && other.project.nodes.iter().any(|n| Some(n.name.as_str()) == name)
    };
    for finding in &analysis.findings {
        if (finding.severity == Severity::Error || was_there(finding))
            && DOES_NOT_RUN.contains(&finding.code.as_ref())
            && let Some(place) = &finding.place
        {
            out.entry(place.file.as_str()).or_default().push(finding);
        }
    }
    out
}

fn approved<'a>(all: &'a [Approved], name: &str, id: &str, column: Option<&str>) -> Option<&'a Approved> {
    all.iter().find(|a| {
        let model = a.model == name || a.model == id;
        let of = |c: &String| column.is_some_and(|column| column.eq_ignore_ascii_case(c));
        model && a.column.as_ref().is_none_or(of)
    })
}

/// What it all means.
pub(super) fn judge(mut sides: Sides<'_>) -> Against {
    let (mut works, unread) = differ::all(&sides);
    for work in &works {
        if let Some(base) = work.base {
            let lost = |d: &&Difference| matches!(d.what, What::ColumnRemoved | What::ColumnRenamed);
            let lost: Vec<Difference> = work.differences.iter().filter(lost).cloned().collect();
            if !lost.is_empty() {
                sides.lost.insert(base, lost);
            }
        }
    }
    for work in &mut works {
        let (base, head) = (work.base, work.head);
        for difference in &mut work.differences {
            weigh(&sides, base, head, difference);
        }
    }
    unknown_that_is_reached(&sides, &mut works, &unread);
    let unread = unread
        .into_iter()
        .filter(|id| !works.iter().any(|w| w.head == Some(*id)))
        .map(|id| Unread { node: sides.head.project.nodes[id as usize].id.clone(), why: why(sides.head, id) })
        .collect();
    let mut exposures = exposures::exposures(&sides);
    faults::add(&sides, &mut works, &mut exposures);
    let graph = graph::graph(&sides, &works);
    let mut changes: Vec<Change> = works.into_iter().map(|w| change(&sides, w)).collect();
    changes.extend(exposures);
    finish(&sides, changes, unread, graph)
}

/// Whom a difference breaks or reaches, and so its verdict.
fn weigh(sides: &Sides<'_>, base: Option<NodeId>, head: Option<NodeId>, difference: &mut Difference) {
    let gone = |column, only_changed| base.map(|node| breaks::breaks(sides, Gone { node, column, only_changed }));
    let broken = match difference.what {
        What::Removed | What::Renamed => gone(None, false),
        What::Relation if is_built(sides, base) => gone(None, false),
        What::Materialization if difference.after.as_deref() == Some("ephemeral") => gone(None, false),
        What::ColumnRemoved if difference.verdict != Verdict::Unknown => gone(difference.column.as_deref(), false),
        What::ColumnRenamed => gone(difference.column.as_deref(), false),
        What::ColumnType => match (base, head, difference.note.is_some()) {
            // The note says that readers of one can't take the other.
            (Some(_), Some(_), true) => gone(difference.column.as_deref(), true),
            _ => None,
        },
        What::Contract | What::Access | What::Config if difference.verdict == Verdict::Breaking => {
            let name = base.map(|b| sides.base.project.nodes[b as usize].name.clone()).unwrap_or_default();
            let kind = if difference.what == What::Contract { Thing::Contract } else { Thing::Outside };
            difference.readers.push(Reader { name, kind, broken: true, ..Reader::default() });
            None
        }
        _ => None,
    };
    if let Some(broken) = broken {
        let least = match difference.what {
            What::Removed | What::ColumnRemoved | What::ColumnType => Verdict::ChangesValues,
            _ => difference.verdict,
        };
        let is_broken = broken.readers.iter().any(|r| r.broken);
        difference.verdict = match (is_broken, broken.unknown) {
            (true, _) => Verdict::Breaking,
            (false, true) => Verdict::Unknown,
            (false, false) => least,
        };
        difference.readers = broken.readers;
    }
    if difference.verdict >= Verdict::ChangesValues
        && let Some(head) = head
    {
        reached(sides, head, difference);
    }
    approve(sides, base, head, difference);
}

/// Notes who agreed to what breaks.
pub(super) fn approve(sides: &Sides<'_>, base: Option<NodeId>, head: Option<NodeId>, difference: &mut Difference) {
    if difference.verdict == Verdict::Breaking {
        let id = head.map(|h| &sides.head.project.nodes[h as usize]);
        let node = id.or_else(|| base.map(|b| &sides.base.project.nodes[b as usize]));
        if let Some(node) = node {
            let of = |column: Option<&str>| approved(&sides.around.approved, &node.name, &node.id, column).cloned();
            let after = difference.after.as_deref().filter(|_| difference.what == What::ColumnRenamed);
            difference.approved = of(difference.column.as_deref()).or_else(|| of(Some(after?)));
            if let (None, Some((model, column))) =
                (&difference.approved, difference.from.as_deref().and_then(|f| f.rsplit_once('.')))
            {
                difference.approved = approved(&sides.around.approved, model, "", Some(column)).cloned();
            }
        }
    }
}

fn is_built(sides: &Sides<'_>, base: Option<NodeId>) -> bool {
    use crate::dbt::Kind;
    base.is_some_and(|b| sides.base.project.nodes[b as usize].kind != Kind::Source)
}

/// Adds everyone whose values are other than they were.
fn reached(sides: &Sides<'_>, head: NodeId, difference: &mut Difference) {
    let column = match difference.what {
        What::ColumnLogic | What::ColumnType | What::ColumnNullable => difference.column.as_deref(),
        What::Rows | What::IncrementalRows | What::Relation | What::Unreadable | What::Broken | What::Repaired => None,
        What::UniqueKey | What::Materialization | What::Grain | What::Config => None,
        _ => return,
    };
    let met = downstream(sides.head, &sides.head_readers, head, column);
    let mut more: Vec<Reader> = Vec::new();
    let mut ends = BTreeSet::from([(head, column.map(str::to_owned).into_iter().collect::<Vec<String>>())]);
    for (id, reached) in met {
        let columns = if reached.all { Vec::new() } else { reached.columns.iter().cloned().collect() };
        ends.insert((id, columns));
        more.push(reach::reader(sides.head, id, reached, false));
    }
    for (id, columns) in ends {
        let node = &sides.head.project.nodes[id as usize];
        for i in sides.head_readers.exposures.get(&id).into_iter().flatten() {
            let name = sides.head.project.exposures[*i].name.clone();
            more.push(Reader { name, kind: Thing::Exposure, columns: columns.clone(), ..Reader::default() });
        }
        for outsider in sides.outsiders(&node.id).iter().filter(|o| o.holds != Holds::Before) {
            if columns.is_empty() || columns.iter().any(|c| outsider.reads(c)) {
                let (name, kind) = (outsider.name.clone(), outsider.kind);
                more.push(Reader { name, kind, columns: columns.clone(), ..Reader::default() });
            }
        }
    }
    more.retain(|r| !difference.readers.iter().any(|o| o.kind == r.kind && o.name == r.name));
    more.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    more.dedup_by(|a, b| a.kind == b.kind && a.name == b.name);
    difference.readers.extend(more);
}

/// Nodes that could not be read on either side, and that something reaches: nobody can tell what becomes of them.
fn unknown_that_is_reached(sides: &Sides<'_>, works: &mut Vec<Work>, unread: &[NodeId]) {
    if unread.is_empty() {
        return;
    }
    let mut touched: BTreeMap<NodeId, String> = BTreeMap::new();
    for work in works.iter().filter(|w| w.differences.iter().any(|d| d.what.is_felt())) {
        let Some(head) = work.head else { continue };
        let name = &sides.head.project.nodes[head as usize].name;
        for id in downstream(sides.head, &sides.head_readers, head, None).into_keys() {
            touched.entry(id).or_insert_with(|| name.clone());
        }
    }
    for id in unread {
        if let Some(by) = touched.get(id)
            && !works.iter().any(|w| w.head == Some(*id))
        {
            let mut difference =
                differ::unreadable(format!("{}; `{by}`, which it reads, changed", why(sides.head, *id)));
            weigh(sides, sides.pairs.base_of[*id as usize], Some(*id), &mut difference);
            works.push(Work {
                base: sides.pairs.base_of[*id as usize],
                head: Some(*id),
                differences: vec![difference],
            });
        }
    }
}

pub(super) fn why(analysis: &Analysis, id: NodeId) -> String {
    match &analysis.shapes[id as usize] {
        Shape::Unknown(why) => why.what.clone(),
        Shape::Known(_) | Shape::Disabled => String::new(),
    }
}

fn change(sides: &Sides<'_>, work: Work) -> Change {
    let head = work.head.map(|id| &sides.head.project.nodes[id as usize]);
    let base = work.base.map(|id| &sides.base.project.nodes[id as usize]);
    let mut out = Change { differences: work.differences, ..Change::default() };
    if let Some(node) = head.or(base) {
        out.node = node.id.clone();
        out.kind = thing(node.kind);
        out.name = node.name.clone();
        out.file = match (&node.described, node.path.is_empty()) {
            (Some(described), true) => described.file.clone(),
            _ => node.path.clone(),
        };
        out.was = base.map(|b| b.id.clone()).filter(|was| *was != node.id);
    }
    out.differences.sort_by(|a, b| {
        (std::cmp::Reverse(a.verdict), a.from.is_some(), a.what, &a.column).cmp(&(
            std::cmp::Reverse(b.verdict),
            b.from.is_some(),
            b.what,
            &b.column,
        ))
    });
    out.verdict = out.differences.iter().map(|d| d.verdict).max().unwrap_or_default();
    out
}

fn finish(sides: &Sides<'_>, mut changes: Vec<Change>, unread: Vec<Unread>, graph: super::Graph) -> Against {
    changes.sort_by(|a, b| {
        (std::cmp::Reverse(a.verdict), a.kind, &a.node).cmp(&(std::cmp::Reverse(b.verdict), b.kind, &b.node))
    });
    let all = || changes.iter().flat_map(|c| &c.differences);
    let mut verdict = changes.iter().map(|c| c.verdict).max().unwrap_or_default();
    if !unread.is_empty() {
        verdict = verdict.max(Verdict::Unknown);
    }
    let changed: BTreeSet<&str> = changes.iter().map(|c| c.node.as_str()).collect();
    let reached: BTreeSet<&str> = all().flat_map(|d| &d.readers).map(|r| r.name.as_str()).collect();
    let unknown = changes.iter().filter(|c| c.differences.iter().any(|d| d.verdict == Verdict::Unknown)).count();
    let gone = sides
        .pairs
        .head_of
        .iter()
        .enumerate()
        .filter(|(b, h)| h.is_none() && !matches!(sides.base.shapes[*b], Shape::Disabled));
    let counts = Counts {
        compared: sides.head.shapes.iter().filter(|s| !matches!(s, Shape::Disabled)).count() + gone.count(),
        changed: changes.len(),
        reached: reached.difference(&changed).count(),
        unknown: unknown + unread.len(),
        breaking: all().filter(|d| d.breaks()).count(),
        approved: all().filter(|d| d.verdict == Verdict::Breaking && !d.breaks()).count(),
    };
    let summary = summary(verdict, &counts, &changes);
    Against { verdict, summary, counts, changes, unread, graph }
}

fn summary(verdict: Verdict, counts: &Counts, changes: &[Change]) -> String {
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    match verdict {
        Verdict::Safe if changes.is_empty() => "nothing changes".to_owned(),
        Verdict::Safe => "nothing that anyone reads is other than it was".to_owned(),
        Verdict::ChangesValues => format!(
            "values change in {}, {}",
            count(changes.iter().filter(|c| c.verdict == Verdict::ChangesValues).count(), "place", "places"),
            match counts.reached {
                0 => "and reach nobody else".to_owned(),
                n => format!("and reach {n} more"),
            }
        ),
        Verdict::Unknown => {
            format!("{} could not be read: what changes there is not known", count(counts.unknown, "node", "nodes"))
        }
        Verdict::Breaking if counts.breaking == 0 => {
            format!("{}, approved by name", count(counts.approved, "breaking change", "breaking changes"))
        }
        Verdict::Breaking => {
            format!("{} that nobody approved", count(counts.breaking, "breaking change", "breaking changes"))
        }
    }
}
