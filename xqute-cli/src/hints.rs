//! What would somebody type who knows GNU parallel, xargs or a shell? What xqute has instead.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use clap::CommandFactory;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use xqute::{Argv, BuildError, Error, PluginError, SelectionError};

use crate::args::Args;

/// Options of other tools, and what there is here.
const OPTIONS: [(&[&str], &str); 16] = [
    (&["-P", "--max-procs", "--jobs"], "`-j N` says how many jobs run at once"),
    (
        &["-I", "--replace"],
        "`{}` in COMMAND is the argument, with no option: `xqute run mv {} {}.bak ::: *.txt`",
    ),
    (
        &["-n", "-N", "-L", "-X", "-m", "--max-args", "--max-replace-args", "--max-lines", "--xargs"],
        "each job takes one argument of each source; several a job are not here, but by `:::+` and `{1} {2}`",
    ),
    (
        &["--results"],
        "that needs no option: outputs are kept in the work directory (-w), and `xqute status` and `xqute logs` show them",
    ),
    (&["--bar", "--eta"], "progress is shown on a terminal; `--progress always` shows it elsewhere too"),
    (
        &["--resume", "--resume-failed"],
        "run the same list again, or say `xqute resume`, and only what is left is run; with `--retry-failed` what failed, too",
    ),
    (
        &["--colsep", "--header"],
        "a line is one argument; several sources (`:::`, `::::`, `:::+`) are `{1}`, `{2}`",
    ),
    (
        &["--pipe", "--pipepart", "--block"],
        "standard input is not split: write parts to files (`split`), and name them behind `:::`",
    ),
    (&["--wd"], "the directory that the jobs run in is --cwd; -w is where the run keeps its files"),
    (&["--nice"], "put it into COMMAND: `xqute run nice -n 10 COMMAND`"),
    (
        &["--link", "--xapply"],
        "`:::+` goes along with the source before it: `xqute run echo {1} {2} ::: a b :::+ c d`",
    ),
    (
        &["--lb", "--line-buffer", "--linebuffer", "-u", "--ungroup", "--group"],
        "output is printed whole when a job ends; `xqute logs -f` follows those that run",
    ),
    (&["--shuf"], "shuffle the arguments: `shuf list | xqute run COMMAND`"),
    (&["-t", "--trace"], "`--dry-run` prints the commands; `--tag` tells whose a line is"),
    (
        &["-r", "--no-run-if-empty"],
        "leave it out: a COMMAND with `{}` runs once for each argument, and so not at all where there are none",
    ),
    (&["--sshlogin", "-S"], "jobs run on this machine; no other can be named yet"),
];

/// Words that only a shell reads as its own.
const SHELL: [&[u8]; 11] = [b"|", b"||", b"|&", b"&", b"&&", b";", b"<", b">", b">>", b"2>", b"2>&1"];

/// First words of a line that only a shell knows.
const BUILT_IN: [&str; 9] = ["cd", "export", "for", "while", "if", "source", "set", "unset", "ulimit"];

/// Long options that no other program is likely to have.
const OWN: [&str; 12] = [
    "retry-failed",
    "fresh",
    "keep-order",
    "no-print",
    "forks",
    "workdir",
    "num-retries",
    "error-strategy",
    "kill-grace",
    "prescript",
    "postscript",
    "memfree",
];

/// Tells what was meant by what clap does not know, where that can be said.
pub(crate) fn add(mut error: clap::Error, typed: &[OsString]) -> clap::Error {
    let hint = match error.kind() {
        ErrorKind::UnknownArgument if typed.get(1).is_some_and(|it| it == "run") => option(&error),
        // A verb that is near was meant.
        ErrorKind::InvalidSubcommand if error.get(ContextKind::SuggestedSubcommand).is_none() => {
            typed.get(1..).and_then(verb)
        }
        _ => None,
    };
    if let Some(hint) = hint {
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(hint)]));
    }
    error
}

fn option(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else { return None };
    let name = unknown.split('=').next().unwrap_or(unknown);
    let (_, here) = OPTIONS.iter().find(|(names, _)| names.contains(&name))?;
    Some(format!("{here} (see docs/coming-from.md)"))
}

/// Options may hold secrets: what has some is not said again.
fn verb(typed: &[OsString]) -> Option<String> {
    let is_option = |it: &OsString| it.as_bytes().starts_with(b"-");
    let (first, rest) = typed.split_first().filter(|(first, _)| !is_option(first))?;
    let line = if rest.iter().any(is_option) {
        format!("{} …", Argv::new([first]).ok()?)
    } else {
        Argv::new(typed).ok()?.to_string()
    };
    Some(format!("did you mean `xqute run {line}`?"))
}

/// What to say of a command in which a word stands that a shell would read as its own, and none will.
pub(crate) fn unread<W: AsRef<OsStr>>(words: &[W]) -> Option<String> {
    let bytes = || words.iter().map(|it| it.as_ref().as_bytes());
    // `find … -exec … ;` wants it.
    let executes = bytes().any(|it| it.starts_with(b"-exec") || it.starts_with(b"-ok"));
    let word = bytes().find(|it| SHELL.contains(it) && !(executes && *it == b";"))?;
    Some(as_it_is(&String::from_utf8_lossy(word)))
}

/// The same of a line that was split into words: where it is quoted, it was meant.
pub(crate) fn unread_line(line: &OsStr, words: &[OsString]) -> Option<String> {
    let bare: Vec<&OsStr> = line.as_bytes().split(u8::is_ascii_whitespace).map(OsStr::from_bytes).collect();
    unread(words).filter(|_| unread(&bare).is_some()).or_else(|| built_in(words)).or_else(|| unexpanded(line))
}

