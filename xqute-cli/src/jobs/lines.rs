//! Which commands does a text have? A line each.

use anyhow::{Context, Result};
use std::os::unix::ffi::OsStrExt;
use xqute::ArgvError;

use super::paths::Paths;
use super::sources::Combined;
use super::{Planned, command};
use crate::hints;
use crate::options::Shell;

/// The commands of a text, a line each.
pub(crate) struct Lines {
    lines: Combined,
    /// Where the lines are from, in a message.
    pub(super) name: String,
    shell: Option<Shell>,
    number: usize,
    /// How many of them were commands.
    jobs: usize,
    paths: Paths,
    /// Whether surprises are noted: the first as it comes,
    notes: bool,
    /// and the others by their number.
    noted: usize,
}

impl Lines {
    pub(super) fn new(
        lines: Combined,
        name: String,
        shell: Option<Shell>,
        notes: bool,
        paths: Paths,
    ) -> Self {
        Self { lines, name, shell, number: 0, jobs: 0, paths, notes, noted: 0 }
    }

    /// Lines without a word, and comments, are passed over.
    pub(super) async fn next(&mut self) -> Result<Option<Planned>> {
        while let Some(line) = self.lines.next().await? {
            self.number += 1;
            let line = &line[0];
            match command(line, self.shell.as_ref()) {
                Ok(argv) => {
                    let note = if self.notes { hints::unread_line(line, argv.words()) } else { None };
                    self.noted += usize::from(note.is_some());
                    let note = note
                        .filter(|_| self.noted == 1)
                        .map(|it| format!("line {} of {}: {it}", self.number, self.name));
                    self.jobs += 1;
                    let (files, tag) = (self.paths.fill(self.jobs, &[]), line.as_bytes().to_vec());
                    return Ok(Some(Planned { argv, tag, note, files, spec: None }));
                }
                Err(ArgvError::Empty) => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("line {} of {}", self.number, self.name));
                }
            }
        }
        match std::mem::take(&mut self.noted) {
            0 | 1 => {}
            2 => crate::say(format_args!("one more line of {} has words that only a shell reads", self.name)),
            all => crate::say(format_args!(
                "{} more lines of {} have words that only a shell reads",
                all - 1,
                self.name
            )),
        }
        Ok(None)
    }
}
