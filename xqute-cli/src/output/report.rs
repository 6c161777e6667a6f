//! What went wrong, at a glance? Failures of one kind are one group, however many there are.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Write};
use std::path::Path;
use std::sync::Arc;

use xqute::{Cancelled, Job, JobFiles, Outcome, Stream};

use crate::answer::hint;
use crate::plain;
use crate::status::gave_up;

/// So many groups are told, with the most jobs first,
const TOLD: usize = 10;
/// and so many are kept; further failures are only counted.
const KEPT: usize = 100;
/// Of a job's standard error so many bytes are looked at,
const TAIL: u64 = 4096;
/// and so many lines are shown,
const LINES: usize = 3;
/// of so many characters.
const WIDTH: usize = 200;

/// What failures of one group have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    cause: String,
    program: OsString,
    last_line: String,
}

#[derive(Debug)]
struct Group {
    jobs: usize,
    /// The one with the lowest index.
    example: Example,
}

/// One job of a group.
#[derive(Debug, Clone)]
struct Example {
    index: usize,
    command: String,
    stderr: Vec<String>,
    /// Else its files, if there are any, are of an earlier run.
    ran: bool,
}

/// The jobs that did not succeed, in groups.
#[derive(Debug, Default)]
pub(super) struct Report {
    workdir: Option<Arc<Path>>,
    groups: HashMap<Kind, Group>,
    others: usize,
}

impl Report {
    /// Of the run in this work directory.
    pub(super) fn new(workdir: &Path) -> Self {
        Self { workdir: Some(workdir.into()), ..Self::default() }
    }

    /// Takes a job in that has ended otherwise than well.
    pub(super) fn take(&mut self, job: &Job) {
        let Some(outcome) = job.outcome() else { return };
        let ran = job.jid().is_some();
        let stderr = if ran { tail(&job.files()) } else { Vec::new() };
        // What was stopped before its turn has only that in common.
        let stopped = matches!(outcome, Outcome::Cancelled(Cancelled::Stopped(_)));
        let program = if stopped { OsStr::new("") } else { job.argv().program() };
        let kind = Kind {
            cause: line(&cause(job, outcome)),
            program: program.to_owned(),
            last_line: stderr.last().cloned().unwrap_or_default(),
        };
        let index = job.index();
        self.add(kind, index, || Example { index, command: line(&job.cmd()), stderr, ran });
    }

    fn add(&mut self, kind: Kind, index: usize, example: impl FnOnce() -> Example) {
        let room = self.groups.len() < KEPT;
        match self.groups.get_mut(&kind) {
            Some(group) => {
                group.jobs += 1;
                if index < group.example.index {
                    group.example = example();
                }
            }
            None if room => {
                self.groups.insert(kind, Group { jobs: 1, example: example() });
            }
            None => self.others += 1,
        }
    }

    /// The groups as text, a line each and what helps to find out more; `None` where nothing failed.
    pub(super) fn tell(&self) -> Option<String> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_unstable_by_key(|(_, group)| (std::cmp::Reverse(group.jobs), group.example.index));
        let untold: usize =
            self.others + groups.iter().skip(TOLD).map(|(_, group)| group.jobs).sum::<usize>();
        let mut text = String::new();
        // Writing to a text cannot fail.
        for (kind, group) in groups.into_iter().take(TOLD) {
            let _ = tell(&mut text, kind, group);
            let _ = self.workdir.as_ref().map_or(Ok(()), |it| more(&mut text, &group.example, it));
        }
        if untold > 0 {
            let see = self.workdir.as_ref().map(|it| hint(&["status", "--failed"], it));
            let see = see.map(|it| format!(": `{it}` lists them")).unwrap_or_default();
            let _ = writeln!(text, "{} otherwise{see}", jobs(untold));
        }
        text.pop().map(|_| text)
    }
}

fn tell(text: &mut String, kind: &Kind, group: &Group) -> fmt::Result {
    let Example { index, command, stderr, .. } = &group.example;
    let cause = &kind.cause;
    if group.jobs == 1 {
        writeln!(text, "job {index}: {cause}: {command}")?;
    } else {
        writeln!(text, "{}: {cause}, e.g. job {index}: {command}", jobs(group.jobs))?;
    }
    for line in stderr {
        writeln!(text, "    | {line}")?;
    }
    Ok(())
}

/// Where a job's files are, and what shows more of it.
fn more(text: &mut String, example: &Example, workdir: &Arc<Path>) -> fmt::Result {
    if !example.ran {
        return Ok(());
    }
    let index = example.index;
    let files = JobFiles::new(Arc::clone(workdir), index);
    for (name, path) in [("stderr", files.stderr()), ("script", files.script_log())] {
        if path.metadata().is_ok_and(|file| file.len() > 0) {
            writeln!(text, "    {name}: {}", plain::whole(&path.to_string_lossy()))?;
        }
    }
    if files.metadir().exists() || files.output(Stream::Stderr).is_ok_and(|it| it.is_some()) {
        writeln!(text, "    see: {}", hint(&["logs", &index.to_string()], workdir))?;
    }
    Ok(())
}

