//! What is a job's script, as text?

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use super::quote;
use crate::job::{Argv, JobFiles, Status};

/// The script of every job; lines that begin with `#@` stand for what differs.
pub(super) const TEMPLATE: &str = include_str!("wrapper.sh");

/// What a job's script is made of. The environment is not in it: that is passed by exec.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    /// The job's number in the run.
    pub(crate) index: usize,
    /// Its command.
    pub(crate) argv: &'a Argv,
    /// Where its files are; absolute.
    pub(crate) files: &'a JobFiles,
    /// The texts of plugins.
    pub(crate) fragments: &'a Fragments,
    /// The user's text that runs before the command.
    pub(crate) prescript: Option<&'a str>,
    /// The user's text that runs after the command.
    pub(crate) postscript: Option<&'a str>,
}

/// What plugins put into a job's script, each text with its plugin's name, in the order of their calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fragments {
    /// At the head: `on_jobcmd_init`.
    pub(crate) init: Vec<(Arc<str>, String)>,
    /// Before the command, which they may change: `on_jobcmd_prep`.
    pub(crate) prep: Vec<(Arc<str>, String)>,
    /// After the command: `on_jobcmd_end`.
    pub(crate) end: Vec<(Arc<str>, String)>,
}

impl Fragments {
    /// Whether no plugin put anything in.
    pub(crate) fn is_empty(&self) -> bool {
        self.init.is_empty() && self.prep.is_empty() && self.end.is_empty()
    }
}

/// The script that runs a job, as bash reads it: bytes, because commands and paths may be no text.
pub(crate) fn render(script: &Script<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * TEMPLATE.len());
    for line in TEMPLATE.split_inclusive('\n') {
        match line.trim_end() {
            "#@title" => out.extend_from_slice(format!("# The script of job {}.\n", script.index).as_bytes()),
            "#@names" => names(&mut out, script.files),
            "#@before" => before(&mut out, script),
            "#@end" => end(&mut out, script),
            _ => out.extend_from_slice(line.as_bytes()),
        }
    }
    out
}

/// The files and the numbers that the script writes.
fn names(out: &mut Vec<u8>, files: &JobFiles) {
    let mut name = |name, path: &Path| assign(out, name, path.as_os_str().as_bytes());
    name("__xqute_stdout", &files.stdout());
    name("__xqute_stderr", &files.stderr());
    name("__xqute_log", &files.script_log());
    name("__xqute_rc_file", &files.rc());
    name("__xqute_rc_new", &JobFiles::unfinished(&files.rc()));
    name("__xqute_status", &files.status());
    name("__xqute_status_new", &JobFiles::unfinished(&files.status()));
    let (running, finished, failed) =
        (Status::Running.code(), Status::Finished.code(), Status::Failed.code());
    let numbers = format!("__xqute_running={running} __xqute_finished={finished} __xqute_failed={failed}\n");
    out.extend_from_slice(numbers.as_bytes());
}

/// What runs before the command, in one shell, one after the other.
fn before(out: &mut Vec<u8>, script: &Script<'_>) {
    for (plugin, text) in &script.fragments.init {
        step(out, &of_plugin("on_jobcmd_init", plugin), text);
    }
    if let Some(text) = script.prescript {
        step(out, "prescript", text);
    }
    assign(out, "cmd", &quote::line(script.argv));
    out.push(b'\n');
    for (plugin, text) in &script.fragments.prep {
        step(out, &of_plugin("on_jobcmd_prep", plugin), text);
    }
}

/// What runs after the command, each in a shell of its own.
fn end(out: &mut Vec<u8>, script: &Script<'_>) {
    out.extend_from_slice(b"__xqute_texts_of_end() {\n:\n");
    if let Some(text) = script.postscript {
        apart(out, "postscript", text);
    }
    for (plugin, text) in &script.fragments.end {
        apart(out, &of_plugin("on_jobcmd_end", plugin), text);
    }
    out.extend_from_slice(b"}\n");
}

fn of_plugin(hook: &str, plugin: &str) -> String {
    format!("{hook} of plugin `{plugin}`")
}

/// `eval` lets no text's syntax out, and takes nothing from `set -e`; it says 0 unless it could not read the text.
fn step(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(b"__xqute_step ");
    quote::single(out, name.as_bytes());
    out.extend_from_slice(b"\nbuiltin eval ");
    quote::single(out, closed(text).as_bytes());
    out.extend_from_slice(b"\n[[ $? == 0 ]] || builtin exit 2\n\n");
}

fn apart(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(b"__xqute_apart ");
    quote::single(out, name.as_bytes());
    out.push(b' ');
    quote::single(out, closed(text).as_bytes());
    out.push(b'\n');
}

/// Ends a text with a command that succeeds, on a line of its own even if the text ends with a backslash.
fn closed(text: &str) -> String {
    format!("\n{text}\n\n:")
}

fn assign(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.push(b'=');
    quote::single(out, value);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_can_be_read() {
        let mut fragments = Fragments::default();
        assert!(fragments.is_empty());
        fragments.prep.push(("stager".into(), "cd 'it'".into()));
        assert!(!fragments.is_empty());
        let argv = Argv::new(["echo", "it's 5"]).unwrap();
        let files = JobFiles::new(Path::new("/work").into(), 3);
        let (prescript, postscript) = (Some("module load"), Some("date"));
        let script =
            Script { index: 3, argv: &argv, files: &files, fragments: &fragments, prescript, postscript };
        let text = String::from_utf8(render(&script)).unwrap();
        let parts = [
            "# The script of job 3.\n",
            "\n__xqute_stdout='/work/3/job.stdout'\n",
            "\n__xqute_running=4 __xqute_finished=6 __xqute_failed=7\n",
            "\n__xqute_apart 'postscript' '\ndate\n\n:'\n",
            "\n__xqute_step 'prescript'\nbuiltin eval '\nmodule load\n\n:'\n",
            "\ncmd='echo \"it'\\''s 5\"'\n",
            "\n__xqute_step 'on_jobcmd_prep of plugin `stager`'\nbuiltin eval '\ncd '\\''it'\\''\n\n:'\n",
        ];
        let places: Vec<_> = parts.iter().map(|part| text.find(part).ok_or(part)).collect();
        assert!(places.iter().all(Result::is_ok) && places.is_sorted(), "{places:?} {text}");
        assert!(!text.contains("#@"), "{text}");
    }
}
