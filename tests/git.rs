//! Real repositories, compared with the `git` program.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use pipewright::publish::{Change, Draft, Published, commit};
use pipewright::render::Files;
use pipewright::vocabulary::{Fault, Name, Outcome};
use pipewright::world::git::{Git, Recovered, When};
use pipewright::world::lock::Lock;

const NOW: When = When { seconds: 1_774_951_200, offset: 120 };

fn git(dir: &Path, args: &[&str]) -> String {
    let out = Command::new("git")
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git is there");
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

fn repo() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    git(dir.path(), &["init", "--quiet", "--initial-branch=main"]);
    dir
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(dir: &Path, path: &str) -> String {
    std::fs::read_to_string(dir.join(path)).unwrap()
}

fn files(pairs: &[(&str, &str)]) -> Files {
    pairs.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect()
}

fn propose_with(dir: &Path, name: &str, generated: &Files, documents: &Files) -> Outcome<Published> {
    let pipeline = Name::parse(name).unwrap();
    let draft = Draft {
        pipeline: &pipeline,
        title: "feat: daily sales",
        requirement: Some("daily sales\nPipewright-Change: forged"),
        generated,
        whole: true,
        documents,
        when: NOW,
    };
    commit(&Git::open(dir)?, &draft)
}

fn propose(dir: &Path, name: &str, generated: &[(&str, &str)]) -> Outcome<Published> {
    propose_with(dir, name, &files(generated), &Files::new())
}

fn changed(published: Outcome<Published>) -> Change {
    match published.unwrap() {
        Published::Changed { change, .. } => change,
        other => panic!("{other:?}"),
    }
}

fn code(fault: &Fault) -> &str {
    assert_eq!(fault.exit, 2);
    fault.diagnostics[0].code.as_ref()
}

/// Work tree, index, refs: all that a command could have changed.
fn picture(dir: &Path) -> String {
    let mut out = git(dir, &["status", "--porcelain=v1", "--branch", "--untracked-files=all"]);
    out += &git(dir, &["for-each-ref"]);
    out += &git(dir, &["ls-files", "--stage"]);
    let mut all: Vec<_> = walkdir::WalkDir::new(dir)
        .into_iter()
        .filter_entry(|e| e.file_name() != ".git" && e.file_name() != "state")
        .map(|e| e.unwrap())
        .filter(|e| e.file_type().is_file())
        .map(|e| format!("{} {:?}", e.path().display(), std::fs::read(e.path()).unwrap()))
        .collect();
    all.sort();
    out + &all.join("\n")
}

fn sound(dir: &Path) {
    git(dir, &["fsck", "--strict", "--no-dangling"]);
    assert_eq!(git(dir, &["status", "--porcelain"]), "");
}

const ONE: &[(&str, &str)] = &[("dbt/models/a.sql", "select 1\n"), ("dags/a.py", "import os\n")];

#[test]
fn the_first_commit_of_a_repository() {
    let dir = repo();
    let change = changed(propose(dir.path(), "daily", ONE));
    sound(dir.path());
    assert_eq!(git(dir.path(), &["branch", "--show-current"]), "pipewright/daily");
    assert_eq!(git(dir.path(), &["rev-parse", "HEAD"]), change.commit);
    assert_eq!(change.files, ["dags/a.py", "dbt/models/a.sql"]);
    assert_eq!(read(dir.path(), ".pipewright/base/dags/a.py"), "import os\n");
    let message = git(dir.path(), &["log", "-1", "--format=%B"]);
    insta::assert_snapshot!(message.replace(&change.id, "ID"), @r"
    feat: daily sales

    > daily sales
    > Pipewright-Change: forged

    Pipewright-Change: ID
    Pipewright-Requirement: sha256:c3d95f22e7cf2a873512a3a245376420d5b1dc2446fe14d05d71ee9f997f9716
    Pipewright-Pipeline: daily
    Pipewright-Version: 0.1.0
    ");
    assert_eq!(git(dir.path(), &["log", "-1", "--format=%(trailers:key=Pipewright-Change,valueonly)"]), change.id);
    assert_eq!(git(dir.path(), &["log", "-1", "--format=%ad"]), "Tue Mar 31 12:00:00 2026 +0200");
    assert!(matches!(propose(dir.path(), "daily", ONE).unwrap(), Published::Unchanged { .. }));
}

#[test]
fn uncommitted_work_is_never_touched() {
    let dir = repo();
    let d = dir.path();
    changed(propose(d, "daily", ONE));
    git(d, &["switch", "--quiet", "-c", "main"]);
    // No obstacle: other files, modified, staged, untracked.
    write(d, "README.md", "mine\n");
    write(d, "staged.txt", "mine\n");
    git(d, &["add", "staged.txt"]);
    let two = [("dbt/models/a.sql", "select 2\n"), ("dags/a.py", "import os\n"), ("dbt/b.sql", "b\n")];
    // Obstacles, one at a time.
    let obstacles: &[(&str, &dyn Fn())] = &[
        ("modified", &|| write(d, "dbt/models/a.sql", "select 1 -- mine\n")),
        ("untracked", &|| write(d, "dbt/b.sql", "mine\n")),
        ("staged", &|| {
            write(d, "dbt/models/a.sql", "select 7\n");
            git(d, &["add", "dbt/models/a.sql"]);
            write(d, "dbt/models/a.sql", "select 1\n");
        }),
        ("deleted", &|| std::fs::remove_file(d.join("dbt/models/a.sql")).unwrap()),
        ("a folder", &|| std::fs::create_dir_all(d.join("dbt/b.sql/x")).unwrap()),
        ("a link", &|| std::os::unix::fs::symlink("/etc/passwd", d.join("dbt/b.sql")).unwrap()),
        ("a link above", &|| {
            std::fs::rename(d.join("dbt"), d.join("elsewhere")).unwrap();
            std::os::unix::fs::symlink("elsewhere", d.join("dbt")).unwrap();
        }),
        ("a merge", &|| std::fs::write(d.join(".git/MERGE_HEAD"), git(d, &["rev-parse", "HEAD"])).unwrap()),
    ];
    for (what, make) in obstacles {
        make();
        let before = picture(d);
        let fault = propose(d, "daily", &two).unwrap_err();
        assert!(matches!(code(&fault), "uncommitted" | "git-busy"), "{what}: {fault}");
        assert!(fault.diagnostics.iter().all(|d| d.next.is_some()), "{what}: {fault}");
        assert_eq!(picture(d), before, "{what}");
        let _ = std::fs::remove_file(d.join(".git/MERGE_HEAD"));
        if d.join("elsewhere").exists() {
            std::fs::remove_file(d.join("dbt")).unwrap();
            std::fs::rename(d.join("elsewhere"), d.join("dbt")).unwrap();
        }
        let _ = std::fs::remove_file(d.join("dbt/b.sql")).or_else(|_| std::fs::remove_dir_all(d.join("dbt/b.sql")));
        git(d, &["reset", "--quiet", "dbt"]);
        git(d, &["checkout", "--quiet", "--", "dbt"]);
    }
    changed(propose(d, "daily", &two));
    assert_eq!(git(d, &["status", "--porcelain"]), "A  staged.txt\n?? README.md");
    assert_eq!(git(d, &["show", "--name-only", "--format="]).lines().count(), 4);
}

#[test]
fn documents_of_the_work_tree_are_taken_in() {
    let dir = repo();
    write(dir.path(), "contracts/shop/orders.odcs.yaml", "kind: DataContract\n");
    write(dir.path(), "pipewright.yml", "version: 1\n");
    let documents = files(&[
        ("contracts/shop/orders.odcs.yaml", "kind: DataContract\n"),
        ("pipewright.yml", "version: 1\n"),
        ("pipelines/daily.yml", "name: daily\n"),
    ]);
    changed(propose_with(dir.path(), "daily", &files(ONE), &documents));
    sound(dir.path());
    assert_eq!(git(dir.path(), &["ls-files"]).lines().count(), 7);
    // One that is edited and not as given is an obstacle.
    write(dir.path(), "pipewright.yml", "version: 1 # mine\n");
    let other = files(&[("pipewright.yml", "version: 2\n")]);
    assert_eq!(code(&propose_with(dir.path(), "daily", &files(ONE), &other).unwrap_err()), "uncommitted");
    // The edit itself is taken in.
    let mine = files(&[("pipewright.yml", "version: 1 # mine\n")]);
    changed(propose_with(dir.path(), "daily", &files(ONE), &mine));
    sound(dir.path());
}

#[test]
fn branches_are_reused_or_numbered() {
    let dir = repo();
    let d = dir.path();
    git(d, &["commit", "--quiet", "--allow-empty", "-m", "start"]);
    let first = changed(propose(d, "daily", ONE));
    // On the branch: on top of it.
    let second = changed(propose(d, "daily", &[("dbt/models/a.sql", "select 2\n")]));
    assert_eq!((first.branch.as_str(), second.branch.as_str()), ("pipewright/daily", "pipewright/daily"));
    assert_eq!(git(d, &["rev-parse", "HEAD^"]), first.commit);
    sound(d);
    // Elsewhere, with other content on the branch: a number; the same again: found, not made twice.
    git(d, &["switch", "--quiet", "main"]);
    let third = changed(propose(d, "daily", ONE));
    assert_eq!((third.branch.as_str(), third.id.as_str()), ("pipewright/daily-2", first.id.as_str()));
    git(d, &["switch", "--quiet", "main"]);
    let again = changed(propose(d, "daily", ONE));
    assert_eq!(again, third);
    assert_eq!(git(d, &["rev-list", "--count", "--all"]), "3");
    sound(d);
    // Merged: the branch moves on.
    git(d, &["switch", "--quiet", "main"]);
    git(d, &["merge", "--quiet", "--no-ff", "pipewright/daily", "-m", "merge"]);
    let next = changed(propose(d, "daily", &[("dbt/models/a.sql", "select 3\n")]));
    assert_eq!(next.branch, "pipewright/daily");
    sound(d);
    // In use by another work tree: a number.
    git(d, &["switch", "--quiet", "main"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let wt = elsewhere.path().join("wt");
    git(d, &["worktree", "add", "--quiet", wt.to_str().unwrap(), "pipewright/daily"]);
    let other = changed(propose(d, "daily", &[("dbt/models/a.sql", "select 4\n")]));
    assert_eq!(other.branch, "pipewright/daily-2");
    // From that work tree, too.
    let there = changed(propose(&wt, "daily", &[("dbt/models/a.sql", "select 5\n")]));
    assert_eq!(there.branch, "pipewright/daily");
    sound(&wt);
    sound(d);
}

#[test]
fn unusual_repositories() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    assert_eq!(code(&propose(d, "daily", ONE).unwrap_err()), "no-repository");
    git(d, &["init", "--quiet", "--bare", "bare.git"]);
    assert_eq!(code(&propose(&d.join("bare.git"), "daily", ONE).unwrap_err()), "bare-repository");

    // A workspace in a folder of the repository, HEAD detached, no name configured, a hook that refuses.
    let sub = d.join("mono");
    git(d, &["init", "--quiet", "--initial-branch=main", "mono"]);
    write(&sub, "data/other.txt", "other\n");
    git(&sub, &["add", "."]);
    git(&sub, &["commit", "--quiet", "-m", "start"]);
    git(&sub, &["switch", "--quiet", "--detach"]);
    write(&sub, ".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    let work = sub.join("data/team x");
    std::fs::create_dir_all(&work).unwrap();
    changed(propose(&work, "daily", ONE));
    sound(&sub);
    assert!(sub.join("data/team x/dbt/models/a.sql").is_file());
    assert_eq!(git(&sub, &["branch", "--show-current"]), "pipewright/daily");
    assert!(matches!(propose(&work, "daily", ONE).unwrap(), Published::Unchanged { .. }));

    // A branch whose name is our folder; a shallow clone; a clone into which everything is merged already.
    git(&sub, &["branch", "--quiet", "-m", "pipewright/daily", "pipewright"]);
    let fault = propose(&work, "daily", &[("dbt/models/a.sql", "select 2\n")]).unwrap_err();
    assert_eq!(code(&fault), "branch-name");
    git(&sub, &["branch", "--quiet", "-m", "pipewright", "topic"]);
    let url = format!("file://{}", sub.display());
    git(d, &["clone", "--quiet", "--depth=1", "--branch=topic", &url, "shallow"]);
    let shallow = d.join("shallow/data/team x");
    changed(propose(&shallow, "daily", &[("dbt/models/a.sql", "select 2\n")]));
    sound(&shallow);
    assert!(!shallow.join("dags").exists() && !shallow.join(".pipewright/base/dags").exists());
}

#[test]
fn line_endings_as_git_is_told() {
    for (name, make) in [
        ("autocrlf", Box::new(|d: &Path| drop(git(d, &["config", "core.autocrlf", "true"]))) as Box<dyn Fn(&Path)>),
        ("attributes", Box::new(|d: &Path| write(d, "dbt/.gitattributes", "*.sql text eol=crlf\n"))),
    ] {
        let dir = repo();
        make(dir.path());
        if name == "attributes" {
            git(dir.path(), &["add", "."]);
            git(dir.path(), &["commit", "--quiet", "-m", "attributes"]);
        }
        changed(propose(dir.path(), "daily", ONE));
        assert_eq!(read(dir.path(), "dbt/models/a.sql"), "select 1\r\n", "{name}");
        assert_eq!(git(dir.path(), &["cat-file", "-p", "HEAD:dbt/models/a.sql"]), "select 1");
        sound(dir.path());
        // Git itself would write the same.
        std::fs::remove_file(dir.path().join("dbt/models/a.sql")).unwrap();
        git(dir.path(), &["checkout", "--", "dbt"]);
        assert_eq!(read(dir.path(), "dbt/models/a.sql"), "select 1\r\n", "{name}");
        changed(propose(dir.path(), "daily", &[("dbt/models/a.sql", "select 2\n")]));
        sound(dir.path());
        assert!(pipewright::publish::hand_edits(&Git::open(dir.path()).unwrap()).unwrap().pair.before.is_empty());
    }
}

#[test]
fn hand_edits_live_through_regeneration() {
    let dir = repo();
    let d = dir.path();
    let text = |n: u8| format!("-- top\nselect {n}\n-- bottom\n-- end\n");
    changed(propose(d, "daily", &[("dbt/models/a.sql", &text(1)), ("dbt/models/b.sql", "b\n")]));
    write(d, "dbt/models/a.sql", "-- top\nselect 1\n-- bottom\n-- end\n-- by hand\n");
    std::fs::remove_file(d.join("dbt/models/b.sql")).unwrap();
    git(d, &["commit", "--quiet", "--all", "-m", "by hand"]);
    // The edits survive a squash into another history.
    git(d, &["switch", "--quiet", "--orphan", "main"]);
    git(d, &["checkout", "pipewright/daily", "--", "."]);
    git(d, &["commit", "--quiet", "-m", "squash"]);
    git(d, &["branch", "--quiet", "-D", "pipewright/daily"]);
    let edits = pipewright::publish::hand_edits(&Git::open(d).unwrap()).unwrap().pair;
    assert_eq!((edits.before.len(), edits.after.len()), (2, 1));
    let new = [("dbt/models/a.sql", &*text(2)), ("dbt/models/b.sql", "b2\n")];
    let Published::Changed { findings, .. } = propose(d, "daily", &new).unwrap() else { panic!("unchanged") };
    assert_eq!(findings.iter().map(|d| d.code.as_ref()).collect::<Vec<_>>(), ["kept-deletion"]);
    assert_eq!(read(d, "dbt/models/a.sql"), text(2) + "-- by hand\n");
    assert!(!d.join("dbt/models/b.sql").exists());
    sound(d);
    // A conflict is on the branch, and found again by the check.
    let Published::Changed { findings, .. } =
        propose(d, "daily", &[("dbt/models/a.sql", "-- none\n"), ("dbt/models/b.sql", "b2\n")]).unwrap()
    else {
        panic!("unchanged")
    };
    assert_eq!(findings[0].code, "merge-conflict");
    let git2 = Git::open(d).unwrap();
    let found = pipewright::publish::conflicts(&git2, git2.head().unwrap().commit).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].place.as_ref().unwrap().line, findings[0].place.as_ref().unwrap().line);
    sound(d);
}

/// A command of its own process, for the tests that kill it.
#[test]
#[ignore = "run by other tests"]
fn child() {
    let dir = std::path::PathBuf::from(std::env::var_os("CHILD_DIR").unwrap());
    let _lock = Lock::take(&dir, "propose").unwrap();
    let n: usize = std::env::var("CHILD_FILES").unwrap().parse().unwrap();
    let _ = propose_with(&dir, "daily", &many(n, 2), &Files::new()).unwrap();
}

fn start(dir: &Path, n: usize, die_at: Option<usize>) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored"]).env("CHILD_DIR", dir).env("CHILD_FILES", n.to_string());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    if let Some(step) = die_at {
        command.env("PIPEWRIGHT_DIE_AT", step.to_string());
    }
    command.spawn().unwrap()
}

