//! Which jobs were asked for? `COMMAND… ::: ARG…`, or a command a line.

mod each;
mod file;
mod lines;
mod paths;
mod quoting;
mod reader;
mod sources;
mod template;

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use rustix::fs::{FileType, fstat};
use xqute::{Argv, JobSpec};

use crate::hints;
use crate::options::Shell;

pub(crate) use each::Each;
use lines::Lines;
use paths::{Files, Paths};
use sources::{Combined, Source};
use template::Template;

/// What was typed about the jobs.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// COMMAND, `:::` and what follows it.
    pub(crate) words: Vec<OsString>,
    /// The files of `-a`.
    pub(crate) files: Vec<OsString>,
    /// Whether arguments end with a NUL byte instead of a newline.
    pub(crate) null: bool,
    /// What runs each command, where a shell is to.
    pub(crate) shell: Option<Shell>,
    /// Whether nothing is to be noted.
    pub(crate) quiet: bool,
    /// The files that each job is said to read and to write.
    pub(crate) inputs: Vec<OsString>,
    pub(crate) outputs: Vec<OsString>,
    /// A file that has the jobs, instead of all that.
    pub(crate) file: Option<PathBuf>,
}

/// A job, as it will be fed.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) argv: Argv,
    /// What it was made of: its arguments, or its line.
    pub(crate) tag: Vec<u8>,
    /// What may surprise in it, for people; of all jobs, the first says it.
    pub(crate) note: Option<String>,
    /// The files that it is said to read and to write.
    pub(crate) files: Files,
    /// The whole job, where a job file says more of it than its command.
    pub(crate) spec: Option<JobSpec>,
}

/// Where the next job comes from.
pub(crate) enum Jobs {
    /// A command, once.
    Once(Option<Planned>),
    /// A command, filled in for each combination of arguments.
    Filled {
        template: Template,
        args: Combined,
        shell: Option<Shell>,
        number: usize,
        paths: Paths,
        /// What runs if standard input, which nobody named, turns out to be empty: the command, once, as with `xargs`. Who
        /// starts programs with an empty pipe for standard input would else be told that all is well, and nothing ran.
        bare: Option<Planned>,
        note: Option<String>,
    },
    /// A line is a command.
    Lines(Lines),
    /// A list, be it of a job file.
    List(std::vec::IntoIter<Planned>),
}

impl Jobs {
    /// Reads what was typed, and opens what it names. `base` makes a job of a command, with what all are given.
    pub(crate) async fn new(asked: Asked, base: &dyn Fn(Argv) -> JobSpec) -> Result<Self> {
        if let Some(file) = asked.file {
            return Ok(Self::List(file::read(&file, base)?.into_iter()));
        }
        let delimiter = if asked.null { 0 } else { b'\n' };
        let (command, named) = sources::split(asked.words);
        let mut sources: Vec<Source> = asked.files.into_iter().map(Source::file).collect();
        sources.extend(named);
        if command.is_empty() {
            let notes = !asked.quiet && asked.shell.is_none();
            let paths = Paths::read(&asked.inputs, &asked.outputs)?;
            paths.check(0)?;
            let lines = |reader, name| Lines::new(reader, name, asked.shell, notes, paths);
            return open_lines(sources, delimiter, lines).await;
        }
        let shell = asked.shell;
        if shell.is_some() {
            not_apart(&command)?;
        }
        let (template, note) = template(&command, shell.is_some())?;
        template.check_known("COMMAND")?;
        let note = note.filter(|_| !asked.quiet);
        let mut bare = None;
        let paths = Paths::read(&asked.inputs, &asked.outputs)?;
        if sources.is_empty() {
            if !template.has_places() && !paths.have_places() {
                let (planned, files) = (once(&template, shell.as_ref())?, paths.fill(1, &[]));
                bare = Some(Planned { note: note.clone(), files, ..planned });
                if !is_piped() {
                    return Ok(Self::Once(bare));
                }
            }
            sources.push(Source::new(sources::From::Stdin));
        }
        template.check(sources.len(), "COMMAND")?;
        paths.check(sources.len())?;
        let template = template.with_places();
        match shell {
            Some(_) => template.check_shell()?,
            None => template.check_code()?,
        }
        announce(&sources, "arguments");
        let args = Combined::open(sources, delimiter).await?;
        Ok(Self::Filled { template, args, shell, number: 0, paths, bare, note })
    }

