//! Conditions that no row can meet together: what people wrote contradicts itself.

use super::Assembly;
use crate::requirement::Question;
use crate::spec::Model;

impl Assembly<'_, '_> {
    /// Asks where two conditions of a model exclude each other.
    pub(super) fn contradictions(&mut self, model: &Model) {
        for (i, one) in model.filters.iter().enumerate() {
            for (j, other) in model.filters.iter().enumerate().skip(i + 1) {
                if !exclude(one, other) {
                    continue;
                }
                let words = [i, j].map(|at| self.words_of(&format!("models.{}.where.{at}", model.name)));
                let [first, second] = words.map(Option::unwrap_or_default);
                let about = format!("`{second}` leaves no row of what `{first}` keeps. Which of the two is meant?");
                let both = Question::new(about).key("contradiction").or_without();
                self.ask_that(both.words(first).or_without());
            }
        }
    }

    /// The words that became a part of the spec.
    fn words_of(&self, path: &str) -> Option<String> {
        let (piece, _) = self.became.iter().find(|(_, paths)| paths.iter().any(|p| p == path))?;
        Some(self.scan.words(&self.pieces.get(*piece)?.tokens).to_owned())
    }
}

/// Whether no row meets both: `status = 'a'` with `status <> 'a'` or `status = 'b'`.
fn exclude(one: &str, other: &str) -> bool {
    let null = |a: &str, b: &str| a.strip_suffix(" is null").is_some_and(|a| b.strip_suffix(" is not null") == Some(a));
    if null(one, other) || null(other, one) {
        return true;
    }
    let bare = |text: &str| {
        let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(" is null)"));
        inner.and_then(|t| t.rsplit_once(" or ")).map_or(text, |t| t.0).to_owned()
    };
    let parts = |text: &str| {
        let text = bare(text);
        [" <> ", " = ", " not in ", " in "].iter().find_map(|op| {
            let (left, right) = text.split_once(op)?;
            let values: Vec<String> = right.trim_matches(['(', ')']).split(", ").map(str::to_owned).collect();
            Some((left.to_owned(), *op == " = " || *op == " in ", values))
        })
    };
    let (Some((left, keeps, ours)), Some((right, takes, theirs))) = (parts(one), parts(other)) else { return false };
    left == right
        && match (keeps, takes) {
            (true, true) => !ours.iter().any(|v| theirs.contains(v)),
            (true, false) => ours.iter().all(|v| theirs.contains(v)),
            (false, true) => theirs.iter().all(|v| ours.contains(v)),
            (false, false) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::exclude;

    #[test]
    fn conditions_that_no_row_meets() {
        for (one, other) in [
            ("status = 'a'", "status <> 'a'"),
            ("(status <> 'a' or status is null)", "status = 'a'"),
            ("status = 'a'", "status = 'b'"),
            ("status in ('a', 'b')", "status not in ('a', 'b', 'c')"),
            ("status in ('a', 'b')", "status = 'c'"),
            ("paid_on is null", "paid_on is not null"),
        ] {
            assert!(exclude(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("status = 'a'", "method = 'b'"),
            ("status = 'a'", "status <> 'b'"),
            ("status in ('a', 'b')", "status <> 'a'"),
            ("status <> 'a'", "status <> 'b'"),
            ("total >= 3", "total >= 4"),
        ] {
            assert!(!exclude(one, other), "{one} {other}");
        }
    }
}
