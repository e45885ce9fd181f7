//! PostgreSQL and MariaDB for tests: started once a test program on loopback with a throwaway data directory, and gone
//! with it, whatever way it ends. A URL from the environment takes their place.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The password of the servers' administrator: hostile to whoever puts URLs together by hand.
pub const PASSWORD: &str = "p@ss:w/ord-%41";
const ENCODED: &str = "p%40ss%3Aw%2Ford-%2541";

/// A running server.
pub struct Server {
    kind: &'static str,
    /// Of an administrator, without the database at its end.
    base: String,
    own: Option<Own>,
}

/// A server of our own: its watcher ends it once our end of the pipe is closed, also when this process was killed.
struct Own {
    _watcher: Child,
    _data: TempDir,
}

/// A database of one test.
pub struct Database {
    pub kind: &'static str,
    pub name: String,
    pub url: String,
}

/// PostgreSQL; none where there is none to be had, which is said on stderr.
pub fn postgres() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| found("PostgreSQL", "PIPEWRIGHT_TEST_POSTGRES_URL", start_postgres)).as_ref()
}

/// MariaDB, or MySQL by a URL; none where there is none to be had, which is said on stderr.
pub fn mariadb() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| found("MariaDB", "PIPEWRIGHT_TEST_MYSQL_URL", start_mariadb)).as_ref()
}

fn found(what: &str, variable: &str, start: fn() -> Option<Server>) -> Option<Server> {
    if let Ok(url) = std::env::var(variable) {
        let (base, _) = url.rsplit_once('/').expect("a URL with a database");
        let kind = if what == "PostgreSQL" { "postgres" } else { "mysql" };
        return Some(Server { kind, base: base.to_owned(), own: None });
    }
    let server = start();
    if server.is_none() {
        // Not by a macro: those are silent in tests that pass.
        let _ = writeln!(std::io::stderr(), "NOT TESTED: {what} is not installed, and {variable} is not set");
    }
    server
}

impl Server {
    /// A new database, made what `script` says.
    pub fn database(&self, script: &str) -> Database {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pw_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        self.administrate(&format!("create database {name}"));
        let database = Database { kind: self.kind, url: format!("{}/{name}", self.base), name };
        database.run(script);
        database
    }

    /// Whether it is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.kind == "postgres"
    }

    /// Whether it is one that was started here, whose version is known.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Runs statements in no database of a test.
    pub fn administrate(&self, script: &str) {
        run(&self.maintenance(), script);
    }

    fn maintenance(&self) -> String {
        format!("{}/{}", self.base, if self.kind == "postgres" { "postgres" } else { "mysql" })
    }
}

impl Database {
    /// Runs statements as the administrator.
    pub fn run(&self, script: &str) {
        run(&self.url, script);
    }

    /// The URL of another login.
    pub fn url_of(&self, user: &str, password: &str) -> String {
        let (scheme, rest) = self.url.split_once("://").expect("a scheme");
        let (_, host) = rest.rsplit_once('@').expect("a login");
        format!("{scheme}://{user}:{password}@{host}")
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        let (_, host) = self.url.rsplit_once('@').expect("a login");
        host.split('/').next().expect("a host").to_owned()
    }
}

/// Statements one after another over a connection of their own.
pub fn run(url: &str, script: &str) {
    attempt(url, script).unwrap_or_else(|e| panic!("{e}\n{}", script.chars().take(2000).collect::<String>()));
}

fn attempt(url: &str, script: &str) -> Result<(), sqlx::Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
    });
    let script = AssertSqlSafe(script.to_owned());
    runtime.block_on(async {
        if url.starts_with("postgres") {
            let mut connection = PgConnection::connect(url).await?;
            sqlx::raw_sql(script).execute(&mut connection).await?;
            connection.close().await
        } else {
            let mut connection = MySqlConnection::connect(url).await?;
            sqlx::raw_sql(script).execute(&mut connection).await?;
            connection.close().await
        }
    })
}