    /// Reads all of them, and tells how many there are.
    pub(crate) async fn count(&mut self) -> Result<usize> {
        let mut all = Vec::new();
        while let Some(job) = self.next().await? {
            all.push(job);
        }
        let count = all.len();
        *self = Self::List(all.into_iter());
        Ok(count)
    }

    /// What the next job is made of, and whence that comes, for people.
    pub(crate) fn awaited(&self) -> String {
        match self {
            Self::Once(_) | Self::List(_) => "the command line".to_owned(),
            Self::Lines(lines) => format!("commands from {}", lines.name),
            Self::Filled { args, bare: None, .. } => format!("arguments from {}", args.name()),
            // Nobody has asked for them.
            Self::Filled { args, .. } => format!(
                "arguments from {}; a COMMAND without any: `xqute run COMMAND < /dev/null`",
                args.name()
            ),
        }
    }

    /// The next job; `None` when there are no more. May be dropped only when no more jobs are wanted.
    pub(crate) async fn next(&mut self) -> Result<Option<Planned>> {
        match self {
            Self::Once(planned) => Ok(planned.take()),
            Self::Lines(lines) => lines.next().await,
            Self::List(jobs) => Ok(jobs.next()),
            Self::Filled { template, args, shell, number, paths, bare, note } => {
                let bare = bare.take();
                let Some(args) = args.next().await? else { return Ok(bare) };
                *number += 1;
                let words = words(template, shell.as_ref(), *number, &args);
                let argv = Argv::new(words).with_context(|| {
                    let args: Vec<_> = args.iter().map(|arg| format!("{arg:?}")).collect();
                    format!("job {number}, made of the arguments {}", args.join(" "))
                })?;
                let tag = args.join(" ".as_ref()).as_bytes().to_vec();
                let files = paths.fill(*number, &args);
                Ok(Some(Planned { argv, tag, note: note.take(), files, spec: None }))
            }
        }
    }
}

fn words(template: &Template, shell: Option<&Shell>, number: usize, args: &[OsString]) -> Vec<OsString> {
    match shell {
        Some(shell) => template.fill_shell(shell, number, args),
        None => template.fill(number, args),
    }
}

/// The command as it stands.
fn once(template: &Template, shell: Option<&Shell>) -> Result<Planned> {
    let argv = Argv::new(words(template, shell, 1, &[])).context("in the command line")?;
    let tag = argv.to_string().into_bytes();
    Ok(Planned { argv, tag, note: None, files: Files::default(), spec: None })
}

async fn open_lines(
    mut sources: Vec<Source>,
    delimiter: u8,
    lines: impl FnOnce(Combined, String) -> Lines,
) -> Result<Jobs> {
    if sources.is_empty() {
        sources.push(Source::new(sources::From::Stdin));
    }
    if sources.len() > 1 {
        bail!(
            "without a COMMAND each argument is a command of its own, so there can be one source: there are {}",
            sources.len()
        );
    }
    announce(&sources, "commands, one a line");
    let name = match &sources[0].from {
        sources::From::List(_) => "the arguments".to_owned(),
        sources::From::File(name) => name.to_string_lossy().into_owned(),
        sources::From::Stdin => "standard input".to_owned(),
    };
    Ok(Jobs::Lines(lines(Combined::open(sources, delimiter).await?, name)))
}

/// `--shell bash 'wc -l {}'` would have sh run bash, with a script of a strange name.
fn not_apart(command: &[OsString]) -> Result<()> {
    match command {
        [shell, text, ..]
            if crate::options::shell(&shell.to_string_lossy()).is_ok()
                && text.as_bytes().iter().any(u8::is_ascii_whitespace) =>
        {
            let shell = shell.display();
            bail!(
                "with --shell, `{shell}` is run as a command, on a script of that name: write `--shell={shell}`"
            )
        }
        _ => Ok(()),
    }
}