/// Of a line whose first word no program has for a name.
fn built_in(words: &[OsString]) -> Option<String> {
    let first = words.first()?.to_str()?;
    let is_name = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    let assigns = first.split_once('=').is_some_and(|(name, _)| is_name(name));
    // The value may be a secret.
    let shown = first.split_once('=').filter(|_| assigns).map(|(name, _)| format!("{name}=…"));
    (assigns || BUILT_IN.contains(&first)).then(|| {
        let word = shown.unwrap_or_else(|| first.to_owned());
        format!("`{word}` is taken for a program, as no shell reads it: use --shell where one is to")
    })
}

/// Of a line with a pattern or a variable outside of quotes.
fn unexpanded(line: &OsStr) -> Option<String> {
    let (mut quote, mut bytes) = (None, line.as_bytes().iter().copied().peekable());
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (None | Some(b'"'), b'\\') => drop(bytes.next()),
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'*') => return Some(as_it_is("*")),
            (None | Some(b'"'), b'$')
                if bytes.peek().is_some_and(|it| it.is_ascii_alphabetic() || b"{(_".contains(it)) =>
            {
                return Some(as_it_is("$"));
            }
            _ => {}
        }
    }
    None
}

fn as_it_is(word: &str) -> String {
    format!("`{word}` is passed to the command as it is, as no shell reads it: use --shell where one is to")
}

/// What to say of an option that was typed behind COMMAND, so that the jobs get it.
pub(crate) fn misplaced(words: &[OsString]) -> Option<String> {
    let last = words.last()?.to_str()?;
    let name = last.split('=').next().and_then(|it| it.strip_prefix("--"))?;
    let as_argument = words[..words.len() - 1].iter().any(|it| it.as_bytes().starts_with(b":::"));
    let mut command = Args::command();
    command.build();
    let known = command
        .find_subcommand("run")
        .is_some_and(|run| run.get_arguments().any(|it| it.get_long() == Some(name)));
    // Many programs have a `--quiet`; these are nobody else's.
    let own = words.len() > 1 && (as_argument || OWN.contains(&name));
    (known && own).then(|| {
        format!("`--{name}` is an argument of the jobs there: options of xqute stand before COMMAND")
    })
}

/// What to say where a plugin is asked for that xqute has, and this binary has not.
pub(crate) fn not_built(error: &anyhow::Error) -> Option<String> {
    let selection = match error.downcast_ref() {
        Some(Error::Build(BuildError::Plugins(PluginError::Selection(it)))) => it,
        _ => match error.downcast_ref()? {
            PluginError::Selection(it) => it,
            _ => return None,
        },
    };
    let SelectionError::Unknown { name, .. } = selection else { return None };
    let build = |feature: &str| format!("`cargo install --path xqute-cli --features {feature}`");
    let how = features(name)?.iter().map(|feature| build(feature)).collect::<Vec<_>>().join(" or ");
    Some(format!("; xqute has `{name}`, but this program was built without it: {how} builds one that has it"))
}

/// The features, of which each brings a plugin of xqute that is not in every binary.
pub(crate) fn features(plugin: &str) -> Option<&'static [&'static str]> {
    Some(match plugin {
        "database" => &["sqlite", "postgres"],
        "email" => &["email"],
        "slack" => &["slack"],
        "webhook" => &["webhook"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_was_left_out_is_no_unknown_one() {
        let unknown = |name: &str| SelectionError::Unknown {
            name: name.to_owned(),
            suggestion: None,
            linked: vec!["log".to_owned()],
        };
        // As `xqute plugins` meets it, and as `xqute run` does.
        let told = |name| not_built(&PluginError::from(unknown(name)).into());
        let in_a_run = Error::from(BuildError::from(PluginError::from(unknown("webhook"))));
        assert_eq!(told("webhook"), not_built(&in_a_run.into()));
        assert!(told("webhook").unwrap().contains("`cargo install --path xqute-cli --features webhook`"));
        let database = told("database").unwrap();
        assert!(database.contains("--features sqlite`") && database.contains("--features postgres`"));
        assert_eq!(told("lgo"), None);
    }

    #[test]
    fn a_word_alone_is_a_shells_and_in_a_text_it_is_not() {
        assert!(unread(&["a", "|", "b"]).unwrap().starts_with("`|` is passed"));
        assert!(unread(&["test", "1", ">", "2"]).is_some());
        assert_eq!(unread(&["sh", "-c", "a | b", "a;"]), None);
        assert_eq!(unread(&["find", ".", "-exec", "ls", "{}", ";"]), None);
        let line = |line: &str| unread_line(line.as_ref(), Argv::parse(line).unwrap().words());
        assert!(line("a  | b").is_some() && line("a ' | ' b").is_none() && line("a '|' b").is_none());
        for noted in ["A=1 b", "cd x", "for i in 1 2", "ls *.c", "echo $HOME", "echo \"${A}\"", "echo \"a\"*"]
        {
            assert!(line(noted).is_some(), "{noted}");
        }
        for meant in
            ["echo '*' \"*\" \\*", "echo '$HOME' \\$HOME", "echo a=1 cd", "grep a$ x", "a/cd", "echo $5"]
        {
            assert_eq!(line(meant), None, "{meant}");
        }
        assert!(!line("TOKEN=hidden x").unwrap().contains("hidden"));
        assert!(unread(&["find", ".", "-exec", "ls", ";", ">", "x"]).unwrap().starts_with("`>`"));
    }
}