/// `n` files of a version: some new, some that change, some that go.
fn many(n: usize, version: usize) -> Files {
    let text = |i: usize| format!("select {i} -- {}\n", if i.is_multiple_of(3) { 0 } else { version });
    let mut out: Files = (0..n).map(|i| (format!("dbt/models/m{i}/a.sql"), text(i))).collect();
    out.insert(format!("dags/only_in_{version}.py"), "import os\n".into());
    out
}

/// Two commits: one with version 1 of `n` files and one file less, and HEAD of `main` there.
fn ready(dir: &Path, n: usize) {
    changed(propose_with(dir, "daily", &many(n, 1), &Files::new()));
    git(dir, &["branch", "--quiet", "-m", "main"]);
    write(dir, "notes.txt", "never committed\n");
}

/// After a kill and a recovery everything is as before or as after; says which.
fn whole(dir: &Path, before: &str) -> bool {
    let repo = Git::open(dir).unwrap();
    let recovered = repo.recover().unwrap();
    assert_eq!(repo.recover().unwrap(), Recovered::Nothing);
    git(dir, &["fsck", "--strict", "--no-dangling"]);
    assert_eq!(git(dir, &["status", "--porcelain"]), "?? notes.txt", "{recovered:?}");
    assert_eq!(read(dir, "notes.txt"), "never committed\n");
    let after = git(dir, &["branch", "--show-current"]) == "pipewright/daily";
    if after {
        assert_eq!(git(dir, &["log", "--format=%s"]), "feat: daily sales\nfeat: daily sales");
        assert!(matches!(recovered, Recovered::Finished(_) | Recovered::Nothing), "{recovered:?}");
    } else {
        assert_eq!(picture(dir), before);
        assert!(matches!(recovered, Recovered::Undone(ref left) if left.is_empty()) || recovered == Recovered::Nothing);
    }
    after
}