/// A COMMAND that is one word with blanks is split as a line is. With what is to be noted of it.
fn template(command: &[OsString], shell: bool) -> Result<(Template, Option<String>)> {
    match command {
        [line] if !shell && line.as_bytes().iter().any(u8::is_ascii_whitespace) => {
            let argv =
                Argv::parse(line).context("in COMMAND, which is one word and so is split as a line")?;
            Ok((Template::new(argv.words()), hints::unread_line(line, argv.words())))
        }
        words => Ok((Template::new(words), if shell { None } else { hints::unread(words) })),
    }
}

/// Whether somebody has put something into standard input: a pipe or a file, as `xargs` wants it.
fn is_piped() -> bool {
    fstat(std::io::stdin())
        .is_ok_and(|it| matches!(FileType::from_raw_mode(it.st_mode), FileType::Fifo | FileType::RegularFile))
}

/// Somebody who sees nothing happen is to know what is waited for.
fn announce(sources: &[Source], what: &str) {
    if sources.iter().any(|it| it.from == sources::From::Stdin) && std::io::stdin().is_terminal() {
        crate::say(format_args!(
            "reading {what}, from the terminal; Ctrl-D ends (`xqute run --help` has examples)"
        ));
    }
}

/// The words of a command that is a line.
fn command(line: &OsStr, shell: Option<&Shell>) -> Result<Argv, xqute::ArgvError> {
    let Some(shell) = shell else { return Argv::parse(line) };
    let bare = line.as_bytes().trim_ascii_start();
    if bare.is_empty() || bare.starts_with(b"#") {
        return Err(xqute::ArgvError::Empty);
    }
    Argv::new(shell.words(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn planned(words: &[&str], shell: bool) -> Vec<String> {
        let words = words.iter().map(OsString::from).collect();
        let shell = shell.then(|| crate::options::shell("sh").unwrap());
        let mut jobs = Jobs::new(Asked { words, shell, ..Asked::default() }, &JobSpec::from).await.unwrap();
        let mut found = Vec::new();
        while let Some(job) = jobs.next().await.unwrap() {
            found.push(format!("{} [{}]", job.argv, String::from_utf8_lossy(&job.tag)));
        }
        found
    }

    #[tokio::test]
    async fn what_stands_after_the_separator_is_an_argument_each() {
        assert_eq!(
            planned(&["echo", "-n", ":::", "a", "-b"], false).await,
            ["echo -n a [a]", "echo -n -b [-b]"]
        );
        assert_eq!(planned(&["echo", ":::"], false).await, [""; 0]);
    }

    #[tokio::test]
    async fn one_word_with_blanks_is_split_as_a_line_is_before_it_is_filled() {
        assert_eq!(planned(&["echo 'a b' {}", ":::", "c d"], false).await, ["echo 'a b' 'c d' [c d]"]);
        assert!(
            Jobs::new(
                Asked { words: vec!["echo 'a".into(), ":::".into()], ..Asked::default() },
                &JobSpec::from
            )
            .await
            .is_err()
        );
    }

    #[tokio::test]
    async fn with_a_shell_the_command_is_its_text() {
        let job = planned(&["echo", "{}", "|", "wc", ":::", "a b"], true).await;
        assert_eq!(job, [r#"sh -c 'echo "${1}" | wc' sh 'a b' [a b]"#]);
    }

    #[tokio::test]
    async fn without_a_command_each_argument_is_one() {
        assert_eq!(
            planned(&[":::", "echo 'a b'", "# none", "true"], false).await,
            ["echo 'a b' [echo 'a b']", "true [true]"]
        );
        assert_eq!(planned(&[":::", "a | b", " # none"], true).await, ["sh -c 'a | b' [a | b]"]);
        let words = [":::", "a", ":::", "b"].map(OsString::from).to_vec();
        assert!(Jobs::new(Asked { words, ..Asked::default() }, &JobSpec::from).await.is_err());
    }
}
