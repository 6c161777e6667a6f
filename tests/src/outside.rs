//! How does a stranger's package build? Outside of the workspace, against the facade, with the workspace's versions.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A package in a directory of its own.
#[derive(Debug)]
pub struct Outside {
    directory: PathBuf,
}

impl Outside {
    /// Makes it anew of these files, each a path and a text; `$ROOT` in a text is the directory of the workspace.
    ///
    /// # Panics
    ///
    /// The directory cannot be written.
    #[must_use]
    pub fn new(directory: PathBuf, files: &[(&str, &str)]) -> Self {
        if directory.exists() {
            std::fs::remove_dir_all(&directory).expect("the package of an earlier run is removed");
        }
        let package = Self { directory };
        files.iter().for_each(|(path, text)| package.write(path, text));
        std::fs::copy(workspace().join("Cargo.lock"), package.path("Cargo.lock"))
            .expect("Cargo.lock is copied");
        package
    }

    /// Writes a file.
    ///
    /// # Panics
    ///
    /// It cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a directory is made");
        std::fs::write(path, text.replace("$ROOT", &workspace().to_string_lossy()))
            .expect("a file is written");
    }

    /// A file of the package.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// Where what it builds goes: the packages beside it share the place, and so build a dependency once.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        self.directory.with_file_name("target")
    }

    /// Cargo, in the package. What it downloads are the workspace's own dependencies, so that is done already.
    #[must_use]
    pub fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.directory).env_remove("CARGO_BUILD_TARGET");
        cargo.args([command, "--offline", "--quiet", "--target-dir"]).arg(self.target());
        cargo
    }
}

/// What a command that succeeds prints.
///
/// # Panics
///
/// It fails.
pub fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = run(command);
    assert!(status.success(), "{command:?}\n{}", String::from_utf8_lossy(&stderr));
    text(stdout)
}

/// What a command that fails says.
///
/// # Panics
///
/// It succeeds.
pub fn fail(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = run(command);
    assert!(!status.success(), "{command:?}\n{}", String::from_utf8_lossy(&stdout));
    text(stderr)
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the output is text")
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package is in the workspace")
}
