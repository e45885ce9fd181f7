//! CTEs that one side calls otherwise, and columns that are gone.

use std::collections::{BTreeSet, HashMap};

use super::lex::{Kind, norm};
use super::pairs::pairs;
use super::tree::{Node, Tree, What, read};

/// The three with one name for each CTE, and for what each query reads first: where one side calls it otherwise, the
/// others follow, so that what comes in finds it. Where both do, it is called as people call it. With `qualifiers`, what is
/// qualified by what a query reads first follows that, too.
pub(super) fn agreed([base, edited, new]: [Tree; 3], qualifiers: bool) -> Option<[Tree; 3]> {
    let (by_people, by_generator) = (renames(&base, &edited), renames(&base, &new));
    let free = |tree: &Tree, name: &str| ctes(tree).iter().all(|c| c.key != name);
    let mut for_new: HashMap<String, String> = HashMap::new();
    for (from, to) in by_people.iter().filter(|(_, to)| free(&new, to)) {
        let now = by_generator.iter().find(|(f, _)| f == from).map_or(from, |(_, now)| now);
        for_new.insert(now.clone(), to.clone());
    }
    let left_alone = |name: &String| by_people.iter().all(|(from, _)| from != name);
    let for_edited: HashMap<String, String> =
        by_generator.iter().filter(|(from, to)| left_alone(from) && free(&edited, to)).cloned().collect();
    let mut for_base = for_edited.clone();
    for_base.extend(by_people.iter().filter(|(_, to)| for_new.values().any(|v| v == to)).cloned());
    let all = [renamed(base, &for_base)?, renamed(edited, &for_edited)?, renamed(new, &for_new)?];
    if qualifiers { requalified(all) } else { Some(all) }
}

/// Where one side reads something else first, columns that are qualified by what was read before follow.
fn requalified([base, edited, new]: [Tree; 3]) -> Option<[Tree; 3]> {
    let mut edits: [Vec<(usize, usize, String)>; 3] = Default::default();
    let (was, ours, theirs) = (cores(&base), cores(&edited), cores(&new));
    for (path, (core, key)) in &was {
        let (Some((our_core, our_key)), Some((their_core, their_key))) = (ours.get(path), theirs.get(path)) else {
            continue;
        };
        let (to, tree, follows, at) = match (our_key == key, their_key == key) {
            (false, true) => (our_key, &new, their_core, 2),
            (true, false) => (their_key, &edited, our_core, 1),
            _ => continue,
        };
        edits[0].extend(qualifiers(&base, core, key, to));
        edits[at].extend(qualifiers(tree, follows, key, to));
    }
    let [for_base, for_edited, for_new] = edits;
    Some([replaced(base, for_base)?, replaced(edited, for_edited)?, replaced(new, for_new)?])
}

/// The queries of a model by where they stand, each with what it reads first.
fn cores(tree: &Tree) -> HashMap<String, (&Node, &str)> {
    let mut out = HashMap::new();
    let whole = tree.root.kids.iter().find(|k| k.what == What::Query);
    let made = ctes(tree).iter().filter_map(|c| Some((c.key.as_str(), c.kids.last()?)));
    for (name, query) in made.chain(whole.map(|q| ("", q))) {
        let body = query.kids.iter().find(|k| k.what == What::Core);
        for (i, core) in body.into_iter().flat_map(|b| &b.kids).enumerate() {
            let from = core.kids.iter().find(|k| k.key == "from" && k.kids.len() == 1);
            if let Some(relation) = from.and_then(|f| f.kids.first()) {
                out.insert(format!("{name} {i}"), (core, relation.key.as_str()));
            }
        }
    }
    out
}

/// Where `from` stands before a dot in a piece, to be called `to`.
fn qualifiers(tree: &Tree, node: &Node, from: &str, to: &str) -> Vec<(usize, usize, String)> {
    let first = tree.tokens.partition_point(|t| t.start < node.start);
    let inside = tree.tokens[first..].iter().take_while(|t| t.end <= node.end).enumerate();
    let word = |i: usize| tree.tokens.get(i).map_or("", |t| &tree.text[t.start..t.end]);
    inside
        .filter(|(i, t)| {
            let at = first + i;
            let alone = at == 0 || word(at - 1) != ".";
            t.kind == Kind::Word && word(at).eq_ignore_ascii_case(from) && word(at + 1) == "." && alone
        })
        .map(|(_, t)| (t.start, t.end, to.to_owned()))
        .collect()
}

