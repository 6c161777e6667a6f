//! Which jobs were asked for? Those of `COMMAND… ::: ARG…`, or one a line of standard input.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader, Stdin};
use xqute::{Argv, ArgvError};

const SEPARATOR: &str = ":::";

/// Where the next job comes from.
pub(crate) enum Jobs {
    /// The command's words, then each argument.
    Args { command: Vec<OsString>, args: std::vec::IntoIter<OsString> },
    /// A command, once.
    Once(Option<Vec<OsString>>),
    /// A line each.
    Lines(Lines<BufReader<Stdin>>),
}

impl Jobs {
    /// Reads what was typed.
    pub(crate) fn new(words: Vec<OsString>) -> Result<Self> {
        if words.is_empty() {
            return Ok(Self::Lines(Lines::new(BufReader::new(tokio::io::stdin()))));
        }
        let Some(at) = words.iter().position(|word| word == SEPARATOR) else {
            return Ok(Self::Once(Some(words)));
        };
        let mut command = words;
        let args = command.split_off(at).split_off(1);
        if command.is_empty() {
            bail!("there is no COMMAND before `:::`: write `xqute run COMMAND ::: ARG…`");
        }
        if args.iter().any(|word| word == SEPARATOR) {
            bail!("there is a second `:::`: one list of arguments is all that is understood");
        }
        Ok(Self::Args { command, args: args.into_iter() })
    }

    /// The next job; `None` when there are no more. May be dropped only when no more jobs are wanted.
    pub(crate) async fn next(&mut self) -> Result<Option<Argv>> {
        match self {
            Self::Args { command, args } => {
                let words = args.next().map(|arg| command.iter().cloned().chain([arg]));
                words.map(Argv::new).transpose().context("in the command line")
            }
            Self::Once(words) => words.take().map(Argv::new).transpose().context("in the command line"),
            Self::Lines(lines) => lines.next().await,
        }
    }
}

/// The commands of a text, a line each.
pub(crate) struct Lines<R> {
    text: R,
    number: usize,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    fn new(text: R) -> Self {
        Self { text, number: 0 }
    }

    /// Lines without a word are passed over.
    async fn next(&mut self) -> Result<Option<Argv>> {
        let mut line = Vec::new();
        loop {
            line.clear();
            self.number += 1;
            let read = self.text.read_until(b'\n', &mut line).await.context("cannot read standard input")?;
            if read == 0 {
                return Ok(None);
            }
            let bare = line.strip_suffix(b"\n").unwrap_or(&line);
            match Argv::parse(OsStr::from_bytes(bare)) {
                Ok(argv) => return Ok(Some(argv)),
                Err(ArgvError::Empty) => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("line {} of standard input", self.number));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(text: &[u8]) -> Result<Vec<String>> {
        let mut lines = Lines::new(text);
        let mut found = Vec::new();
        while let Some(argv) = lines.next().await? {
            found.push(argv.to_string());
        }
        Ok(found)
    }

    #[tokio::test]
    async fn a_line_is_a_command_and_a_mistake_is_told_with_its_line() {
        assert_eq!(all(b"echo a\n\n# no job\necho 'b c'").await.unwrap(), ["echo a", "echo 'b c'"]);
        let error = all(b"true\necho 'a\n").await.unwrap_err();
        assert!(format!("{error:#}").starts_with("line 2 of standard input: "), "{error:#}");
    }

    #[tokio::test]
    async fn what_stands_after_the_separator_is_an_argument_each() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let mut jobs = Jobs::new(words("echo -n ::: a -b")).unwrap();
        assert_eq!(jobs.next().await.unwrap().unwrap().to_string(), "echo -n a");
        assert_eq!(jobs.next().await.unwrap().unwrap().to_string(), "echo -n -b");
        assert!(jobs.next().await.unwrap().is_none());
        assert!(Jobs::new(words("::: a")).is_err() && Jobs::new(words("a ::: b ::: c")).is_err());
    }
}