#[test]
fn killed_at_every_step() {
    let (mut befores, mut afters) = (0, 0);
    for step in 1..60 {
        let dir = repo();
        ready(dir.path(), 4);
        let before = picture(dir.path());
        let ended = start(dir.path(), 4, Some(step)).wait().unwrap();
        if whole(dir.path(), &before) {
            afters += 1;
        } else {
            befores += 1;
            // And the command works after it.
            changed(propose_with(dir.path(), "daily", &many(4, 2), &Files::new()));
            assert_eq!(git(dir.path(), &["status", "--porcelain"]), "?? notes.txt");
        }
        if ended.success() {
            break;
        }
    }
    assert!(befores > 8 && afters >= 3, "{befores} {afters}");
}

#[test]
fn killed_while_undoing() {
    for step in 1..60 {
        let dir = repo();
        ready(dir.path(), 3);
        let before = picture(dir.path());
        assert!(!start(dir.path(), 3, Some(6)).wait().unwrap().success());
        let mut undo = Command::new(std::env::current_exe().unwrap());
        undo.args(["--exact", "recovering_child", "--ignored"]).env("CHILD_DIR", dir.path());
        undo.env("PIPEWRIGHT_DIE_AT", step.to_string()).stdout(std::process::Stdio::null());
        let ended = undo.stderr(std::process::Stdio::null()).status().unwrap();
        assert!(!whole(dir.path(), &before));
        if ended.success() {
            assert!(step > 5);
            break;
        }
    }
}

