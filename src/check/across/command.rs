//! Command lines that run dbt.

/// dbt's part of a command line.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// `run`, `build`, `test`, ….
    pub(super) command: String,
    /// What is selected.
    pub(super) select: Vec<String>,
    /// What is left out.
    pub(super) exclude: Vec<String>,
    /// Selectors that are named.
    pub(super) selectors: Vec<String>,
    /// Whether something in it is unknown.
    pub(super) unknown: bool,
}

fn is_command(word: &str) -> bool {
    matches!(word, "run" | "build" | "test" | "seed" | "snapshot")
}

/// The calls of dbt in a line of the shell.
pub(super) fn of_command(line: &str) -> Vec<Said> {
    let mut out = Vec::new();
    let line = line.replace("\\\n", " ").replace("&&", " ; ").replace("||", " ; ").replace(['|', ';'], " ; ");
    let mut words = line.split_whitespace().map(|w| w.trim_matches(['"', '\''])).peekable();
    while let Some(word) = words.next() {
        let program = word.rsplit('/').next().unwrap_or(word).trim_end_matches(['"', '\'']);
        if program != "dbt" {
            continue;
        }
        let (mut command, mut select, mut exclude, mut unknown) = (None, Vec::new(), Vec::new(), false);
        let mut selectors: Vec<String> = Vec::new();
        let (mut into, mut after_flag): (Option<bool>, bool) = (None, false);
        while let Some(word) = words.next_if(|w| *w != ";") {
            let (flag, value) =
                word.split_once('=').filter(|(f, _)| f.starts_with("--")).map_or((word, None), |(f, v)| (f, Some(v)));
            match flag {
                "--select" | "-s" | "--models" | "--model" | "-m" => into = Some(true),
                "--exclude" => into = Some(false),
                "--selector" => {
                    selectors.extend(value.or_else(|| words.next_if(|w| *w != ";")).map(str::to_owned));
                    (unknown, into) = (true, None);
                }
                "--state" => {
                    unknown = true;
                    into = None;
                }
                _ if flag.starts_with('-') => {
                    (into, after_flag) = (None, value.is_none());
                    continue;
                }
                // What is put in here may select.
                _ if into.is_none() && !after_flag && word.starts_with(['{', '$']) => {
                    unknown = true;
                    continue;
                }
                _ if command.is_none() && into.is_none() && !after_flag => {
                    command = Some(word.to_owned());
                    continue;
                }
                _ if command.is_none() && into.is_none() && is_command(word) => {
                    command = Some(word.to_owned());
                    continue;
                }
                _ => {
                    match into {
                        Some(true) => select.push(word.to_owned()),
                        Some(false) => exclude.push(word.to_owned()),
                        None => after_flag = false,
                    }
                    continue;
                }
            }
            if let (Some(value), Some(to)) = (value, into) {
                if to { &mut select } else { &mut exclude }.push(value.trim_matches(['"', '\'']).to_owned());
                into = None;
            }
        }
        unknown |= select.iter().chain(&exclude).any(|w| w.contains(['{', '$', '`', '%']));
        if let Some(command) = command.filter(|c| is_command(c)) {
            out.push(Said { command, select, exclude, selectors, unknown });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::of_command;

    #[test]
    fn command_lines_are_read() {
        let said = |line: &str| {
            let shown = |s: super::Said| format!("{} {:?} {:?} {}", s.command, s.select, s.exclude, s.unknown);
            of_command(line).into_iter().map(shown).collect::<Vec<_>>()
        };
        assert_eq!(
            said("cd /x && dbt run --select a b+ --exclude tag:slow -t prod"),
            [r#"run ["a", "b+"] ["tag:slow"] false"#]
        );
        assert_eq!(
            said("dbt --no-use-colors build -s 'tag:daily' ; dbt test"),
            [r#"build ["tag:daily"] [] false"#, "test [] [] false"]
        );
        assert_eq!(said("\"$BIN/dbt\" run --select=marts.core"), [r#"run ["marts.core"] [] false"#]);
        assert_eq!(said("dbt run --select {{ params.m }}"), [r#"run ["{{", "params.m", "}}"] [] true"#]);
        assert_eq!(said("dbt run --selector nightly"), ["run [] [] true"]);
        assert_eq!(of_command("dbt run --selector=nightly")[0].selectors, ["nightly"]);
        assert_eq!(said("dbt --profiles-dir {DIR} run -t {TARGET} --select a"), [r#"run ["a"] [] false"#]);
        assert_eq!(said("dbt run {EXTRA}"), ["run [] [] true"], "it may be a selection");
        assert_eq!(said("f'cd {DIR} && dbt build --select a'"), [r#"build ["a"] [] false"#]);
        assert_eq!(said("dbt deps"), Vec::<String>::new());
        assert_eq!(said("echo dbtools run"), Vec::<String>::new());
    }
}
