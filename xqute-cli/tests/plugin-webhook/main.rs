//! Does what `webhook` and `slack` send arrive, whatever the server does? The real binary, and real servers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
mod page;
mod server;
mod slack;
mod tls;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use server::{Answer, Server, free_port, url};
use tempfile::TempDir;

/// A directory with an `xqute.toml` that configures one plugin.
pub(crate) struct Desk(TempDir);

impl Desk {
    pub(crate) fn new(plugin: &str, config: &str) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("xqute.toml", &format!("[plugins.{plugin}]\nurl = {{ env = \"HOOK_URL\" }}\n{config}\n"));
        desk
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// `xqute` with these arguments, and the secret.
    pub(crate) fn xqute(&self, url: &str, args: &[&str]) -> Command {
        let mut xqute = Command::new(env!("CARGO_BIN_EXE_xqute"));
        xqute.args(args).env("HOOK_URL", url).current_dir(self.0.path()).stdin(Stdio::null());
        xqute
    }

    /// Runs jobs to their end: the exit code and what was said.
    pub(crate) fn run(&self, url: &str, args: &[&str]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.xqute(url, args).output().unwrap();
        (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
    }

    /// The messages that wait.
    pub(crate) fn outbox(&self, plugin: &str) -> Vec<Value> {
        let outbox = self.0.path().join(format!(".xqute/plugins/{plugin}/outbox"));
        let Ok(entries) = std::fs::read_dir(outbox) else { return Vec::new() };
        let mut paths: Vec<_> = entries.map(|it| it.unwrap().path()).collect();
        paths.retain(|it| it.extension().is_some_and(|it| it == "json"));
        paths.sort();
        paths
            .iter()
            .map(|it| {
                assert_eq!(it.metadata().unwrap().permissions().mode() & 0o777, 0o600);
                serde_json::from_slice(&std::fs::read(it).unwrap()).unwrap()
            })
            .collect()
    }
}

pub(crate) fn private(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Three jobs, of which number 1 fails.
const ONE_FAILS: [&str; 9] = ["run", "-j", "2", "--shell", "echo {} >&2; test {} != b", ":::", "a", "b", "c"];

#[test]
fn failures_and_the_end_are_posted_as_json() {
    let server = Server::start(&[]);
    let desk = Desk::new(
        "webhook",
        "headers = { X-Team = \"night\", Authorization = { env = \"HOOK_URL\" } }\nsign = { file = \"key\" }",
    );
    desk.write("key", "Jefe\n");
    private(&desk.path().join("key"));
    let (code, told) = desk.run(&server.url(), &ONE_FAILS);
    assert_eq!(code, Some(1), "{told}");
    let requests = server.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(request.line, "POST /hunter2?x=1 HTTP/1.1");
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!((header("x-team"), header("authorization")), ("night", server.url().as_str()));
    assert_eq!(header("content-type"), "application/json");
    desk.write("body", &String::from_utf8(request.body.clone()).unwrap());
    let openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", "Jefe", "-r", "body"])
        .current_dir(desk.path())
        .output();
    let digest = String::from_utf8(openssl.unwrap().stdout).unwrap();
    assert_eq!(header("x-xqute-signature-256"), format!("sha256={}", digest.split(' ').next().unwrap()));

    let json = request.json();
    assert_eq!((json["version"].as_u64(), json["id"].as_str()), (Some(1), Some(request.id())));
    assert_eq!((json["failed"].as_u64(), json["ended"]["succeeded"].as_u64()), (Some(1), Some(2)));
    let group = &json["failures"][0];
    assert_eq!((group["index"].as_u64(), group["cause"].as_str()), (Some(1), Some("exit code 1")));
    assert_eq!(group["stderr"], serde_json::json!(["b"]));
    assert!(json["text"].as_str().unwrap().contains("job 1: exit code 1"));
}

#[test]
fn a_server_that_is_busy_broken_and_silent_gets_the_message_in_the_end() {
    let answers = [Answer::Status(429, Some("1")), Answer::Status(500, None), Answer::Hangs];
    let server = Server::start(&answers);
    let desk = Desk::new("webhook", "timeout = \"500ms\"\ndrain = \"60s\"");
    let (code, told) = desk.run(&server.url(), &ONE_FAILS);
    assert_eq!(code, Some(1), "{told}");
    assert!(!told.contains("webhook:"), "{told}");
    let requests = server.requests();
    assert_eq!(requests.len(), 4, "{requests:?}");
    assert!(requests.iter().all(|it| it.id() == requests[0].id() && it.body == requests[0].body));
    assert!(requests[1].at - requests[0].at >= std::time::Duration::from_secs(1), "as it asked");
    assert!(desk.outbox("webhook").is_empty());
}

#[test]
fn what_a_server_that_is_down_did_not_get_the_next_run_brings() {
    let port = free_port();
    let desk = Desk::new("webhook", "drain = \"300ms\"");
    let (code, told) = desk.run(&url(port), &["run", "--json", "-q", "true", ":::", "a", "b"]);
    assert_eq!(code, Some(0), "{told}");
    let left = desk.outbox("webhook");
    let dir = desk.path().canonicalize().unwrap().join(".xqute/plugins/webhook/outbox");
    let note = format!(
        "webhook: 1 message not delivered (no connection: Connection refused (os error 111)); kept in {}, and sent by the next \
         run on this work directory",
        dir.display()
    );
    assert!(told.contains(&note), "{told}");
    assert!(told.contains("\"notes\":[\"webhook: 1 message"), "{told}");
    assert!(!told.contains("hunter2"));
    assert_eq!(left.len(), 1);

    let server = Server::start_at(port);
    let (code, told) = desk.run(&url(port), &["run", "true", ":::", "a", "b"]);
    assert_eq!((code, told.contains("webhook")), (Some(0), false), "{told}");
    let requests = server.requests();
    let ids: Vec<&str> = requests.iter().map(|it| it.id()).collect();
    assert_eq!((ids.len(), ids[0]), (2, left[0]["id"].as_str().unwrap()));
    assert!(desk.outbox("webhook").is_empty());
}

/// Else each plugin more would be waited for anew.
#[test]
fn plugins_deliver_at_the_same_time_when_the_run_ends() {
    let server = Server::start(&[Answer::Hangs, Answer::Hangs]);
    let patient = "timeout = \"600s\"\ndrain = \"600s\"";
    let desk = Desk::new(
        "webhook",
        &format!("{patient}\n[plugins.slack]\nurl = {{ env = \"HOOK_URL\" }}\n{patient}"),
    );
    let mut run = desk.xqute(&server.url(), &["run", "true"]).spawn().unwrap();
    server.wait_for(2);
    run.kill().unwrap();
    run.wait().unwrap();
}

#[test]
fn what_is_refused_is_told_and_kept() {
    let server = Server::start(&[Answer::Status(422, None)]);
    let desk = Desk::new("webhook", "");
    let (code, told) = desk.run(&server.url(), &["run", "true"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("webhook: 1 message refused (it answered 422 Unprocessable Entity: so so); kept in "),
        "{told}"
    );
    assert!(desk.path().join(".xqute/plugins/webhook/outbox/refused").exists());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_configuration_that_cannot_work_is_an_error_before_anything_runs() {
    let desk = Desk::new("webhook", "plain-http = true");
    let (code, told) = desk.run("http://127.0.0.1:1/", &["run", "touch", "ran"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(!desk.path().join("ran").exists());
    let desk = Desk::new("webhook", "");
    let (code, told) = desk.run("http://a.example/hunter2", &["run", "touch", "ran"]);
    assert!(code == Some(2) && told.contains("`url` is http") && !told.contains("hunter2"), "{told}");
}

/// The environment of a job, and of who started it.
const SHOWS: &str = "env; for it in $$ $PPID; do tr '\\0' '\\n' < /proc/$it/environ; done; echo {}";

#[test]
fn no_job_sees_the_address_and_nothing_is_left_that_shows_it() {
    for plugin in ["webhook", "slack"] {
        let server = Server::start(&[Answer::Status(500, None)]);
        let desk = Desk::new(plugin, "");
        let mut xqute = desk.xqute(&server.url(), &["run", "--shell", SHOWS, ":::", "a"]);
        let Output { stdout, stderr, .. } = xqute.env("XQUTE_LOG", "trace").output().unwrap();
        let told = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert!(told.contains("XQUTE_JOB_INDEX=0") && told.contains("DEBUG"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
        let found = Command::new("grep").args(["-ra", "hunter2", "."]).current_dir(desk.path()).output();
        assert_eq!(String::from_utf8_lossy(&found.unwrap().stdout), "");
        server.wait_for(2);
    }
}
