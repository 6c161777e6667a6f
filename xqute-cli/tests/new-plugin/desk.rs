//! Where does somebody stand who writes a plugin? In a folder, with xqute in the path, and no network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub(crate) struct Desk(TempDir);

/// What a line of bash did.
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A crate with these dependencies.
    pub(crate) fn package(&self, name: &str, dependencies: &str, lib: &str) {
        let manifest = format!(
            "[package]\nname = '{name}'\nversion = '1.2.3'\nedition = '2024'\n[workspace]\n[dependencies]\n{dependencies}\n"
        );
        self.write(&format!("{name}/Cargo.toml"), &manifest);
        self.write(&format!("{name}/src/lib.rs"), lib);
    }

    pub(crate) fn bash(&self, line: &str) -> Told {
        let binary = Path::new(env!("CARGO_BIN_EXE_xqute")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", line]).current_dir(self.0.path()).stdin(Stdio::null());
        bash.env("PATH", path).env("XDG_CACHE_HOME", cache()).env("CARGO_NET_OFFLINE", "true");
        // One place and one profile for all that is compiled.
        bash.env("CARGO_TARGET_DIR", cache().join("xqute/build/target")).env("CARGO_PROFILE_DEV_DEBUG", "0");
        let out = bash.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Told { code: out.status.code(), out: text(out.stdout), err: text(out.stderr) }
    }

    /// What a line printed that succeeds.
    pub(crate) fn told(&self, line: &str) -> String {
        let Told { code, out, err } = self.bash(line);
        assert_eq!(code, Some(0), "{line}\n{out}{err}");
        out
    }

    /// What is said of a line that is refused: its last line of standard error.
    pub(crate) fn refused(&self, line: &str) -> String {
        let Told { code, out, err } = self.bash(line);
        assert_eq!(code, Some(2), "{line}\n{out}{err}");
        err.lines().last().unwrap().to_owned()
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-plugin")
}
