//! dbt's way to say which nodes are meant: `+orders tag:daily path:models/marts,config.materialized:table`.

use std::collections::BTreeSet;

use crate::check::Analysis;
use crate::dbt::{Kind, Node, NodeId};

/// What a selection gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// The nodes.
    pub nodes: BTreeSet<NodeId>,
    /// Parts that mean nothing in this project.
    pub nothing: Vec<String>,
    /// It asks for what only a run of dbt knows: `state:modified`, a named selector.
    pub unknown: bool,
}

/// The nodes that words after `--select` mean.
pub fn select(analysis: &Analysis, words: &[String]) -> Selected {
    let mut out = Selected::default();
    for word in words.iter().flat_map(|w| w.split_whitespace()) {
        let mut all: Option<BTreeSet<NodeId>> = None;
        for part in word.split(',').filter(|p| !p.is_empty()) {
            match one(analysis, part) {
                Some(found) => {
                    if found.is_empty() {
                        out.nothing.push(part.to_owned());
                    }
                    all = Some(match all {
                        Some(before) => before.intersection(&found).copied().collect(),
                        None => found,
                    });
                }
                None => out.unknown = true,
            }
        }
        out.nodes.extend(all.unwrap_or_default());
    }
    out
}

/// The nodes that one part means; none where that can't be known here.
fn one(analysis: &Analysis, part: &str) -> Option<BTreeSet<NodeId>> {
    if part.contains(['{', '$', '`', '[']) {
        return None;
    }
    let (whole_family, rest) = part.strip_prefix('@').map_or((false, part), |rest| (true, rest));
    let (up, rest) = match rest.split_once('+') {
        Some((depth, rest)) if depth.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty() => {
            (Some(depth.parse().unwrap_or(usize::MAX)), rest)
        }
        _ => (None, rest),
    };
    let (down, rest) = match rest.rsplit_once('+') {
        Some((rest, depth)) if depth.bytes().all(|b| b.is_ascii_digit()) => {
            (Some(depth.parse().unwrap_or(usize::MAX)), rest)
        }
        _ => (None, rest),
    };
    let mut out = method(analysis, rest)?;
    let start = out.clone();
    if let Some(depth) = up {
        out.extend(walk(analysis, &start, depth, false));
    }
    if down.is_some() || whole_family {
        let below = walk(analysis, &start, down.unwrap_or(usize::MAX), true);
        if whole_family {
            let all: BTreeSet<NodeId> = below.union(&start).copied().collect();
            out.extend(walk(analysis, &all, usize::MAX, false));
        }
        out.extend(below);
    }
    Some(out)
}

fn walk(analysis: &Analysis, start: &BTreeSet<NodeId>, depth: usize, down: bool) -> BTreeSet<NodeId> {
    let nodes = &analysis.project.nodes;
    let (mut out, mut edge, mut turns) = (BTreeSet::new(), start.clone(), 0);
    while !edge.is_empty() && turns < depth {
        turns += 1;
        let next: BTreeSet<NodeId> = if down {
            let reads = |node: &Node| node.reads.iter().any(|r| edge.contains(&r.node));
            nodes.iter().enumerate().filter(|(_, n)| reads(n)).map(|(i, _)| i as NodeId).collect()
        } else {
            edge.iter().filter_map(|id| nodes.get(*id as usize)).flat_map(|n| n.reads.iter().map(|r| r.node)).collect()
        };
        edge = next.into_iter().filter(|id| out.insert(*id)).collect();
    }
    out
}