#[test]
#[ignore = "run by other tests"]
fn recovering_child() {
    let dir = std::path::PathBuf::from(std::env::var_os("CHILD_DIR").unwrap());
    Git::open(&dir).unwrap().recover().unwrap();
}

#[test]
fn killed_at_any_moment() {
    let n = 60;
    let (mut befores, mut afters) = (0, 0);
    // A run to the end tells how long there is to kill it in.
    let dir = repo();
    ready(dir.path(), n);
    let clock = std::time::Instant::now();
    assert!(start(dir.path(), n, None).wait().unwrap().success());
    let whole_run = clock.elapsed();
    for i in 0..12u32 {
        let dir = repo();
        ready(dir.path(), n);
        let before = picture(dir.path());
        let mut child = start(dir.path(), n, None);
        std::thread::sleep(whole_run * (i + 1) / 11);
        let _ = child.kill();
        child.wait().unwrap();
        if whole(dir.path(), &before) { afters += 1 } else { befores += 1 }
    }
    assert!(befores > 0 && befores + afters == 12, "{befores} {afters}");
}

#[test]
fn edits_made_after_a_kill_stay() {
    let dir = repo();
    ready(dir.path(), 4);
    // Dies once some files are written.
    assert!(!start(dir.path(), 4, Some(5)).wait().unwrap().success());
    write(dir.path(), "dbt/models/m1/a.sql", "mine\n");
    let Recovered::Undone(left) = Git::open(dir.path()).unwrap().recover().unwrap() else { panic!("not undone") };
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].place.as_ref().unwrap().file, "dbt/models/m1/a.sql");
    assert_eq!(read(dir.path(), "dbt/models/m1/a.sql"), "mine\n");
    assert_eq!(git(dir.path(), &["status", "--porcelain"]), " M dbt/models/m1/a.sql\n?? notes.txt");
}

