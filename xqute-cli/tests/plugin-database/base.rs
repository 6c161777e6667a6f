//! Which database, and how is it asked? By the programs that its users have.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What a test waits for comes about within this, or never.
const LONGEST: Duration = Duration::from_secs(120);

/// A folder to run jobs in, with a database.
pub(crate) struct Base {
    desk: TempDir,
    server: Option<Server>,
}

/// A PostgreSQL server of this test's own.
pub(crate) struct Server {
    files: TempDir,
    port: u16,
}

impl Server {
    fn new() -> Self {
        // The port is free until somebody else takes it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { files: tempfile::tempdir().unwrap(), port };
        server.start();
        server
    }

    fn engine(&self, name: &str) -> Command {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/engines").join(name);
        let mut command = Command::new(path);
        command.arg(self.files.path());
        command
    }

    pub(crate) fn start(&self) {
        let out = self.engine("postgres-up").arg(self.port.to_string()).output().unwrap();
        assert!(out.status.success(), "{out:?}");
    }

    pub(crate) fn stop(&self) {
        let out = self.engine("postgres-down").output().unwrap();
        assert!(out.status.success(), "{out:?}");
    }

    pub(crate) fn url(&self, host: &str, password: &str) -> String {
        format!("postgresql://xqute:{password}@{host}:{}/postgres", self.port)
    }

    /// The file of the authority that its certificate is of.
    pub(crate) fn authority(&self) -> String {
        self.files.path().join("ca.pem").to_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that is stopped already cannot be.
        let _ = self.engine("postgres-down").stderr(Stdio::null()).status();
    }
}

impl Base {
    pub(crate) fn sqlite() -> Self {
        Self::with(None, "path = 'jobs.db'")
    }

    pub(crate) fn postgres() -> Self {
        Self::with(Some(Server::new()), "url = { env = 'DATABASE_URL' }")
    }

    fn with(server: Option<Server>, key: &str) -> Self {
        let base = Self { desk: tempfile::tempdir().unwrap(), server };
        base.configure(key);
        base
    }

    /// Each of them.
    pub(crate) fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres()]
    }

    pub(crate) fn configure(&self, keys: &str) {
        fs::write(self.path("xqute.toml"), format!("[plugins.database]\n{keys}\n")).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.desk.path().join(name)
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// `xqute`, where the database is known.
    pub(crate) fn xqute(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.args(args).current_dir(self.desk.path()).env_remove("XQUTE_LOG").stdin(Stdio::null());
        if let Some(server) = &self.server {
            command.env("DATABASE_URL", server.url("127.0.0.1", "s3cret"));
        }
        command
    }

    /// `xqute run` of the lines of a list.
    pub(crate) fn start(&self, args: &[&str], list: &str) -> Child {
        let path = self.path("list");
        fs::write(&path, list).unwrap();
        let mut run = self.xqute(&["run", "--no-print", "--progress", "never"]);
        run.args(args).arg("-a").arg(path).stdout(Stdio::null()).stderr(Stdio::piped());
        run.spawn().unwrap()
    }

    /// The same to its end, which is a success; what it told.
    pub(crate) fn run(&self, args: &[&str], list: &str) -> String {
        told(&self.start(args, list).wait_with_output().unwrap())
    }

    /// The rows of an answer, a line each, with bars between the columns; `None` if there is no such table yet, or no server.
    pub(crate) fn ask(&self, query: &str) -> Option<Vec<String>> {
        let mut client = match &self.server {
            None => Command::new("sqlite3"),
            Some(_) => Command::new("psql"),
        };
        match &self.server {
            None => client.args(["-batch", "-bail"]).arg(self.path("jobs.db")),
            Some(server) => {
                client.args(["-XAt", "-v", "ON_ERROR_STOP=1", "-d"]).arg(server.url("127.0.0.1", "s3cret"))
            }
        };
        // As an argument, one that begins with a comment would be an option.
        let query_file = self.path("query");
        fs::write(&query_file, query).unwrap();
        let out = client.stdin(File::open(query_file).unwrap()).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        out.status.success().then(|| text.lines().map(str::to_owned).collect())
    }

    pub(crate) fn rows(&self, query: &str) -> Vec<String> {
        self.ask(query).unwrap_or_else(|| panic!("no answer to {query}"))
    }

    pub(crate) fn number(&self, query: &str) -> u64 {
        self.rows(query)[0].parse().unwrap()
    }

    /// Waits until an answer is at least so large.
    pub(crate) fn wait_for(&self, query: &str, least: u64) {
        let begun = Instant::now();
        let is_so =
            || self.ask(query).and_then(|it| it.first()?.parse().ok()).is_some_and(|it: u64| it >= least);
        while !is_so() {
            assert!(begun.elapsed() < LONGEST, "never {least}: {query}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What a run told that succeeded.
pub(crate) fn told(out: &Output) -> String {
    let text = String::from_utf8(out.stderr.clone()).unwrap();
    assert_eq!(out.status.code(), Some(0), "{text}");
    text
}