fn jobs(count: usize) -> String {
    format!("{count} job{}", if count == 1 { "" } else { "s" })
}

/// Without the word that every failure has; with the part of its script that failed, where that was not the command.
fn cause(job: &Job, outcome: &Outcome) -> String {
    let Some(failure) = outcome.failure() else { return outcome.to_string() };
    let why = failure.to_string();
    gave_up(&why, &job.files()).unwrap_or(why)
}

/// The last lines of its standard error that say something. One that cannot be read has none: the report is about the job.
fn tail(files: &JobFiles) -> Vec<String> {
    plain::end_of(files, Stream::Stderr, TAIL).map(|bytes| last_lines(&bytes)).unwrap_or_default()
}

fn last_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<String> =
        text.lines().rev().filter(|line| !line.trim().is_empty()).take(LINES).map(line).collect();
    lines.reverse();
    lines
}

/// A text as one line that does nothing to a terminal.
pub(super) fn line(text: &str) -> String {
    plain::line(text, WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(cause: &str, last_line: &str) -> Kind {
        Kind { cause: cause.to_owned(), program: "sh".into(), last_line: last_line.to_owned() }
    }

    fn add(report: &mut Report, index: usize, cause: &str, last_line: &str) {
        report.add(kind(cause, last_line), index, || Example {
            index,
            command: format!("sh {index}"),
            stderr: vec!["why".to_owned()],
            ran: true,
        });
    }

    #[test]
    fn equal_failures_are_one_group_and_the_largest_is_told_first() {
        let mut report = Report::default();
        assert_eq!(report.tell(), None);
        add(&mut report, 0, "exit code 2", "why");
        for index in [9, 4, 7] {
            add(&mut report, index, "exit code 1", "why");
        }
        add(&mut report, 3, "exit code 1", "another");
        let told = report.tell().unwrap();
        let heads: Vec<&str> = told.lines().filter(|line| !line.starts_with(' ')).collect();
        let wanted =
            ["3 jobs: exit code 1, e.g. job 4: sh 4", "job 0: exit code 2: sh 0", "job 3: exit code 1: sh 3"];
        assert_eq!(heads, wanted, "{told}");
        assert!(told.starts_with("3 jobs: exit code 1, e.g. job 4: sh 4\n    | why\n"), "{told}");
    }

    #[test]
    fn however_many_kinds_there_are_few_are_kept_and_all_are_counted() {
        let mut report = Report::default();
        for index in 0..1000 {
            add(&mut report, index, "exit code 1", &index.to_string());
        }
        assert_eq!((report.groups.len(), report.others), (KEPT, 900));
        let told = report.tell().unwrap();
        assert_eq!(told.matches("e.g. job").count() + told.matches("exit code").count(), TOLD);
        assert!(told.ends_with("\n990 jobs otherwise"), "{told}");
    }

    #[test]
    fn the_last_lines_do_nothing_to_a_terminal() {
        assert_eq!(last_lines(b"a\nb\n\nc\r\n\x1b[31md\xff\te\n \n"), ["b", "c", "\\u{1b}[31md\u{fffd} e"]);
        let long = last_lines(&[b'x'; 300]);
        assert_eq!(long, ["x".repeat(WIDTH) + "…"]);
        assert!(last_lines(b"").is_empty());
    }

    #[test]
    fn of_a_large_file_the_end_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let files = |index| JobFiles::new(folder.path().into(), index);
        std::fs::create_dir(files(0).metadir()).unwrap();
        std::fs::write(files(0).stderr(), "x".repeat(10_000) + "\nlast\n").unwrap();
        assert_eq!(tail(&files(0)).last().unwrap(), "last");
        assert_eq!(plain::end_of(&files(0), Stream::Stderr, TAIL).unwrap().len() as u64, TAIL);
        assert!(tail(&files(1)).is_empty());
    }

    #[test]
    fn files_are_named_where_they_say_something() {
        let folder = tempfile::tempdir().unwrap();
        // However long: who copies it wants all of it.
        let workdir: Arc<Path> = folder.path().join("a b").join("x".repeat(WIDTH)).into();
        let files = JobFiles::new(Arc::clone(&workdir), 4);
        std::fs::create_dir_all(files.metadir()).unwrap();
        std::fs::write(files.script_log(), "prepared\n").unwrap();
        std::fs::write(files.stderr(), "").unwrap();
        let mut report = Report::new(&workdir);
        add(&mut report, 4, "exit code 1", "");
        let told = report.tell().unwrap();
        assert!(told.contains(&format!("\n    script: {}\n", files.script_log().display())), "{told}");
        assert!(!told.contains("stderr:"), "{told}");
        assert!(told.ends_with(&format!("see: xqute logs 4 -w \"{}\"", workdir.display())), "{told}");
    }
}
