//! Files as nobody expects them, and repositories as nobody expects them: no byte of people's is lost, by the real program.

#![allow(clippy::expect_used, clippy::panic, clippy::type_complexity, clippy::unwrap_used)]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use support::{AS_OF, SAMPLE, Sandbox};

const CONTRACT: &str = "contracts/shop/orders.odcs.yaml";
const ORDERS: &str = "dbt/models/staging/shop/stg_shop__orders.sql";
const PROPERTIES: &str = "dbt/models/staging/shop/stg_shop__orders.yml";
const DAG: &str = "dags/daily_customer_orders.py";
const SPEC: &str = "pipelines/daily_customer_orders.yml";

fn ready() -> Sandbox {
    static READY: OnceLock<Sandbox> = OnceLock::new();
    let first = READY.get_or_init(|| {
        let s = Sandbox::workspace();
        s.ok(&["propose", SAMPLE, "--as-of", AS_OF]);
        s.git(&["branch", "-qM", "main"]);
        s
    });
    Sandbox::copy_of(&first.root)
}

fn change(s: &Sandbox) {
    s.edit(CONTRACT, "      - name: status\n", "      - name: state\n");
    s.edit(SPEC, "cron: \"0 6 * * *\"", "cron: \"0 7 * * *\"");
    s.commit("the source and the schedule changed");
}

fn bytes(s: &Sandbox, path: &str) -> Vec<u8> {
    std::fs::read(s.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|w| w == part)
}

#[test]
fn bytes_as_nobody_expects_them() {
    // What people make of the DAG; what must stand afterwards, and whether it merges.
    let cases: &[(&str, fn(&str) -> Vec<u8>, fn(&[u8]) -> bool, i32)] = &[
        (
            "CRLF",
            |t| t.replace("max_active_runs=1", "max_active_runs=2").replace('\n', "\r\n").into(),
            |b| {
                has(b, b"max_active_runs=2,\r\n")
                    && has(b, b"0 7 * * *\",\r\n")
                    && !has(&b.iter().copied().filter(|c| *c != b'\r').collect::<Vec<_>>(), b"\r")
            },
            0,
        ),
        (
            "CRLF in one line",
            |t| t.replace("max_active_runs=1,\n", "max_active_runs=2,\r\n").into(),
            |b| {
                has(b, b"max_active_runs=2,\r\n")
                    && has(b, b"0 7 * * *\",\n")
                    && b.iter().filter(|c| **c == b'\r').count() == 1
            },
            0,
        ),
        (
            "no last line break",
            |t| t.replace("max_active_runs=1", "max_active_runs=2").trim_end().into(),
            |b| has(b, b"max_active_runs=2") && has(b, b"0 7 * * *") && !b.ends_with(b"\n"),
            0,
        ),
        (
            "a byte order mark",
            |t| format!("\u{feff}{}", t.replace("max_active_runs=1", "max_active_runs=2")).into(),
            |b| b.starts_with(b"\xef\xbb\xbf\"\"\"") && has(b, b"max_active_runs=2") && has(b, b"0 7 * * *"),
            0,
        ),
        (
            "no UTF-8",
            |t| [t.as_bytes(), b"# na\xefve \xff\x00\n"].concat(),
            |b| b.ends_with(b"# na\xefve \xff\x00\n") && has(b, b"0 7 * * *"),
            0,
        ),
        (
            "tabs",
            |t| t.replace("    ingest = load", "    if True:\n\t\tpass\n    ingest = load").into(),
            |b| has(b, b"\t\tpass\n") && has(b, b"0 7 * * *"),
            0,
        ),
        // All of it was taken out: it stays out, with a word.
        ("empty", |_| Vec::new(), <[u8]>::is_empty, 0),
        (
            "50 MB",
            |t| [t.as_bytes(), &b"# a line of people that goes on and on\n".repeat(1_300_000)].concat(),
            |b| b.len() > 50_000_000 && has(&b[..10_000], b"0 7 * * *") && b.ends_with(b"goes on and on\n"),
            0,
        ),
    ];
    for (what, edit, holds, code) in cases {
        let s = ready();
        s.write(DAG, edit(&s.read(DAG)));
        s.commit(what);
        change(&s);
        let said = s.pw(&["regenerate"]);
        assert_eq!(said.code, *code, "{what}: {}{}", said.out, said.err);
        let after = bytes(&s, DAG);
        assert!(holds(&after), "{what}: {}", String::from_utf8_lossy(&after[..after.len().min(9000)]));
        assert_eq!(s.git(&["status", "--porcelain"]), "", "{what}");
        let tree = s.tree();
        let again = s.pw(&["regenerate"]);
        assert!(s.tree() == tree, "{what}: a second time changes something\n{}", again.err);
    }
}

