//! Workspaces to try things in: a temporary folder with a git repository, the sample shop, and the real program.
#![allow(dead_code, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

pub mod evaluator;
pub mod proxy;
pub mod servers;
pub mod warehouse;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

pub const SAMPLE: &str = "Move last 30 days of customer orders from MySQL to Snowflake, clean the phone numbers, and create a daily summary table";
pub const AS_OF: &str = "2026-03-31";

/// A folder that is gone when the test ends.
pub struct Sandbox {
    _keep: TempDir,
    pub root: PathBuf,
}

/// What a command said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Sandbox {
    /// An empty folder, no repository.
    pub fn bare() -> Sandbox {
        let keep = TempDir::new().expect("a temporary folder");
        let root = keep.path().join("shop_analytics");
        fs::create_dir(&root).expect("a folder");
        Sandbox { _keep: keep, root }
    }

    /// A repository with the sample shop beside it.
    pub fn repository() -> Sandbox {
        let sandbox = Sandbox::bare();
        sandbox.git(&["init", "-q", "-b", "main"]);
        fs::copy(shop(), sandbox.root.join("shop.sqlite")).expect("the shop");
        fs::write(sandbox.root.join(".gitignore"), "shop.sqlite\n").expect("written");
        sandbox
    }

    /// A committed workspace over the shop, discovered.
    pub fn workspace() -> Sandbox {
        Sandbox::workspace_over("shop=sqlite:shop.sqlite")
    }

    /// A committed workspace over any source.
    pub fn workspace_over(source: &str) -> Sandbox {
        let sandbox = Sandbox::repository();
        sandbox.ok(&["init", "--source", source, "--target", "duckdb"]);
        sandbox.ok(&["discover"]);
        sandbox.commit("workspace");
        sandbox
    }

    /// A copy of another workspace, to be changed.
    pub fn copy_of(folder: &Path) -> Sandbox {
        let sandbox = Sandbox::bare();
        let from = folder.join(".");
        let done = Command::new("cp").arg("-a").args([&from, &sandbox.root]).status().expect("cp");
        assert!(done.success(), "cp -a {}", from.display());
        sandbox
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_else(|e| panic!("{relative}: {e}"))
    }

    pub fn write(&self, relative: &str, text: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("written");
    }

    /// Replaces `from`, which must be there, by `to`.
    pub fn edit(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert!(text.contains(from), "{relative} holds no {from:?}:\n{text}");
        self.write(relative, text.replacen(from, to, 1));
    }

    pub fn git(&self, args: &[&str]) -> String {
        let out = Command::new("git")
            .args(args)
            .current_dir(&self.root)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git");
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
    }

    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", message]);
    }

    /// Runs the program here.
    pub fn pw(&self, args: &[&str]) -> Said {
        said(self.command(args).output().expect("the program runs"))
    }

    /// Runs the program here with that in its environment.
    pub fn with_env(&self, name: &str, value: &str, args: &[&str]) -> Said {
        said(self.command(args).env(name, value).output().expect("the program runs"))
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"));
        command.args(args).current_dir(&self.root).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command
    }

    /// Runs the program here; it must end well.
    pub fn ok(&self, args: &[&str]) -> Said {
        let said = self.pw(args);
        assert_eq!(said.code, 0, "pipewright {args:?}\n{}\n{}", said.out, said.err);
        said
    }

    /// Runs the program here with that on its standard input.
    pub fn piped(&self, args: &[&str], input: &str) -> Said {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        child.stdin.take().expect("stdin").write_all(input.as_bytes()).expect("written");
        said(child.wait_with_output().expect("ends"))
    }

    /// Runs the program here with `--json`, and its one document.
    pub fn json(&self, args: &[&str]) -> (i32, Value) {
        let said = self.pw(&[args, &["--json"]].concat());
        let value =
            serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{args:?}: {e}\n{}\n{}", said.out, said.err));
        (said.code, value)
    }

    /// Every file but git's own and local state, with its bytes: what a refused command must leave as it is.
    pub fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        walkdir::WalkDir::new(&self.root)
            .into_iter()
            .filter_entry(|e| e.file_name() != ".git" && !e.path().ends_with(".pipewright/state"))
            .filter_map(Result::ok)
            .filter(|e| e.file_type().is_file())
            .map(|e| {
                let name = e.path().strip_prefix(&self.root).expect("inside").to_string_lossy().into_owned();
                (name, fs::read(e.path()).expect("readable"))
            })
            .collect()
    }

    /// The command fails with that code, names each of `words` on standard error, and writes nothing.
    pub fn refused(&self, args: &[&str], code: i32, words: &[&str]) -> Said {
        let head = self.git_head();
        let before = self.tree();
        let said = self.pw(args);
        assert_eq!(said.code, code, "pipewright {args:?}\n{}\n{}", said.out, said.err);
        for word in words {
            assert!(said.err.contains(word), "pipewright {args:?} does not say {word:?}:\n{}", said.err);
        }
        assert!(!said.err.contains("panicked"), "{}", said.err);
        let after = self.tree();
        assert!(before == after, "pipewright {args:?} changed {:?}", changed(&before, &after));
        assert_eq!(head, self.git_head(), "pipewright {args:?} moved HEAD");
        said
    }

    fn git_head(&self) -> String {
        let out = Command::new("git").args(["for-each-ref"]).current_dir(&self.root).output().expect("git");
        let head = fs::read_to_string(self.path(".git/HEAD")).unwrap_or_default();
        format!("{head}{}", String::from_utf8_lossy(&out.stdout))
    }
}

