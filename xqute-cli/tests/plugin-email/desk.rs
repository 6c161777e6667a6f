//! What do these tests share? A Postfix, a directory with a configuration, and a reader of mails that is not ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a mail may take to the mailbox.
const PATIENCE: Duration = Duration::from_secs(60);

/// Prints the mails to an address, as Python's own parser reads them, a line of JSON each.
const READER: &str = r#"
import email, email.policy, json, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).glob("new/*")):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    if sys.argv[2] in str(mail["delivered-to"]):
        told = {key.lower(): str(value) for key, value in mail.items()}
        told["content-type"] = mail["content-type"].as_raw if hasattr(mail["content-type"], "as_raw") else str(mail["content-type"])
        print(json.dumps(told | {"body": mail.get_content()}))
"#;

/// Where Postfix listens: see `tests/engines/postfix-up`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Starttls,
    Smtps,
    Plain,
}

impl Port {
    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Starttls => 2526,
            Self::Smtps => 2465,
            Self::Plain => 2527,
        }
    }

    fn keys(self) -> &'static str {
        match self {
            Self::Starttls => "tls = \"starttls\"\nuser = \"tester@localhost\"\n",
            Self::Smtps => "tls = \"smtps\"\nuser = \"tester@localhost\"\n",
            Self::Plain => "tls = \"none\"\n",
        }
    }
}

/// What `postfix-up` has said, once it is up.
pub(crate) fn postfix(name: &str) -> &'static str {
    static SAID: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    let said = SAID.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/engines/postfix-up");
        let up = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
        assert!(up.status.success(), "postfix-up");
        let words = String::from_utf8(up.stdout).unwrap();
        words
            .split_whitespace()
            .filter_map(|it| it.split_once('='))
            .map(|(name, it)| (name.into(), it.into()))
            .collect()
    });
    &said[name]
}

/// A directory in which `xqute` runs, with an address of its own.
pub(crate) struct Desk {
    dir: tempfile::TempDir,
    to: String,
    port: Port,
}

impl Desk {
    pub(crate) fn new(name: &str, port: Port, extra: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let to = format!(
            "{name}-{}@example.org",
            dir.path().file_name().unwrap().to_str().unwrap().trim_matches('.')
        );
        let desk = Self { dir, to, port };
        desk.configure(port.number(), extra);
        desk
    }

    /// Another with the same address.
    pub(crate) fn beside(other: &Self, extra: &str) -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap(), to: other.to.clone(), port: other.port };
        desk.configure(desk.port.number(), extra);
        desk
    }

    /// Writes the configuration: keys in `extra` are in the place of those that are there in any case.
    pub(crate) fn configure(&self, port: u16, extra: &str) {
        let usual = format!(
            "to = \"Tester <{}>\"\nserver = \"localhost\"\nport = {port}\nca_file = \"{}\"\n{}",
            self.to,
            postfix("POSTFIX_CA"),
            self.port.keys()
        );
        let password = if self.port == Port::Plain { "" } else { "password = { env = \"MAIL_PASSWORD\" }\n" };
        let key = |line: &str| line.split_once(" =").map(|it| it.0.to_owned()).unwrap();
        let own: Vec<String> = extra.lines().map(key).collect();
        let usual = usual.lines().chain(password.lines()).filter(|line| !own.contains(&key(line)));
        let text: String = ["[plugins.email]"]
            .into_iter()
            .chain(usual)
            .chain(extra.lines())
            .map(|it| format!("{it}\n"))
            .collect();
        fs::write(self.path("xqute.toml"), text).unwrap();
    }

    pub(crate) fn to(&self) -> &str {
        &self.to
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn workdir(&self) -> PathBuf {
        self.path(".xqute")
    }

    /// How many messages wait to be sent.
    pub(crate) fn waiting(&self) -> usize {
        let entries = fs::read_dir(self.workdir().join("plugins/email/outbox"));
        entries.map_or(0, |it| {
            it.filter(|it| it.as_ref().unwrap().path().extension().is_some_and(|it| it == "json")).count()
        })
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .env("MAIL_PASSWORD", postfix("POSTFIX_PASSWORD"));
        command
    }

    /// The exit code, and what it said on standard error.
    pub(crate) fn run(&self, args: &[&str]) -> (i32, String) {
        said(&self.command(args).output().unwrap())
    }

    /// The same, with what a shell's command prints as standard input.
    pub(crate) fn run_with(&self, input: &str, args: &[&str]) -> (i32, String) {
        let mut input = Command::new("sh").args(["-c", input]).stdout(Stdio::piped()).spawn().unwrap();
        let ran = self.command(args).stdin(input.stdout.take().unwrap()).output().unwrap();
        input.wait().unwrap();
        said(&ran)
    }
}

fn said(ran: &Output) -> (i32, String) {
    (ran.status.code().unwrap(), String::from_utf8_lossy(&ran.stderr).into_owned())
}

/// The mails to an address, when there are so many.
pub(crate) fn mails(to: &str, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mails = read(to);
        if mails.len() >= count {
            assert_eq!(mails.len(), count, "{mails:#?}");
            return mails;
        }
        assert!(Instant::now() < deadline, "{} of {count} mails to {to} have come", mails.len());
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub(crate) fn read(to: &str) -> Vec<Value> {
    let read = Command::new("python3").args(["-c", READER, postfix("POSTFIX_MAIL"), to]).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let text = String::from_utf8(read.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