#[test]
fn what_is_no_plain_file() {
    // A link: left alone, and said.
    let s = ready();
    std::fs::rename(s.path(DAG), s.path("dags/real.txt")).unwrap();
    std::os::unix::fs::symlink("real.txt", s.path(DAG)).unwrap();
    s.commit("a link");
    let real = s.read("dags/real.txt");
    change(&s);
    let said = s.pw(&["regenerate"]);
    assert!(said.code == 1 && said.err.contains("not-a-file"), "{}", said.err);
    assert!(s.path(DAG).is_symlink() && s.read("dags/real.txt") == real);

    // A submodule.
    let s = ready();
    let commit = s.git(&["rev-parse", "HEAD"]);
    s.git(&["rm", "-q", DAG]);
    s.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{DAG}")]);
    s.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "a submodule"]);
    s.edit(SPEC, "cron: \"0 6 * * *\"", "cron: \"0 7 * * *\"");
    s.git(&["add", SPEC]);
    s.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "seven"]);
    let said = s.pw(&["regenerate"]);
    assert!(said.code == 1 && said.err.contains("not-a-file"), "{}{}", said.out, said.err);
    assert!(s.git(&["ls-files", "--stage", DAG]).starts_with("160000"));

    // A folder where a file is generated: refused, nothing changed.
    let s = ready();
    std::fs::remove_file(s.path(DAG)).unwrap();
    s.write(&format!("{DAG}/mine.txt"), "mine\n");
    s.commit("a folder");
    change(&s);
    s.pw(&["regenerate"]);
    assert_eq!(s.read(&format!("{DAG}/mine.txt")), "mine\n");
    assert_eq!(s.git(&["status", "--porcelain"]), "");

    // What can be run stays so; what is read-only is replaced as a whole, as git does.
    let s = ready();
    s.edit(DAG, "max_active_runs=1", "max_active_runs=2");
    std::fs::set_permissions(s.path(DAG), std::fs::Permissions::from_mode(0o755)).unwrap();
    s.commit("to be run");
    std::fs::set_permissions(s.path(ORDERS), std::fs::Permissions::from_mode(0o444)).unwrap();
    change(&s);
    s.ok(&["regenerate"]);
    assert!(s.git(&["ls-files", "--stage", DAG]).starts_with("100755"));
    assert_eq!(std::fs::metadata(s.path(DAG)).unwrap().permissions().mode() & 0o111, 0o111);
    assert!(s.read(DAG).contains("max_active_runs=2") && s.read(DAG).contains("0 7"));
    assert!(s.read(ORDERS).contains("state"));
    s.ok(&["check"]);

    // Names that differ only in case, where the file system does not tell them apart.
    let s = ready();
    s.git(&["config", "core.ignorecase", "true"]);
    s.git(&["mv", DAG, "dags/Daily_Customer_Orders.py"]);
    s.git(&["rm", "-q", "--cached", &format!(".pipewright/base/{DAG}")]);
    std::fs::remove_file(s.path(&format!(".pipewright/base/{DAG}"))).unwrap();
    s.commit("another case");
    change(&s);
    let mine = s.read("dags/Daily_Customer_Orders.py");
    let said = s.pw(&["regenerate"]);
    assert!(said.code == 2 && said.err.contains("differs only in case"), "{}{}", said.out, said.err);
    assert_eq!(s.read("dags/Daily_Customer_Orders.py"), mine);
}

/// The edit and the change, both there; nothing else in the way.
fn both(s: &Sandbox, how: &str) {
    let said = s.pw(&["regenerate"]);
    assert_eq!(said.code, 0, "{how}: {}{}", said.out, said.err);
    let (dag, properties) = (s.read(DAG), s.read(PROPERTIES));
    assert!(dag.contains("max_active_runs=2") && dag.contains("0 7 * * *"), "{how}: {dag}");
    assert!(properties.contains("Ours.") && properties.contains("state"), "{how}: {properties}");
    // A squash onto a new root has no commit in common with main.
    assert_eq!(s.pw(&["check", "--against", "none"]).code, 0, "{how}");
    assert_eq!(s.git(&["status", "--porcelain"]), "", "{how}");
}

