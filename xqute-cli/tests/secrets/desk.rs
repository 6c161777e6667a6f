//! Where is looked for a secret, and how?

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::list::Use;
use crate::server::echo;

/// What every secret of these tests has, and what is left of that in base64, wherever in a text it begins.
const NEEDLES: [&str; 4] = ["hunter2", "aHVudGVyM", "h1bnRlcj", "odW50ZXIy"];

/// Prints its variables, says that it is up, and waits for the gate.
const LOOKER: &str = "env; echo $$ > up.new; mv up.new up; until [ -e gate ]; do sleep 0.05; done";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn is_leaked(bytes: &[u8]) -> bool {
    NEEDLES.iter().any(|it| bytes.windows(it.len()).any(|part| part == it.as_bytes()))
}

/// What the plugin's server is like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Weather {
    Down,
    Echoes,
}

/// A directory in which a plugin is used, and its secrets are kept.
pub(crate) struct Desk {
    dir: tempfile::TempDir,
    used: &'static Use,
    port: u16,
}

impl Desk {
    pub(crate) fn new(used: &'static Use, weather: Weather) -> Self {
        let port = match weather {
            // Nobody but root may listen there, and nobody does.
            Weather::Down => 1,
            Weather::Echoes => echo(used.speaks),
        };
        let desk = Self { dir: tempfile::tempdir().unwrap(), used, port };
        fs::create_dir(desk.path("here")).unwrap();
        fs::create_dir(desk.dir.path().join("secrets")).unwrap();
        for (name, value) in desk.secrets() {
            let path = desk.dir.path().join("secrets").join(name);
            fs::write(&path, value).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let list = format!("sh -c 'env; echo no >&2; exit 3'\nsh -c '{LOOKER}'\n");
        fs::write(desk.path("list"), list).unwrap();
        desk.configure(&|name| format!("{{ env = \"{name}\" }}"));
        desk
    }

    fn secrets(&self) -> impl Iterator<Item = (&'static str, String)> {
        let port = self.port.to_string();
        self.used.secrets.iter().map(move |(name, value)| (*name, value.replace("@PORT@", &port)))
    }

    /// Where `xqute` is called, and all that it writes is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        if name == "here" { self.dir.path().join("here") } else { self.dir.path().join("here").join(name) }
    }

    fn configuration(&self, place: &dyn Fn(&str) -> String) -> String {
        let config = self.used.config.replace("@PORT@", &self.port.to_string());
        self.used
            .secrets
            .iter()
            .fold(config, |text, (name, _)| text.replace(&format!("@{name}@"), &place(name)))
    }

    /// Writes a configuration that says where each secret is.
    pub(crate) fn configure(&self, place: &dyn Fn(&str) -> String) {
        let text = format!("[plugins.{}]\n{}\n", self.used.plugin, self.configuration(place));
        fs::write(self.path("xqute.toml"), text).unwrap();
    }

    /// The same for a program, with all secrets in files.
    pub(crate) fn configuration_with_files(&self) -> Value {
        let secrets = self.dir.path().join("secrets");
        let text = self.configuration(&|name| format!("{{ file = {:?} }}", secrets.join(name)));
        toml::from_str(&text).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.args(args).current_dir(self.path("here")).stdin(Stdio::null()).env("OTHER", "seen");
        command
    }

    /// What it prints for people who look on, and who do not have the secrets.
    pub(crate) fn xqute(&self, args: &[&str]) -> String {
        let out = self.command(args).output().unwrap();
        String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned()
    }

    /// Starts a run that has the secrets, in variables.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = self.command(&[&["run"], args].concat());
        command.envs(self.secrets());
        let said = fs::File::create(self.dir.path().join("said")).unwrap();
        let child = command.stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap();
        Running { child, said: self.dir.path().join("said") }
    }

    /// What a job has written to a file, when it has.
    pub(crate) fn wait_for(&self, name: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while !self.path(name).exists() {
            assert!(Instant::now() < deadline, "{}: no job has written `{name}`", self.used.plugin);
            std::thread::sleep(Duration::from_millis(20));
        }
        fs::read_to_string(self.path(name)).unwrap().trim().to_owned()
    }

    pub(crate) fn is_not_in(&self, what: &str, text: &str) {
        assert!(!is_leaked(text.as_bytes()), "{}: {what}: {text}", self.used.plugin);
    }

    /// What `ps` tells of all processes, and the variables of a job, of who looks after it, and of all that that has started.
    pub(crate) fn look_at_processes(&self, job: &str) {
        let told = Command::new("ps").args(["-eo", "args"]).output().unwrap();
        self.is_not_in("ps", &String::from_utf8_lossy(&told.stdout));
        let keeper = parent(job).unwrap();
        let all = fs::read_dir("/proc").unwrap().filter_map(|it| it.unwrap().file_name().into_string().ok());
        let children: Vec<String> = all.filter(|it| parent(it).as_ref() == Some(&keeper)).collect();
        assert!(children.iter().any(|it| it == job));
        for process in children.iter().chain([&keeper]) {
            // One that has ended meanwhile shows nothing.
            let variables = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            self.is_not_in("/proc/PID/environ", &String::from_utf8_lossy(&variables));
        }
        let variables = fs::read(format!("/proc/{job}/environ")).unwrap();
        assert!(variables.windows(10).any(|it| it == b"OTHER=seen"), "it could be read");
    }

    /// Every file that was written.
    pub(crate) fn look_at_files(&self) {
        let (mut folders, mut looked_at) = (vec![self.path("here")], 0);
        while let Some(folder) = folders.pop() {
            self.is_not_in("a file's name", &folder.to_string_lossy());
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    looked_at += 1;
                    assert!(
                        !is_leaked(&fs::read(&path).unwrap()),
                        "{}: {}",
                        self.used.plugin,
                        path.display()
                    );
                }
            }
        }
        assert!(looked_at > 4, "{looked_at}");
    }
}

fn parent(process: &str) -> Option<String> {
    let stat = fs::read_to_string(Path::new("/proc").join(process).join("stat")).ok()?;
    Some(stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.to_owned())
}

/// A run, and where it says what it says.
pub(crate) struct Running {
    child: Child,
    said: PathBuf,
}

impl Running {
    /// The exit code, and all that it said.
    pub(crate) fn ended(&mut self) -> (i32, String) {
        let status = self.child.wait().unwrap();
        let mut said = Vec::new();
        fs::File::open(&self.said).unwrap().read_to_end(&mut said).unwrap();
        (status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
    }
}
