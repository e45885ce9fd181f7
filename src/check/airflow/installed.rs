//! The Airflow that DAGs run on: its version, as the files of a repository pin it, and whether it catches up by default.

use crate::check::Repository;

/// What is known of the Airflow that a file is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// Major and minor version, the lowest that the files allow; none where they don't say which major.
    pub version: Option<(u32, u32)>,
    /// `catchup_by_default`, where settings say so.
    pub catches_up: Option<bool>,
}

impl Installed {
    /// The major version.
    pub fn major(self) -> Option<u32> {
        self.version.map(|(major, _)| major)
    }

    /// Whether it is an Airflow 2 in which what is deprecated since a minor version is that already.
    pub fn deprecates(self, since: u32) -> bool {
        self.version.is_some_and(|(major, minor)| major == 2 && minor >= since)
    }
}

/// What the files of a repository say, each for the folder that it is in.
#[derive(Debug, Default)]
pub struct Pins<'r> {
    versions: Vec<(&'r str, (u32, u32))>,
    catchup: Vec<(&'r str, bool)>,
}

impl<'r> Pins<'r> {
    /// Reads them.
    pub fn of(repository: &'r Repository) -> Pins<'r> {
        let mut out = Pins::default();
        for (path, text) in &repository.files {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            // Most files say nothing: one look at the whole.
            let names_it = ["airflow", "AIRFLOW", "astro"].iter().any(|word| text.contains(word));
            if !is_setup(name) || !(names_it || name == "airflow.cfg") {
                continue;
            }
            out.versions.extend(version(text).map(|version| (folder, version)));
            out.catchup.extend(catchup(text).map(|on| (folder, on)));
        }
        out
    }

    /// What holds for a file: what the nearest folder above it says, else the whole repository where that agrees.
    pub fn at(&self, path: &str) -> Installed {
        Installed {
            version: nearest(&self.versions, path).and_then(|all| {
                let majors = |v: &(u32, u32)| v.0 == all[0].0;
                all.iter().all(majors).then(|| all.iter().min().copied()).flatten()
            }),
            catches_up: nearest(&self.catchup, path)
                .and_then(|all| all.iter().all(|on| *on == all[0]).then_some(all[0])),
        }
    }
}

/// What is said nearest to a file.
fn nearest<T: Copy>(all: &[(&str, T)], path: &str) -> Option<Vec<T>> {
    let mut at = path;
    while let Some((folder, _)) = at.rsplit_once('/') {
        let here: Vec<T> = all.iter().filter(|(f, _)| *f == folder).map(|(_, said)| *said).collect();
        if !here.is_empty() {
            return Some(here);
        }
        at = folder;
    }
    let here: Vec<T> = all.iter().filter(|(f, _)| f.is_empty()).map(|(_, said)| *said).collect();
    let here = if here.is_empty() { all.iter().map(|(_, said)| *said).collect() } else { here };
    (!here.is_empty()).then_some(here)
}

/// Whether a file is one that says what is installed, or how it is set.
fn is_setup(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(name, "pyproject.toml" | "setup.cfg" | "setup.py" | "airflow.cfg")
        || (ending == "txt" && (name.starts_with("requirements") || name.starts_with("constraints")))
        || name.starts_with("Dockerfile")
        || name.starts_with(".env")
        || matches!(ending, "sh" | "env" | "tf" | "yml" | "yaml")
}

/// The version that a file pins, where all that it says agrees on the major.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut out: Option<(u32, u32)> = None;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    for one in lines.filter_map(of_line) {
        match out {
            Some(before) if before.0 != one.0 => return None,
            Some(before) => out = Some(before.min(one)),
            None => out = Some(one),
        }
    }
    out
}

/// What stands right before a version of Airflow, and nowhere else.
const BEFORE: &[&str] = &[
    "apache/airflow:",
    "bitnami/airflow:",
    "AIRFLOW_VERSION=",
    "AIRFLOW_VERSION:",
    "airflow_version",
    "AirflowVersion:",
    "airflow/constraints-",
    "astronomer/runtime:",
    "azurecr.io/runtime:",
];

fn of_line(line: &str) -> Option<(u32, u32)> {
    let line = line.split(" #").next().unwrap_or(line);
    for before in BEFORE {
        let Some((_, rest)) = line.split_once(before) else { continue };
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "=:\"'{-".contains(c));
        let rest = rest.strip_prefix("slim-").unwrap_or(rest);
        if let Some(found) = numbers(rest).filter(|v| matches!(v.0, 1..=3)) {
            return Some(found);
        }
    }
    // Google's image: `composer-2.9.7-airflow-2.9.3`.
    if let Some((_, rest)) = line.split_once("composer-").and_then(|(_, rest)| rest.split_once("-airflow-")) {
        return numbers(rest);
    }
    if let Some((_, rest)) = line.split_once("astro-runtime:") {
        // Astronomer's own numbers, before they follow Airflow's.
        let (runtime, _) = numbers(rest).or_else(|| Some((digits(rest)?.0, 0)))?;
        return (4..=13).contains(&runtime).then(|| (2, runtime - 2));
    }
    let name = "apache-airflow";
    line.match_indices(name).find_map(|(at, _)| required(&line[at + name.len()..]))
}