#[test]
fn repositories_as_nobody_expects_them() {
    let s = ready();
    s.edit(DAG, "max_active_runs=1", "max_active_runs=2");
    s.edit(PROPERTIES, "Key of orders.", "Ours.");
    s.commit("by hand");
    change(&s);
    let clone = |args: &[&str]| {
        let clone = Sandbox::bare();
        let url = format!("file://{}", s.root.display());
        clone.git(&[&["clone", "-q"], args, &[&url, "."]].concat());
        clone
    };
    both(&clone(&[]), "a fresh clone");
    both(&clone(&["--depth", "1"]), "a shallow clone");
    let renamed = clone(&[]);
    renamed.git(&["branch", "-m", "main", "trunk"]);
    both(&renamed, "a renamed branch");
    let detached = clone(&[]);
    detached.git(&["switch", "-q", "--detach"]);
    both(&detached, "a detached HEAD");
    let squashed = clone(&[]);
    squashed.git(&["switch", "-q", "--orphan", "other"]);
    squashed.git(&["checkout", "-q", "main", "--", "."]);
    squashed.commit("squash");
    squashed.git(&["branch", "-q", "-D", "main"]);
    both(&squashed, "a squash merge");
    let crlf = clone(&["-c", "core.autocrlf=true"]);
    assert!(crlf.read(DAG).contains("\r\n"));
    crlf.ok(&["regenerate"]);
    assert!(crlf.read(DAG).contains("max_active_runs=2,\r\n") && crlf.read(DAG).contains("0 7"));
    assert_eq!(crlf.git(&["status", "--porcelain"]), "");
    let linked = Sandbox::bare();
    std::fs::remove_dir(&linked.root).unwrap();
    s.git(&["worktree", "add", "-q", "-b", "beside", linked.root.to_str().unwrap()]);
    both(&linked, "another work tree");
    both(&s, "the repository itself");
}