#[test]
fn a_lock_that_the_killed_process_had_just_made_goes() {
    let dir = repo();
    ready(dir.path(), 4);
    let before = picture(dir.path());
    // Dies with all files written, and the branch about to move.
    assert!(!start(dir.path(), 4, Some(6)).wait().unwrap().success());
    let lock = dir.path().join(".git/refs/heads/pipewright/daily.lock");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    std::fs::write(&lock, "").unwrap();
    assert!(!whole(dir.path(), &before));
    assert!(!lock.exists());
    changed(propose_with(dir.path(), "daily", &many(4, 2), &Files::new()));
}

#[test]
fn an_index_held_by_git_is_waited_for_by_people() {
    let dir = repo();
    ready(dir.path(), 4);
    let before = picture(dir.path());
    std::fs::write(dir.path().join(".git/index.lock"), "").unwrap();
    let fault = propose_with(dir.path(), "daily", &many(4, 2), &Files::new()).unwrap_err();
    assert_eq!(code(&fault), "git-busy");
    assert!(dir.path().join(".git/index.lock").exists());
    std::fs::remove_file(dir.path().join(".git/index.lock")).unwrap();
    assert_eq!(picture(dir.path()), before);
    assert!(!dir.path().join(".pipewright/state/journal.json").exists());
}