pub fn said(out: Output) -> Said {
    Said {
        code: out.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&out.stdout).into_owned(),
        err: String::from_utf8_lossy(&out.stderr).into_owned(),
    }
}

fn changed(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    before.keys().chain(after.keys()).filter(|k| before.get(*k) != after.get(*k)).cloned().collect()
}

/// The sample shop, made once.
pub fn shop() -> &'static Path {
    static SHOP: OnceLock<PathBuf> = OnceLock::new();
    SHOP.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shop-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("shop.sqlite");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop/make_shop.py");
        let out = Command::new("python3").arg(script).arg(&path).output().expect("python3");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        path
    })
}

/// A SQLite file made of statements.
pub fn sqlite(path: &Path, statements: &str) {
    let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1]); c.executescript(sys.stdin.read()); c.commit()";
    let mut child =
        Command::new("python3").args(["-c", script]).arg(path).stdin(Stdio::piped()).spawn().expect("python3");
    child.stdin.take().expect("stdin").write_all(statements.as_bytes()).expect("written");
    assert!(child.wait().expect("ended").success());
}

/// A SQLite file whose tables and columns are called what nobody should call them.
pub fn odd_source(path: &Path) {
    sqlite(
        path,
        r#"create table "Order ""Details""" ("Order Id" integer primary key, "select" text, "naïve" text,
               "{{ env_var('X') }}" text, "UnitPrice" decimal(10,2), "a""b" timestamp, "'; drop table x; --" text);
           insert into "Order ""Details""" values
               (1, 'a', 'naïve 🤷', '{{ 1 }}', 2.50, '2026-03-30 10:00:00', '''; drop table x; --'),
               (2, null, '{% raw %}', '"', 0, '2026-03-29 23:59:59', '\');
           create table "group" (id integer primary key, "order" text);
           insert into "group" values (1, 'x');"#,
    );
}

/// Stages all of [`odd_source`].
pub const ODD_SPEC: &str = "version: 1
name: odd_stage
ingest:
  - {table: odd.order_details, mode: merge}
  - {table: odd.group_table, mode: merge}
models:
  - {name: stg_odd__order_details, from: odd.order_details}
  - {name: stg_odd__group_table, from: odd.group_table}
";