/// What an older version generated for the sample, by path.
fn older() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/older");
    let files = walkdir::WalkDir::new(&folder).sort_by_file_name().into_iter().map(Result::unwrap);
    files
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
            (path, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn a_workspace_of_an_older_version_is_brought_up() {
    let s = ready();
    let now = s.tree();
    let old: Vec<_> =
        older().into_iter().filter(|(path, _)| path.starts_with("d") || path.starts_with("ingest/")).collect();
    assert!(old.len() > 15, "{}", old.len());
    let mut differ = 0;
    for (path, text) in &old {
        if now.get(path).is_some_and(|now| now != text.as_bytes()) {
            differ += 1;
        }
        s.write(path, text);
        s.write(&format!(".pipewright/base/{path}"), text);
    }
    assert!(differ > 12, "the fixture is no older than what is generated now");
    let lock = s.read("pipewright.lock").replace("tool: \"0.1.0\"", "tool: \"0.0.1\"");
    s.write("pipewright.lock", lock);
    s.commit("as version 0.0.1 left it");
    let edits = [
        (DAG, "max_active_runs=1", "max_active_runs=2"),
        (PROPERTIES, "name: shipped_at\n", "name: shipped_at\n        meta: {owner: ours}\n"),
        ("dbt/models/marts/daily_customer_orders.sql", "with ", "-- ours\nwith "),
    ];
    for (path, from, to) in edits {
        s.edit(path, from, to);
    }
    s.commit("by hand");
    let said = s.pw(&["regenerate"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let after = s.tree();
    for (path, _) in &old {
        let edit = edits.iter().find(|(edited, ..)| edited == path);
        match (edit, now.get(path)) {
            (None, now) => assert!(after.get(path) == now, "{path} is not what is generated now"),
            (Some((_, from, to)), Some(now)) => {
                let want = String::from_utf8_lossy(now).replacen(from, to, 1);
                assert_eq!(String::from_utf8_lossy(&after[path]), want, "{path}");
            }
            (Some(_), None) => panic!("{path} is no longer generated"),
        }
    }
    s.ok(&["check"]);
}

/// The three edits, whatever became of the command: in the file, or between markers in it.
fn edits_are_there(s: &Sandbox, what: &str) {
    for (path, word) in [(DAG, "max_active_runs=2"), (PROPERTIES, "Ours."), (DAG, "0 5 * * *")] {
        let text = s.read(path);
        assert!(text.contains(word), "{what}: {word} is lost in {path}:\n{text}");
    }
    assert_eq!(s.read("notes.txt"), "never committed\n", "{what}");
}

/// A workspace to be killed in: edits, one that conflicts, and something that is not committed.
fn to_be_killed() -> &'static Sandbox {
    static S: OnceLock<Sandbox> = OnceLock::new();
    S.get_or_init(|| {
        let s = ready();
        s.edit(DAG, "max_active_runs=1", "max_active_runs=2");
        s.edit(DAG, "schedule=\"0 6 * * *\"", "schedule=\"0 5 * * *\"");
        s.edit(PROPERTIES, "Key of orders.", "Ours.");
        s.commit("by hand");
        change(&s);
        s.write("notes.txt", "never committed\n");
        s
    })
}

const KILLED: [&[&str]; 4] = [
    &["regenerate"],
    &["regenerate", "--keep", "dags", "dbt/models"],
    &["regenerate", "--accept", ORDERS, "ddl"],
    &["release", DAG, PROPERTIES],
];

/// After a kill the next command ends what was begun or undoes it: the tree is as before or as after, whole.
fn recovers(s: &Sandbox, args: &[&str], what: &str, before: &Sandbox, after: &Sandbox) -> bool {
    edits_are_there(s, what);
    let said = s.pw(&["diff", "--summary"]);
    assert!(said.code < 2, "{what}: {}", said.err);
    let checked = s.pw(&["check"]);
    assert!(checked.code < 2, "{what}: {}", checked.err);
    edits_are_there(s, what);
    s.git(&["fsck", "--strict", "--no-dangling"]);
    assert_eq!(s.git(&["status", "--porcelain"]), "?? notes.txt", "{what}");
    let tree = s.tree();
    let ended = tree == after.tree();
    assert!(ended || tree == before.tree(), "{what}: neither as before nor as after");
    // And the command works, or has nothing left to do.
    let again = s.pw(args);
    assert!(again.code < 2, "{what}: {}", again.err);
    assert!(s.tree() == after.tree(), "{what}: not as after");
    edits_are_there(s, what);
    ended
}

#[test]
fn killed_at_every_step_nothing_is_lost() {
    let before = to_be_killed();
    for args in KILLED {
        let after = Sandbox::copy_of(&before.root);
        assert!(after.pw(args).code < 2);
        let (mut ended, mut undone) = (0, 0);
        // Every third step of a short command, every fifth of a long one; tests/git.rs takes every single one.
        for step in (1..80).step_by(if args.len() == 1 { 5 } else { 3 }) {
            let s = Sandbox::copy_of(&before.root);
            let mut command = s.command(args);
            let died = command
                .env("PIPEWRIGHT_DIE_AT", step.to_string())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .code()
                .is_none_or(|code| code >= 2);
            match recovers(&s, args, &format!("{args:?} at step {step}"), before, &after) {
                true => ended += 1,
                false => undone += 1,
            }
            if !died {
                break;
            }
        }
        assert!(ended > 0 && undone > 1, "{args:?}: {ended} {undone}");
    }
}

#[test]
fn killed_at_any_moment_nothing_is_lost() {
    let before = to_be_killed();
    let mut kills = 0;
    for args in KILLED {
        let after = Sandbox::copy_of(&before.root);
        let clock = std::time::Instant::now();
        assert!(after.pw(args).code < 2);
        let whole = clock.elapsed();
        for i in 0..8u32 {
            let s = Sandbox::copy_of(&before.root);
            let mut command: Command = s.command(args);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            // Towards the end, where files are moved, more often than at the start.
            std::thread::sleep(whole * (16 + 3 * i) / 36);
            let _ = child.kill();
            child.wait().unwrap();
            kills += 1;
            recovers(&s, args, &format!("{args:?} killed at {i}"), before, &after);
        }
    }
    assert!(kills >= 30);
}