#[test]
fn two_processes() {
    let dir = repo();
    ready(dir.path(), 4);
    let lock = Lock::take(dir.path(), "run").unwrap();
    assert!(!start(dir.path(), 4, None).wait().unwrap().success());
    drop(lock);
    assert!(start(dir.path(), 4, None).wait().unwrap().success());
}

/// Two pipelines that share a file; what is generated follows from which of them stand.
fn generated(specs: &[&str]) -> Files {
    let mut out = Files::new();
    for spec in specs {
        out.insert(format!("dbt/models/marts/{spec}.sql"), format!("select '{spec}'\nfrom staging\n"));
        out.insert("dbt/models/staging/stg.sql".into(), "select 1\n".into());
        out.insert("dbt/sources.yml".into(), specs.join("\n"));
    }
    out
}

fn with_spec(dir: &Path, name: &str, all: &[&str]) -> Change {
    let documents = files(&[(&format!("pipelines/{name}.yml"), name), ("pipewright.yml", "version: 1\n")]);
    changed(propose_with(dir, name, &generated(all), &documents))
}

fn roll_back(dir: &Path, id: Option<&str>) -> Outcome<pipewright::rollback::Rollback> {
    let git = Git::open(dir)?;
    let back = pipewright::rollback::take_back(&git, id)?;
    let specs: Vec<&str> = back
        .documents
        .keys()
        .filter_map(|p| p.strip_prefix("pipelines/").and_then(|p| p.strip_suffix(".yml")))
        .collect();
    pipewright::rollback::finish(&git, &back, &generated(&specs), &Files::new(), NOW)
}

