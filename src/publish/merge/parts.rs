//! A text as parts within parts, each with its place: what YAML and Python have in common when they are merged.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

/// A text that was read.
#[derive(Clone, Debug)]
pub(super) struct Read<'a> {
    pub text: &'a str,
    pub root: Node,
    /// Starts of lines that must not be moved to the side: they stand within text of several lines. In order.
    pub frozen: Vec<usize>,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub range: Range<usize>,
    /// What it says, without its layout and its comments: equal texts say the same. Of a value with parts its [`digest`].
    pub meaning: String,
    /// Its parts, where it has some that can be told apart.
    pub group: Option<Box<Group>>,
    /// Whether another value that is flat can take its place on the line.
    pub flat: bool,
}

/// The parts of one value.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// What the parts are parts of: groups are merged with those of the same kind.
    pub kind: String,
    /// Whether each part has its lines for itself, save that the first may stand behind a bullet.
    pub lines: bool,
    /// Whether a comma stands between two parts.
    pub comma: bool,
    /// What stands before each part: `- `.
    pub bullet: String,
    /// The column of the parts, with their bullets.
    pub indent: usize,
    /// Where a first part would go.
    pub hole: usize,
    /// Whether the order of the parts says something.
    pub ordered: bool,
    pub parts: Vec<Part>,
}

/// A part, known among its neighbours by its key.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// None where nothing but what it says tells it from its neighbours.
    pub key: Option<String>,
    /// Parts with ranks that stand together are in their order: imports.
    pub rank: Option<String>,
    /// The blank lines and comments above it.
    pub head: Range<usize>,
    /// Where it begins, with its bullet.
    pub start: usize,
    /// Key and value.
    pub body: Range<usize>,
    /// Where its last line ends, with a comma and a comment behind it, without the line break.
    pub end: usize,
    pub value: Node,
}

impl Group {
    /// A group without parts, for where one side has none.
    pub fn none(like: &Group) -> Group {
        Group { parts: Vec::new(), ..like.clone() }
    }
}

/// A text in few bytes: a file of parts within parts is not kept once for each level.
pub(super) fn digest(said: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    said.hash(&mut hasher);
    hasher.finish()
}

/// Where the line of `at` begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |i| i + 1)
}

/// Where the line of `at` ends, without its break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |i| at + i)
}

/// The column of `at`, in bytes.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - line_start(text, at)
}

/// Whether only blanks stand before `at` on its line.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    text[line_start(text, at)..at].bytes().all(|b| b == b' ')
}

impl Read<'_> {
    /// The text in `range`, whose first line begins at column `from`, as it stands at column `to`: every line but the
    /// first is moved, as far as it can be.
    pub fn moved(&self, range: Range<usize>, from: usize, to: usize) -> String {
        let mut out = String::with_capacity(range.len());
        let mut at = range.start;
        for line in self.text[range].split_inclusive('\n') {
            if out.is_empty() || self.frozen.binary_search(&at).is_ok() || line.trim().is_empty() {
                out.push_str(line);
            } else {
                let blanks = line.len() - line.trim_start_matches(' ').len();
                out.push_str(&" ".repeat((blanks + to).saturating_sub(from)));
                out.push_str(&line[blanks..]);
            }
            at += line.len();
        }
        out
    }

    /// The comments and blank lines above a part, at column `to`.
    pub fn head(&self, part: &Part, to: usize) -> String {
        self.text[part.head.clone()]
            .split_inclusive('\n')
            .map(|line| match line.trim() {
                "" => "\n".to_owned(),
                comment => format!("{}{comment}\n", " ".repeat(to)),
            })
            .collect()
    }

    /// What stands behind a part on its last line: the comment, without the comma.
    pub fn tail(&self, part: &Part) -> &str {
        let tail = &self.text[part.body.end.min(part.end)..part.end];
        tail.strip_prefix(',').unwrap_or(tail).trim()
    }

    /// A part as it is written, without where it stands: to be compared.
    pub fn written(&self, part: &Part) -> String {
        let from = column(self.text, part.body.start);
        let body = self.moved(part.body.clone(), from, 0);
        let body: Vec<&str> = body.lines().map(str::trim_end).collect();
        format!("{}\u{1f}{}", body.join("\n"), self.tail(part))
    }

    /// The comments within a range, in order: for parts that say the same, what may differ.
    pub fn comments(&self, range: Range<usize>) -> Vec<&str> {
        self.text[range]
            .lines()
            .filter_map(|line| {
                let at = line.starts_with('#').then_some(0).or_else(|| line.find(" #").map(|i| i + 1))?;
                Some(line[at..].trim())
            })
            .collect()
    }

    /// The whole lines of a part with its bullet, without its head.
    pub fn lines_of(&self, part: &Part) -> Range<usize> {
        line_start(self.text, part.start)..(part.end + 1).min(self.text.len())
    }
}
