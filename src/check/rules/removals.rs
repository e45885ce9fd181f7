//! Fixes that take something out of a file as it was written: parts of a query with the Jinja in them, entries of YAML.

use sqlparser::ast::Cte;
use sqlparser::tokenizer::Location;

use super::look::View;
use crate::vocabulary::Fix;

/// What neither begins nor ends within what is taken out: statements and comments of Jinja.
const BLOCKS: &[&str] = &["{%", "%}", "{#", "#}"];

/// Takes out a CTE with its comma, or with the `with` that is for it alone.
pub(super) fn cte(view: &View<'_, '_>, cte: &Cte) -> Option<Fix> {
    let text: &str = &view.query.node.text;
    let start = at(view, cte.alias.name.span.start)?;
    let closing = at(view, cte.closing_paren_token.0.span.start)?;
    let name = &cte.alias.name.value;
    let quoted = cte.alias.name.quote_style.map_or(0, char::len_utf8);
    if !text.get(start + quoted..)?.starts_with(name.as_str()) || !text.get(closing..)?.starts_with(')') {
        return None;
    }
    let end = closing + 1;
    let after = text[end..].trim_start();
    let first = before_comments(text, start);
    let range = if let Some(rest) = after.strip_prefix(',') {
        first..text.len() - rest.trim_start().len()
    } else {
        let bare = text[..first].trim_end();
        match bare.strip_suffix(',') {
            Some(before) => before.len()..end,
            None => {
                let with = bare.len().checked_sub("with".len())?;
                let alone = bare.get(with..)?.eq_ignore_ascii_case("with")
                    && !bare[..with].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                alone.then(|| with..text.len() - after.len())?
            }
        }
    };
    taken_out(view, range)
}

/// Takes out an `order by` at the end of a model.
pub(super) fn last_order(view: &View<'_, '_>, first: Location) -> Option<Fix> {
    let text: &str = &view.query.node.text;
    let start = at(view, first)?;
    let before = word_before(text, start, "by")?;
    let from = word_before(text, before, "order")?;
    let from = text[..from].trim_end().len();
    let rest = &text[from..];
    let end = from + rest.trim_end().trim_end_matches(';').trim_end().len();
    let kept = &text[from..end];
    let open = |c: char| kept.matches(c).count();
    if ["--", "/*"].iter().any(|c| kept.contains(c)) || open('(') != open(')') || text[..from].ends_with('(') {
        return None;
    }
    taken_out(view, from..end)
}

/// Takes an entry out of a list in YAML, given the byte where its name stands: its lines, without what belongs to the
/// next. None for one with a comment in it, for the only one, and where the list is in one line.
pub(super) fn entry(file: &str, text: &str, at: usize) -> Option<Fix> {
    let begin = text.get(..at)?.rfind('\n').map_or(0, |i| i + 1);
    let lines: Vec<&str> = text[begin..].split_inclusive('\n').collect();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let depth = indent(lines[0]);
    if !lines[0][depth..].starts_with("- ") {
        return None;
    }
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let inner = |line: &&&str| is_blank(line) || indent(line) > depth;
    let mut own = &lines[..1 + lines[1..].iter().take_while(inner).count()];
    let next = lines.get(own.len()).copied().unwrap_or_default();
    // What stands before the next entry is about that one.
    while let [rest @ .., last] = own
        && is_blank(last)
    {
        own = rest;
    }
    let is_first = text[..begin].lines().rev().find(|l| !is_blank(l)).is_none_or(|l| {
        indent(l) < depth || l.trim_end().ends_with(':') && indent(l) <= depth && !l.trim_start().starts_with("- ")
    });
    let is_last = indent(next) != depth || !next.trim_start().starts_with("- ");
    if own.iter().any(|line| line.contains('#')) || (is_first && is_last) {
        return None;
    }
    Fix::bytes(file, text, begin..begin + own.iter().map(|line| line.len()).sum::<usize>(), "")
}

/// Where a place of the rendered SQL stands in the file, if it was copied from there.
fn at(view: &View<'_, '_>, place: Location) -> Option<usize> {
    view.rendered.written(usize::try_from(place.line).ok()?, usize::try_from(place.column).ok()?)
}

/// The start of the comments that stand right above, each on a line of its own.
fn before_comments(text: &str, start: usize) -> usize {
    let mut from = start;
    loop {
        let Some(end) = text[..from].trim_end_matches([' ', '\t']).strip_suffix('\n') else { return from };
        let line = end.rfind('\n').map_or(0, |i| i + 1);
        let comment = end[line..].trim_start();
        if !comment.starts_with("--") {
            return from;
        }
        from = line + (end[line..].len() - comment.len());
    }
}

fn word_before(text: &str, at: usize, word: &str) -> Option<usize> {
    let bare = text[..at].trim_end();
    let from = bare.len().checked_sub(word.len())?;
    let whole = !bare.get(..from)?.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    (whole && bare[from..].eq_ignore_ascii_case(word)).then_some(from)
}

