//! What is told of a job that failed? Short, of one line each, and looked up outside of the hook.

use std::io::Read;

use xqute::{Job, JobFiles, Stream};

/// Of a command so many characters are told, and of a line that a job wrote,
const WIDTH: usize = 200;
/// of which there are at most so many,
const LINES: usize = 5;
/// from so many bytes at the end.
const TAIL: u64 = 4096;

/// A job that failed for good, as the hook saw it.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) index: usize,
    pub(super) name: Option<String>,
    pub(super) program: String,
    pub(super) command: String,
    pub(super) cause: String,
    /// Where what it wrote is kept, if it ran.
    files: Option<JobFiles>,
}

impl Failed {
    pub(super) fn new(job: &Job) -> Self {
        let outcome = job.outcome();
        let cause = outcome.and_then(|it| it.failure()).map(ToString::to_string);
        Self {
            index: job.index(),
            name: name(job),
            program: line(&job.argv().program().to_string_lossy()),
            command: line(&job.cmd()),
            cause: line(&cause.or_else(|| outcome.map(ToString::to_string)).unwrap_or_default()),
            files: job.jid().is_some().then(|| job.files()),
        }
    }

    /// The last lines of its standard error. Of one that cannot be read there are none: the message is about the job.
    pub(super) fn stderr(&self) -> Vec<String> {
        let mut bytes = Vec::new();
        let written = self.files.as_ref().and_then(|it| it.output(Stream::Stderr).ok().flatten());
        let Some(mut written) = written else { return Vec::new() };
        if written.keep_last(TAIL).and_then(|()| written.take(TAIL).read_to_end(&mut bytes)).is_err() {
            return Vec::new();
        }
        last_lines(&String::from_utf8_lossy(&bytes))
    }
}

pub(super) fn name(job: &Job) -> Option<String> {
    job.name().map(line)
}

fn last_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().rev().filter(|it| !it.trim().is_empty()).take(LINES).map(line).collect();
    lines.reverse();
    lines
}

/// As one line in which nothing does anything to a terminal.
pub(super) fn line(text: &str) -> String {
    let mut line = String::new();
    for (count, letter) in text.chars().enumerate() {
        match letter {
            _ if count == WIDTH => {
                line.push('…');
                break;
            }
            '\t' => line.push(' '),
            letter if letter.is_control() => line.extend(letter.escape_default()),
            letter => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
impl Failed {
    pub(super) fn of(index: usize, program: &str, command: &str, cause: &str) -> Self {
        let (program, command, cause) = (program.into(), command.into(), cause.into());
        Self { index, name: None, program, command, cause, files: None }
    }
}