/// What stands after the name of the package: `[postgres]>=2.9,<3`, `` = "^2.9"``.
fn required(rest: &str) -> Option<(u32, u32)> {
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "\"'".contains(c));
    // `= {extras = […], version = "2.9.3"}`, `= "^2.9"`: the value of a key.
    let rest = match rest.strip_prefix('=').filter(|r| !r.starts_with('=')) {
        Some(value) => {
            let value = value.split_once("version").map_or(value, |(_, v)| v);
            value.trim_start_matches(|c: char| c.is_whitespace() || "=\"'".contains(c))
        }
        None if rest.starts_with(['=', '~', '<', '>', '!', '^']) => rest,
        None => return None,
    };
    let (mut low, mut high) = (None, None);
    let end = rest.find(['"', '\'', ';', '}', ')']).unwrap_or(rest.len());
    for part in rest[..end].split(',').map(str::trim) {
        let at = part.find(|c: char| c.is_ascii_digit())?;
        let (operator, number) = (part[..at].trim(), &part[at..]);
        let given = numbers(number).or_else(|| Some((digits(number)?.0, 0)))?;
        match operator {
            "==" | "===" | "" | "=" | "~=" | "^" | "~" => (low, high) = (Some(given), Some(given)),
            ">=" | ">" => low = Some(given),
            "<" => high = Some(if given.1 == 0 { (given.0.checked_sub(1)?, 99) } else { given }),
            "<=" => high = Some(given),
            _ => {}
        }
    }
    match (low, high) {
        (Some(low), Some(high)) if low.0 == high.0 => Some(low),
        // Nothing is known above 3.
        (Some(low), None) if low.0 == 3 => Some(low),
        (None, Some(high)) if high.0 <= 2 => Some((high.0, 0)),
        _ => None,
    }
}

fn digits(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn numbers(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = digits(text)?;
    Some((major, digits(rest.strip_prefix('.')?)?.0))
}

/// What settings say of catching up.
fn catchup(text: &str) -> Option<bool> {
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
    let names = ["AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT", "catchup_by_default"];
    lines.find_map(|line| {
        let (_, rest) = names.iter().find_map(|name| line.split_once(name))?;
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "=:\"'".contains(c)).to_ascii_lowercase();
        match rest.trim_end_matches(|c: char| c.is_whitespace() || "\"',".contains(c)) {
            "false" | "f" | "0" => Some(false),
            "true" | "t" | "1" => Some(true),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_where_they_are_pinned() {
        for (line, want) in [
            ("apache-airflow==2.9.3", Some((2, 9))),
            ("apache-airflow[postgres,celery]==2.10.4  # as in production", Some((2, 10))),
            ("apache-airflow>=2.6,<3", Some((2, 6))),
            ("    \"apache-airflow>=2.7.0,<3.0\",", Some((2, 7))),
            ("apache-airflow~=2.9.0", Some((2, 9))),
            ("apache-airflow<3", Some((2, 0))),
            ("apache-airflow>=3.0", Some((3, 0))),
            ("apache-airflow = \"^2.8\"", Some((2, 8))),
            ("apache-airflow = {extras = [\"celery\"], version = \"2.8.1\"}", Some((2, 8))),
            ("apache-airflow==1.10.15", Some((1, 10))),
            ("FROM apache/airflow:2.9.3-python3.11", Some((2, 9))),
            ("FROM apache/airflow:slim-3.0.4", Some((3, 0))),
            ("  image: ${AIRFLOW_IMAGE_NAME:-apache/airflow:2.7.1}", Some((2, 7))),
            ("FROM quay.io/astronomer/astro-runtime:12.1.1", Some((2, 10))),
            ("FROM astrocrpublic.azurecr.io/runtime:3.0-4", Some((3, 0))),
            ("ARG AIRFLOW_VERSION=2.8.4", Some((2, 8))),
            (
                "--constraint https://raw.githubusercontent.com/apache/airflow/constraints-2.5.1/constraints-3.8.txt",
                Some((2, 5)),
            ),
            ("airflow_version = \"2.9.2\"", Some((2, 9))),
            ("image_version = \"composer-2.9.7-airflow-2.9.3\"", Some((2, 9))),
            ("apache-airflow", None),
            ("apache-airflow>=2.9", None),
            ("apache-airflow-providers-standard==1.4.1", None),
            ("FROM apache/airflow:latest", None),
            ("astronomer-cosmos==1.5", None),
            ("mwaa-airflow-runner==3.1", None),
        ] {
            assert_eq!(of_line(line), want, "{line}");
        }
        assert_eq!(version("apache-airflow==2.9.3\n# apache-airflow==3.0\n"), Some((2, 9)));
        assert_eq!(
            version("FROM apache/airflow:2.9.3\nFROM apache/airflow:3.0.1\n"),
            None,
            "which of them nobody knows"
        );
    }

    #[test]
    fn the_nearest_holds() {
        let file = |path: &str, text: &str| (path.to_owned(), text.into());
        let files = [
            file("requirements.txt", "apache-airflow==2.9.3"),
            file("new/requirements.txt", "apache-airflow==3.0.1"),
            file("new/airflow.cfg", "[scheduler]\n# catchup_by_default = True\ncatchup_by_default = False\n"),
        ];
        let repository = Repository { files: files.into(), no_text: Vec::new() };
        let pins = Pins::of(&repository);
        assert_eq!(pins.at("dags/a.py").version, Some((2, 9)));
        assert_eq!(pins.at("new/dags/a.py"), Installed { version: Some((3, 0)), catches_up: Some(false) });
        let repository = Repository {
            files: [
                file("docker/a/Dockerfile", "FROM apache/airflow:2.9.3"),
                file("b/setup.cfg", "apache-airflow==3.0"),
            ]
            .into(),
            no_text: Vec::new(),
        };
        assert_eq!(Pins::of(&repository).at("dags/a.py").version, None, "two that disagree");
    }
}