fn taken_out(view: &View<'_, '_>, range: std::ops::Range<usize>) -> Option<Fix> {
    let node = view.query.node;
    let taken = node.text.get(range.clone())?;
    if BLOCKS.iter().any(|b| taken.contains(b)) || taken.matches("{{").count() != taken.matches("}}").count() {
        return None;
    }
    Fix::bytes(node.path.as_str(), &node.text, range, "")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::entry;
    use crate::check::analyse;
    use crate::dbt::{Settings, Tree, read};

    /// A model after every fix of one code.
    fn fixed(code: &str, sql: &str) -> String {
        let files =
            [("dbt_project.yml", "name: p\n"), ("models/a.sql", "select 1 as id, 2 as n"), ("models/m.sql", sql)];
        let tree: Tree = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).into())).collect();
        let analysis = analyse(read(&tree, &Settings::default(), None), None);
        let found: Vec<_> = analysis.findings.iter().filter(|d| d.code == code).collect();
        assert!(!found.is_empty(), "{sql}: {:?}", analysis.findings);
        let mut out = sql.to_owned();
        for fix in found.iter().filter_map(|d| d.fix.as_deref()).rev() {
            let start = fix.start.unwrap();
            assert_eq!(out[start..start + fix.replace.len()], fix.replace);
            out.replace_range(start..start + fix.replace.len(), &fix.by);
        }
        if out != sql {
            let mut tree = tree.clone();
            tree.insert("models/m.sql".into(), out.as_str().into());
            let again = analyse(read(&tree, &Settings::default(), None), None);
            let at = again.project.nodes.iter().position(|n| n.name == "m").unwrap();
            assert_eq!(again.prints[at].whole(), analysis.prints[at].whole(), "{out}");
            assert!(again.findings.iter().all(|d| d.code != code || d.fix.is_none()), "{out}: {:?}", again.findings);
        }
        out
    }

    #[test]
    fn ctes_go_with_their_comma_and_their_comments() {
        let a = "select * from {{ ref('a') }}";
        for (sql, want) in [
            (format!("with x as ({a}),\ny as ({a})\nselect id from y"), format!("with y as ({a})\nselect id from y")),
            (
                format!("with\n\n-- old\nx as (\n    {a}\n),\n\n-- kept\ny as ({a})\nselect id from y"),
                format!("with\n\n-- kept\ny as ({a})\nselect id from y"),
            ),
            (
                format!("with y as ({a}),\r\n-- é\r\nx as ({a})\r\nselect id from y"),
                format!("with y as ({a})\r\nselect id from y"),
            ),
            (
                format!("{{{{ config(tags=['t']) }}}}\nwith x as ({a})\n\nselect 1 as id"),
                "{{ config(tags=['t']) }}\nselect 1 as id".to_owned(),
            ),
            (format!("with x as (\n{{% if true %}}\n{a}\n{{% endif %}}\n)\nselect 1 as id"), String::new()),
        ] {
            let want = if want.is_empty() { sql.clone() } else { want };
            assert_eq!(fixed("unused-cte", &sql), want);
        }
    }

    #[test]
    fn the_order_of_a_model_goes_and_nothing_else() {
        for (sql, want) in [
            ("select id from {{ ref('a') }}\norder by id desc nulls last, n\n", "select id from {{ ref('a') }}\n"),
            ("select id from {{ ref('a') }} ORDER  BY\r\n lower(id)\r\n", "select id from {{ ref('a') }}\r\n"),
            ("select id from {{ ref('a') }} order by id -- for people\n", ""),
            ("select id from {{ ref('a') }} {% if true %}order by id{% endif %}", ""),
            ("select * from (select id from {{ ref('a') }} order by id) x", ""),
        ] {
            assert_eq!(fixed("order-by-in-model", sql), if want.is_empty() { sql } else { want });
        }
    }

    #[test]
    fn entries_of_yaml_go_and_comments_stay() {
        let gone = |text: &str| {
            let at = text.find("gone").unwrap();
            entry("a.yml", text, at).map(|fix| text.replacen(&fix.replace, &fix.by, 1))
        };
        let text = "columns:\n  # first\n  - name: a\n  - name: gone\n    data_tests:\n      - unique\n\n  # about b\n  - name: b\nx: 1\n";
        assert_eq!(gone(text).unwrap(), "columns:\n  # first\n  - name: a\n\n  # about b\n  - name: b\nx: 1\n");
        let text = "columns:\r\n- {name: gone}\r\n- {name: b}\r\n";
        assert_eq!(gone(text).unwrap(), "columns:\r\n- {name: b}\r\n");
        assert_eq!(gone("columns:\n  - name: a\n  - name: gone").unwrap(), "columns:\n  - name: a\n");
        for kept in [
            "columns:\n  - name: gone\nx: 1\n",
            "columns: [{name: gone}, {name: b}]\n",
            "columns:\n  - name: a\n  - name: gone # said by ada\n",
            "columns:\n  - name: a\n  - name: gone\n    # a reason\n    tests: []\n",
        ] {
            assert_eq!(gone(kept), None, "{kept}");
        }
    }
}