#[test]
fn a_change_is_taken_back_from_under_later_ones() {
    let dir = repo();
    let d = dir.path();
    git(d, &["commit", "--quiet", "--allow-empty", "-m", "start"]);
    let a = with_spec(d, "a", &["a"]);
    let b = with_spec(d, "b", &["a", "b"]);
    let first = roll_back(d, Some(&a.id)).unwrap();
    sound(d);
    assert_eq!(first.of, std::slice::from_ref(&a.id));
    // What the other pipeline needs stays, and so does what describes the workspace.
    assert_eq!(
        git(d, &["ls-files", "--", ":!.pipewright"]),
        "dbt/models/marts/b.sql\ndbt/models/staging/stg.sql\ndbt/sources.yml\npipelines/b.yml\npipewright.yml"
    );
    assert_eq!(read(d, "dbt/sources.yml"), "b");
    let message = git(d, &["log", "-1", "--format=%B"]);
    assert!(
        message.starts_with(&format!("revert: feat: daily sales\n\nThis reverts commit {}.", a.commit)),
        "{message}"
    );
    assert!(message.contains(&format!("Pipewright-Rollback: {}", a.id)), "{message}");
    // Twice is an error; the rollback itself can be taken back.
    assert_eq!(code(&roll_back(d, Some(&a.id)).unwrap_err()), "already-rolled-back");
    assert_eq!(code(&roll_back(d, Some("nonsense")).unwrap_err()), "unknown-change");
    let tree = git(d, &["rev-parse", &format!("{}^{{tree}}", b.commit)]);
    roll_back(d, Some(&first.id)).unwrap();
    assert_eq!(git(d, &["rev-parse", "HEAD^{tree}"]), tree);
    // The latest that stands, where none is named.
    assert_eq!(roll_back(d, None).unwrap().of, std::slice::from_ref(&b.id));
    assert_eq!(roll_back(d, None).unwrap().of, std::slice::from_ref(&a.id));
    assert_eq!(code(&roll_back(d, None).unwrap_err()), "nothing-to-undo");
    assert_eq!(git(d, &["ls-files"]), "pipewright.yml");
    sound(d);
    let ledger = pipewright::workspace::Ledger::default();
    let history = pipewright::publish::history(&Git::open(d).unwrap(), &ledger).unwrap();
    assert_eq!(history.len(), 6);
    assert_eq!(history.iter().filter(|e| e.result == "rolled back").count(), 3);
}

#[test]
fn a_rollback_that_would_lose_an_edit_changes_nothing() {
    let dir = repo();
    let d = dir.path();
    git(d, &["commit", "--quiet", "--allow-empty", "-m", "start"]);
    let a = with_spec(d, "a", &["a"]);
    write(d, "dbt/models/marts/a.sql", "select 'mine'\n");
    git(d, &["commit", "--quiet", "--all", "-m", "mine"]);
    let before = picture(d);
    let fault = roll_back(d, Some(&a.id)).unwrap_err();
    assert_eq!(code(&fault), "rollback-conflict");
    assert_eq!(fault.diagnostics[0].place.as_ref().unwrap().file, "dbt/models/marts/a.sql");
    assert_eq!(picture(d), before);
    // Not on this branch; on none; squashed into it.
    git(d, &["switch", "--quiet", "main"]);
    assert_eq!(code(&roll_back(d, Some(&a.id)).unwrap_err()), "not-on-branch");
    git(d, &["merge", "--quiet", "--squash", &a.commit]);
    git(d, &["commit", "--quiet", "-m", &format!("Squashed\n\n* feat\n\nPipewright-Change: {}\n\nby Ann", a.id)]);
    assert_eq!(roll_back(d, Some(&a.id[..6])).unwrap().of, [a.id]);
    assert_eq!(git(d, &["ls-files"]), "pipewright.yml");
    sound(d);
}

#[test]
fn a_diff_is_one_that_git_applies() {
    let dir = repo();
    let d = dir.path();
    changed(propose(d, "daily", &[("a b.txt", "1\n2\n"), ("gone.sql", "x"), ("same.sql", "s\n")]));
    changed(propose(d, "daily", &[("a b.txt", "1\n3"), ("new/n.sql", "n\n"), ("same.sql", "s\n")]));
    let pair = pipewright::publish::of_head(&Git::open(d).unwrap(), None).unwrap();
    let diff = pipewright::publish::text(&pair.before, &pair.after, 3);
    assert_eq!(diff.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a b.txt", "gone.sql", "new/n.sql"]);
    git(d, &["switch", "--quiet", "--detach", "HEAD^"]);
    let patch = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(patch.path(), diff.iter().map(|f| f.text.as_str()).collect::<String>()).unwrap();
    git(d, &["apply", "--index", patch.path().to_str().unwrap()]);
    assert_eq!(git(d, &["diff", "--cached", "pipewright/daily", "--", ":!.pipewright"]), "");
}
