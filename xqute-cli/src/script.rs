//! `xqute script`: what ran?

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, Result, bail};
use clap::Parser;
use xqute::{JobView, WorkDirView};

use crate::answer::to_stdout;
use crate::status::known;

/// Words that a shell takes for its grammar where a command begins.
const GRAMMAR: [&[u8]; 16] = [
    b"case",
    b"coproc",
    b"do",
    b"done",
    b"elif",
    b"else",
    b"esac",
    b"fi",
    b"for",
    b"function",
    b"if",
    b"in",
    b"select",
    b"then",
    b"until",
    b"while",
];

#[derive(Debug, Parser)]
#[command(after_help = "\
Where something stood around the command (a plugin's text), that is the whole script, as the job ran in it (run again, it
replaces the job's output and exit code); else the command as a line for a shell, with the directory that the job was
given. What a job is given as environment is not kept.

Exit codes: 0 it was told, 2 there is no such run or job.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// The job
    #[arg(value_name = "INDEX")]
    index: usize,
}

/// Prints it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let mut view = WorkDirView::open(&args.place.workdir()?)?;
    known(&view, &[args.index])?;
    let text = match wrapped(&view, args.index)? {
        Some(script) => warned(&script),
        None => match view.job(args.index)? {
            Some(job) if !job.argv.is_empty() => line(&job),
            _ => bail!("the command of job {} cannot be read: the journal is damaged", args.index),
        },
    };
    to_stdout(|out| out.write_all(&text).context("cannot write to standard output"))
}

/// Behind its first line, what becomes of the job's files if somebody runs it.
fn warned(script: &[u8]) -> Vec<u8> {
    const WARNING: &[u8] =
        b"# As it ran. If you run it again, it replaces this job's output and exit code.\n";
    let first = script.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (head, rest) = script.split_at(first);
    [head, WARNING, rest].concat()
}

/// The script that the job ran in, if it did; that of the last backend, if there were several.
fn wrapped(view: &WorkDirView, index: usize) -> Result<Option<Vec<u8>>> {
    let files = view.files(index);
    let runs: Vec<&str> = view.runs().map(|it| &*it.scheduler).collect();
    for scheduler in runs.into_iter().rev() {
        let path = files.script(scheduler);
        match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => return read.map(Some).with_context(|| format!("cannot read {}", path.display())),
        }
    }
    Ok(None)
}

/// The command as a line that a shell splits into the same words, any bytes in them.
fn line(job: &JobView) -> Vec<u8> {
    let mut line = Vec::new();
    if let Some(cwd) = &job.cwd {
        line.extend_from_slice(b"cd -- ");
        quote(cwd.as_os_str().as_bytes(), &mut line);
        line.extend_from_slice(b" && ");
    }
    words(&job.argv, &mut line);
    line.push(b'\n');
    line
}

/// Adds the words of a command, so that a shell reads them as they are, any bytes in them.
pub(crate) fn words(argv: &[OsString], line: &mut Vec<u8>) {
    for (at, word) in argv.iter().enumerate() {
        if at > 0 {
            line.push(b' ');
        }
        let word = word.as_bytes();
        if at == 0 && GRAMMAR.contains(&word) {
            line.extend([b"'", word, b"'"].concat());
        } else {
            quote(word, line);
        }
    }
}

/// As it stands if it is plain, else in single quotes, in which a shell reads everything as it stands.
fn quote(word: &[u8], line: &mut Vec<u8>) {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+./:,@".contains(byte);
    if !word.is_empty() && word.iter().all(plain) {
        return line.extend_from_slice(word);
    }
    line.push(b'\'');
    for byte in word {
        match byte {
            b'\'' => line.extend_from_slice(b"'\\''"),
            byte => line.push(*byte),
        }
    }
    line.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::process::Command;

    #[test]
    fn a_shell_reads_the_words_as_they_were() {
        let words: [&[u8]; 9] =
            [b"plain", b"", b"it's", b"a b\n", b"$HOME `id` \\", b"~", b"\xFF*", b"A=b", b"!{}[]"];
        let mut text = b"printf '%s\\0'".to_vec();
        for word in words {
            text.push(b' ');
            quote(word, &mut text);
        }
        let out = Command::new("sh").arg("-c").arg(OsStr::from_bytes(&text)).output().unwrap();
        let read: Vec<&[u8]> = out.stdout.split(|it| *it == 0).take(words.len()).collect();
        assert_eq!(read, words);
    }
}