fn replaced(tree: Tree, mut edits: Vec<(usize, usize, String)>) -> Option<Tree> {
    if edits.is_empty() {
        return Some(tree);
    }
    edits.sort();
    let (mut out, mut done) = (String::with_capacity(tree.text.len()), 0);
    for (start, end, to) in edits {
        out.push_str(&tree.text[done..start]);
        out.push_str(&to);
        done = end;
    }
    out.push_str(&tree.text[done..]);
    read(&out)
}

fn ctes(tree: &Tree) -> &[Node] {
    let query = tree.root.kids.iter().find(|k| k.what == What::Query);
    query.and_then(|q| q.kids.iter().find(|k| k.what == What::With)).map_or(&[], |w| &w.kids)
}

fn renames(from: &Tree, to: &Tree) -> Vec<(String, String)> {
    let (a, b) = (ctes(from), ctes(to));
    let found = pairs(a, b).into_iter().enumerate().filter_map(|(i, j)| Some((&a[i].key, &b[j?].key)));
    found.filter(|(x, y)| x != y).map(|(x, y)| (x.clone(), y.clone())).collect()
}

/// The text with CTEs called otherwise, wherever one is meant: where it is made or read, and before a dot.
fn renamed(tree: Tree, names: &HashMap<String, String>) -> Option<Tree> {
    if names.is_empty() {
        return Some(tree);
    }
    let code: Vec<_> = tree.tokens.iter().filter(|t| t.kind != Kind::Comment).collect();
    let words: Vec<String> = code.iter().map(|t| norm(t.kind, &tree.text[t.start..t.end])).collect();
    let at = |i: usize| words.get(i).map_or("", String::as_str);
    let mut edits = Vec::new();
    for (i, token) in code.iter().enumerate() {
        let Some(to) = names.get(&words[i]).filter(|_| token.kind == Kind::Word) else { continue };
        let before = i.checked_sub(1).map_or("", at);
        let made = ["with", ",", "recursive"].contains(&before) && at(i + 1) == "as" && at(i + 2) == "(";
        if made || ["from", "join"].contains(&before) || (at(i + 1) == "." && before != ".") {
            edits.push((token.start, token.end, to.clone()));
        }
    }
    replaced(tree, edits)
}

/// Columns that are generated no more, and are still named in what was merged: a sentence each.
pub(super) fn left_behind(base: &Tree, edited: &Tree, new: &Tree, merged: &str) -> Vec<String> {
    let words = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_lowercase).collect()
    };
    let (yours, now, merged) = (words(&edited.text), words(&new.text), words(merged));
    let mut columns = BTreeSet::new();
    items(&base.root, &mut columns);
    let gone = columns.into_iter().filter(|c| !now.contains(*c) && merged.contains(*c));
    gone.filter(|c| yours.contains(*c))
        .map(|c| format!("the column `{c}` is generated no more, and what was written by hand still names it"))
        .collect()
}

/// Columns that are generated now, and that a select list written out by hand in the place of `*` leaves out.
pub(super) fn left_out(base: &Tree, edited: &Tree, new: &Tree, merged: &Tree) -> Vec<String> {
    let is_open = |tree: &Tree| selected(tree).iter().any(|key| key.ends_with('*'));
    if !is_open(base) || !is_open(new) || is_open(edited) {
        return Vec::new();
    }
    let (mut was, mut now, mut there) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    items(&base.root, &mut was);
    items(&new.root, &mut now);
    items(&merged.root, &mut there);
    let selected = selected(merged);
    let added = now.into_iter().filter(|c| !was.contains(c) && there.contains(c) && !selected.contains(c));
    added
        .map(|c| format!("the column `{c}` is generated now, and the select list written by hand leaves it out"))
        .collect()
}

/// What the last query of a model selects.
fn selected(tree: &Tree) -> Vec<&str> {
    let query = tree.root.kids.iter().find(|k| k.what == What::Query);
    let body = query.and_then(|q| q.kids.iter().find(|k| k.what == What::Core));
    let lists = body.into_iter().flat_map(|b| &b.kids).flat_map(|core| &core.kids).filter(|k| k.key == "select");
    lists.flat_map(|list| &list.kids).map(|item| item.key.as_str()).collect()
}

fn items<'n>(node: &'n Node, out: &mut BTreeSet<&'n str>) {
    if node.what == What::Item && node.key.chars().all(|c| c.is_alphanumeric() || c == '_') {
        out.insert(&node.key);
    }
    node.kids.iter().for_each(|k| items(k, out));
}
