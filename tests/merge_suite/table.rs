//! What became of everything, as a table for `docs/regeneration.md`.

use std::fmt::Write;
use std::path::Path;

use super::outcome::Outcome;

/// The table, and what it comes to.
pub fn table(all: &[Outcome<'_>], per_edit: usize) -> String {
    let names: Vec<&str> = all.iter().take(per_edit).map(|o| o.regeneration.name).collect();
    let files: Vec<_> = all.iter().flat_map(|o| &o.files).collect();
    let git = files.iter().filter(|f| f.1).count();
    let both = files.iter().filter(|f| f.1 && f.2).count();
    let left = files.len() - git;
    let resolved = files.iter().filter(|f| !f.1 && f.2).count();
    let conflicts = files.len() - both - resolved;
    let lost: usize = all.iter().map(|o| o.lost.len()).sum();
    let mut out = format!(
        "{} edits × {} regenerations are {} combinations. In {} files the hand edit and the regeneration meet:\n\n\
         | | files | merged | in conflict | lines lost |\n|---|---|---|---|---|\n\
         | `git merge-file` | {} | {git} | {left} | 0 |\n| Pipewright | {} | {} | {conflicts} | {lost} |\n\n\
         Of the {left} files that git leaves in conflict, {resolved} ({} %) are merged; of those that it merges, all {both}.\n\n",
        all.len() / per_edit,
        per_edit,
        all.len(),
        files.len(),
        files.len(),
        files.len(),
        both + resolved,
        resolved * 100 / left.max(1),
    );
    out.push_str("An empty cell: the two touch different files. `=`: git merges it too. `+`: merged here, in conflict by git. `!`: in\nconflict by both, because both want something else in the same place.\n\n| edit |");
    for (i, _) in names.iter().enumerate() {
        write!(out, " {} |", i + 1).unwrap();
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(names.len()));
    for row in all.chunks(per_edit) {
        write!(out, "\n| {} |", row[0].edit.name).unwrap();
        for cell in row {
            let sign = match &cell.files[..] {
                [] => "",
                files if files.iter().any(|f| !f.2) => " !",
                files if files.iter().any(|f| !f.1) => " +",
                _ => " =",
            };
            write!(out, "{sign} |").unwrap();
        }
    }
    out.push_str("\n\nRegenerations: ");
    let list: Vec<String> = names.iter().enumerate().map(|(i, name)| format!("{} {name}", i + 1)).collect();
    writeln!(out, "{}.", list.join("; ")).unwrap();
    out
}

const OPENS: &str = "<!-- made by tests/merge_suite -->\n";
const CLOSES: &str = "<!-- end -->\n";

/// The table stands in the documentation, as it is now.
pub fn documented(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/regeneration.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(OPENS).expect("the place of the table");
    let (there, tail) = rest.split_once(CLOSES).expect("the end of the table");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{OPENS}{table}{CLOSES}{tail}")).unwrap();
    } else {
        assert!(there == table, "docs/regeneration.md is behind: UPDATE_DOCS=1 cargo test --test merge_suite\n{table}");
    }
}