fn method(analysis: &Analysis, part: &str) -> Option<BTreeSet<NodeId>> {
    let pick = |test: &dyn Fn(&Node) -> bool| {
        let nodes = analysis.project.nodes.iter().enumerate();
        Some(nodes.filter(|(_, n)| test(n)).map(|(i, _)| i as NodeId).collect())
    };
    let built = |n: &Node| n.kind != Kind::Source;
    let project = &analysis.project;
    match part.split_once(':') {
        Some(("tag", tag)) => pick(&|n| n.config.tags.iter().any(|t| fits(tag, t))),
        Some(("path", path)) => pick(&|n| in_path(project.inner(&n.path), path)),
        Some(("file", file)) => pick(&|n| {
            let name = n.path.rsplit('/').next().unwrap_or_default();
            fits(file, name) || fits(file, name.rsplit_once('.').map_or(name, |(stem, _)| stem))
        }),
        Some(("fqn", fqn)) => pick(&|n| built(n) && is_fqn(n, project.inner(&n.path), fqn)),
        Some(("package", package)) => pick(&|n| fits(package, &n.package)),
        Some(("resource_type", kind)) => pick(&|n| kind_of(n.kind) == kind),
        Some(("config.materialized", how)) => {
            pick(&|n| n.kind == Kind::Model && n.config.materialized.as_deref().unwrap_or("view") == how)
        }
        Some(("source", source)) => pick(&|n| {
            let called: Vec<&str> = n.id.split('.').collect();
            let [.., of, table] = called.as_slice() else { return false };
            n.kind == Kind::Source
                && match source.rsplit('.').collect::<Vec<_>>().as_slice() {
                    [only] => fits(only, of),
                    [t, s, ..] => fits(s, of) && fits(t, table),
                    [] => false,
                }
        }),
        Some(("exposure", name)) => {
            let all = analysis.project.exposures.iter().filter(|e| fits(name, &e.name));
            Some(all.flat_map(|e| e.reads.iter().copied()).collect())
        }
        Some(_) => None,
        None if part.contains('/') || part.contains('\\') => pick(&|n| in_path(project.inner(&n.path), part)),
        None if part.ends_with(".sql") || part.ends_with(".py") || part.ends_with(".csv") => {
            pick(&|n| n.path.ends_with(&format!("/{part}")))
        }
        None => pick(&|n| built(n) && is_fqn(n, project.inner(&n.path), part)),
    }
}

fn kind_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Model => "model",
        Kind::Seed => "seed",
        Kind::Snapshot => "snapshot",
        Kind::Source => "source",
        Kind::Test => "test",
    }
}

fn in_path(file: &str, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    if path.contains('*') {
        return fits(path, file);
    }
    file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// Package, folders and name: dbt takes the name alone, or the beginning with or without the package.
fn is_fqn(node: &Node, file: &str, wanted: &str) -> bool {
    if fits(wanted, &node.name) {
        return true;
    }
    let mut fqn: Vec<&str> = vec![&node.package];
    let folders: Vec<&str> = file.split('/').collect();
    fqn.extend(folders.iter().skip(1).take(folders.len().saturating_sub(2)).copied());
    fqn.push(&node.name);
    let version = node.version.as_ref().map(|v| format!("v{v}"));
    if version.as_ref().is_some_and(|v| fits(wanted, &format!("{}.{v}", node.name))) {
        return true;
    }
    fqn.extend(version.as_deref());
    let wanted: Vec<&str> = wanted.split('.').collect();
    let begins = |fqn: &[&str]| wanted.len() <= fqn.len() && wanted.iter().zip(fqn).all(|(w, f)| fits(w, f));
    begins(&fqn) || begins(&fqn[1..])
}

/// Whether a text fits a pattern with `*` and `?`.
pub(in crate::check) fn fits(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut i, mut j, mut star, mut mark) = (0, 0, None, 0);
    while j < t.len() {
        if i < p.len() && (p[i] == '?' || (p[i] == t[j] && p[i] != '*')) {
            (i, j) = (i + 1, j + 1);
        } else if i < p.len() && p[i] == '*' {
            star = Some(i);
            mark = j;
            i += 1;
        } else if let Some(s) = star {
            i = s + 1;
            mark += 1;
            j = mark;
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        for (pattern, text, want) in [
            ("orders", "orders", true),
            ("stg_*", "stg_orders", true),
            ("*_daily", "sales_daily", true),
            ("s?g", "stg", true),
            ("stg_*", "int_stg_orders", false),
            ("a*b*c", "a__b_c", true),
            ("a*b", "a__bc", false),
        ] {
            assert_eq!(fits(pattern, text), want, "{pattern} {text}");
        }
    }
}