fn start_postgres() -> Option<Server> {
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|e| e.path().join("bin")).collect();
    versions.sort_by_key(|p| p.parent().and_then(|p| p.file_name()?.to_str()?.parse::<u32>().ok()));
    let bin = versions.into_iter().rev().find(|p| p.join("initdb").is_file())?;
    let data = folder("postgres");
    let cluster = data.path().join("cluster");
    let password = data.path().join("password");
    std::fs::write(&password, PASSWORD).expect("written");
    let mut init = as_user("postgres", &bin.join("initdb"));
    init.args(["--auth=scram-sha-256", "--username=admin", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
    init.arg("--pwfile").arg(&password).arg("-D").arg(&cluster);
    done(init);
    let port = free_port();
    let mut server = as_user("postgres", &bin.join("postgres"));
    server.arg("-D").arg(&cluster).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"]).arg(data.path());
    for setting in
        ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "autovacuum=off"]
    {
        server.args(["-c", setting]);
    }
    Some(watched("postgres", server, data, format!("postgresql://admin:{ENCODED}@127.0.0.1:{port}")))
}

fn start_mariadb() -> Option<Server> {
    let find = |name: &str| {
        let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
        folders.iter().map(|f| Path::new(f).join(name)).find(|p| p.is_file())
    };
    let (daemon, install) = (find("mariadbd")?, find("mariadb-install-db")?);
    let data = folder("mysql");
    let cluster = data.path().join("cluster");
    let mut init = as_user("mysql", &install);
    init.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    init.arg(format!("--datadir={}", cluster.display()));
    done(init);
    let first = data.path().join("first.sql");
    let admin = format!(
        "create user admin@'127.0.0.1' identified by '{PASSWORD}'; grant all on *.* to admin@'127.0.0.1' with grant option;"
    );
    std::fs::write(&first, admin.replace("; ", ";\n")).expect("written");
    let port = free_port();
    let mut server = as_user("mysql", &daemon);
    server.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-log-bin", "--skip-name-resolve"]);
    server.args(["--innodb-flush-log-at-trx-commit=0", "--sync-frm=0", "--innodb-buffer-pool-size=64M"]);
    server.args(["--character-set-server=utf8mb4", "--max-connections=60", "--table-definition-cache=4000"]);
    server.arg(format!("--datadir={}", cluster.display()));
    server.arg(format!("--port={port}")).arg(format!("--init-file={}", first.display()));
    server.arg(format!("--socket={}", data.path().join("socket").display()));
    Some(watched("mysql", server, data, format!("mysql://admin:{ENCODED}@127.0.0.1:{port}")))
}

/// A folder that the server's user can write to.
fn folder(user: &str) -> TempDir {
    let data = tempfile::Builder::new().prefix("pw-server-").tempdir().expect("a temporary folder");
    if is_root() {
        let mut chown = Command::new("chown");
        chown.arg(user).arg(data.path());
        done(chown);
    }
    data
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Database servers refuse to run as root.
fn as_user(user: &str, program: &Path) -> Command {
    let mut command = match is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--regid", user, "--clear-groups"]).arg(program);
            command
        }
        false => Command::new(program),
    };
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn done(mut command: Command) {
    let out = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Starts the server below a shell that waits for the end of its input, which is ours to hold open.
fn watched(kind: &'static str, server: Command, data: TempDir, base: String) -> Server {
    let script = r#"folder="$1"; shift; "$@" > "$folder.log" 2>&1 < /dev/null & read -r _; kill -INT $!; kill $!; wait; rm -rf "$folder" "$folder.log""#;
    let watcher = Command::new("sh")
        .args(["-c", script, "watcher"])
        .arg(data.path())
        .arg(server.get_program())
        .args(server.get_args())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let end = Instant::now() + Duration::from_secs(60);
    let server = Server { kind, base, own: Some(Own { _watcher: watcher, _data: data }) };
    // It may take packets before it takes logins.
    while attempt(&server.maintenance(), "select 1").is_err() {
        assert!(Instant::now() < end, "{kind} does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}
