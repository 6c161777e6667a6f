//! What do tests share that run the binary from a shell? A line of bash in a folder of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A line of bash in a folder, with this `xqute` before any other: its exit code, standard output and standard error.
pub(crate) fn bash_in(desk: &TempDir, line: &str) -> (Option<i32>, String, String) {
    let xqute = Path::new(env!("CARGO_BIN_EXE_xqute")).parent().unwrap();
    let path = format!("{}:{}", xqute.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["-c", line]).env("PATH", path).current_dir(desk.path()).stdin(Stdio::null());
    let out = bash.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

/// The same in an empty folder.
pub(crate) fn bash(line: &str) -> (Option<i32>, String, String) {
    bash_in(&tempfile::tempdir().unwrap(), line)
}
