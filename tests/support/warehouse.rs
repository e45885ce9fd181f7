//! What was built, looked at by the runtime's own DuckDB.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::Sandbox;

/// Rows of a query over the warehouse, as JSON, by the runtime's own DuckDB.
pub fn rows(s: &Sandbox, query: &str) -> Value {
    let script = "import duckdb, json, sys\nc = duckdb.connect(sys.argv[1], read_only=True)\nprint(json.dumps([[str(v) for v in r] for r in c.execute(sys.argv[2]).fetchall()]))";
    python(&["-c", script, &s.path("warehouse.duckdb").to_string_lossy(), query])
}

/// What a program in the runtime's Python prints, as JSON.
pub fn python(args: &[&str]) -> Value {
    let out = Command::new(runtime_bin().join("python")).args(args).output().expect("the runtime's python");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

/// Where the runtime's programs are, as `setup` says.
pub fn runtime_bin() -> &'static Path {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| {
        let (code, answer) = Sandbox::bare().json(&["setup"]);
        assert_eq!(code, 0, "{answer}");
        PathBuf::from(answer["core"]["bin"].as_str().unwrap_or_else(|| panic!("setup names no folder: {answer}")))
    })
}
