//! What becomes of a COMMAND when its arguments are filled in? GNU parallel's replacement strings.
//!
//! The COMMAND is read once, here; what is filled in is never read again. Without a shell a value goes into the words of an
//! argument vector. With one it is a positional parameter, and only `"${1}"` stands in the text: whatever it holds, the shell
//! never reads it as its own.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use anyhow::{Result, anyhow, bail};

use super::quoting::Quoting;
use super::reader::{Called, is_shell};
use crate::options::{self, Shell};

/// A COMMAND with places for arguments.
#[derive(Debug)]
pub(crate) struct Template {
    words: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    /// `{}`, or `{N}`: the argument of source N, counted from 1, else of each source; in some form.
    Value {
        of: Option<usize>,
        form: Form,
    },
    /// `{#}`: the number of the job, counted from 1.
    Number,
}

/// Which part of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `{}`
    Whole,
    /// `{.}`: without its extension.
    Stem,
    /// `{/}`: what follows the last `/`.
    Base,
    /// `{//}`: its directory.
    Dir,
    /// `{/.}`: the last part without its extension.
    BaseStem,
}

const FORMS: [(&[u8], Form); 5] =
    [(b"", Form::Whole), (b".", Form::Stem), (b"/", Form::Base), (b"//", Form::Dir), (b"/.", Form::BaseStem)];

impl Template {
    pub(crate) fn new(words: &[OsString]) -> Self {
        Self { words: words.iter().map(|word| pieces(word.as_bytes())).collect() }
    }

    /// Whether an argument has a place in it.
    pub(crate) fn has_places(&self) -> bool {
        self.words.iter().flatten().any(|piece| matches!(piece, Piece::Value { .. }))
    }

    /// Whether anything is filled in, be it the number alone.
    fn has_strings(&self) -> bool {
        self.words.iter().flatten().any(|piece| !matches!(piece, Piece::Text(_)))
    }

    /// Where there is no replacement string, the arguments follow at the end.
    pub(crate) fn with_places(mut self) -> Self {
        if !self.has_strings() {
            self.words.push(vec![Piece::Value { of: None, form: Form::Whole }]);
        }
        self
    }

    /// An error, if it has a replacement string of GNU parallel that is not here: it would be passed as it is.
    pub(crate) fn check_known(&self, place: &str) -> Result<()> {
        let mut texts = self.words.iter().flatten().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text),
            _ => None,
        });
        if let Some(unknown) = texts.find_map(|text| unknown(text)) {
            bail!(
                "`{}` in {place} is no replacement string here: there are {{}} {{.}} {{/}} {{//}} {{/.}} {{#}}, and with the number of a source {{1}} {{2.}} {{2/}} and so on",
                String::from_utf8_lossy(unknown)
            );
        }
        Ok(())
    }

    /// An error, if it asks for more arguments than there are.
    pub(crate) fn check(&self, sources: usize, place: &str) -> Result<()> {
        for piece in self.words.iter().flatten() {
            if let Piece::Value { of: Some(number), .. } = piece
                && *number > sources
            {
                bail!(
                    "`{{{number}}}` in {place} asks for argument {number} of each job, but each has {sources}: give another `:::`, or write the smaller number"
                );
            }
        }
        Ok(())
    }

    /// An error, if it is a text for a shell in which an argument has no clear place.
    pub(crate) fn check_shell(&self) -> Result<()> {
        let mut quoting = Quoting::new();
        for pieces in &self.words {
            quoting.read(b" ");
            for piece in pieces {
                match piece {
                    Piece::Text(bytes) => quoting.read(bytes),
                    Piece::Number => quoting.unescape(&mut Vec::new()),
                    Piece::Value { .. } => {
                        if let Some(what) = quoting.place() {
                            return Err(no_place(what));
                        }
                        quoting.unescape(&mut Vec::new());
                    }
                }
            }
        }
        quoting.end().map_or(Ok(()), |what| Err(no_place(what)))
    }

    /// An error, if without a shell an argument becomes a part of the code of one. Where it is all of the code, that was meant.
    pub(crate) fn check_code(&self) -> Result<()> {
        let (mut called, mut shell) = (Called::No, String::new());
        for pieces in &self.words {
            let text = match &pieces[..] {
                [Piece::Text(text)] => &text[..],
                [Piece::Value { .. }] => b"",
                [Piece::Text(text), ..] if !called.is_code(text) => text,
                pieces if called.is_code(b"") => {
                    if !pieces.iter().any(|it| matches!(it, Piece::Value { .. })) {
                        return Ok(());
                    }
                    // Another shell than these is none for --shell.
                    let named = if options::shell(&shell).is_ok() { &*shell } else { "bash" };
                    bail!(
                        "`{shell}` would run what is filled in as code: write `xqute run --shell={named} 'TEXT'`, in which an argument stays a text, or `{shell} -c 'TEXT' _ {{}}` with `\"$1\"` in TEXT"
                    );
                }
                _ => b"",
            };
            if is_shell(text) {
                shell = String::from_utf8_lossy(text).into_owned();
            }
            called.next(text);
        }
        Ok(())
    }

    /// The words of a job. A word that is `{}` alone becomes one for each argument.
    pub(crate) fn fill(&self, number: usize, args: &[OsString]) -> Vec<OsString> {
        let mut words = Vec::with_capacity(self.words.len() + 1);
        for pieces in &self.words {
            match &pieces[..] {
                [Piece::Value { of: None, form }] => {
                    words.extend(args.iter().map(|arg| OsString::from_vec(form.of(arg.as_bytes()).to_vec())));
                }
                pieces => words.push(word(pieces, number, args)),
            }
        }
        words
    }

    /// The same as a text for `sh`, and the parameters that it names.
    pub(crate) fn fill_shell(&self, by: &Shell, number: usize, args: &[OsString]) -> Vec<OsString> {
        let (mut text, mut values) = (Vec::new(), Vec::new());
        let mut quoting = Quoting::new();
        for (at, pieces) in self.words.iter().enumerate() {
            if at > 0 {
                quoting.read(b" ");
                text.push(b' ');
            }
            for piece in pieces {
                match piece {
                    Piece::Text(bytes) => {
                        quoting.read(bytes);
                        text.extend_from_slice(bytes);
                    }
                    Piece::Number => {
                        quoting.unescape(&mut text);
                        text.extend_from_slice(number.to_string().as_bytes());
                    }
                    Piece::Value { of, form } => {
                        quoting.unescape(&mut text);
                        for (nth, arg) in chosen(*of, args).iter().enumerate() {
                            if nth > 0 {
                                text.push(b' ');
                            }
                            values.push(OsString::from_vec(form.of(arg.as_bytes()).to_vec()));
                            quoting.quote().name(&mut text, values.len());
                        }
                    }
                }
            }
        }
        let mut words = by.words(OsString::from_vec(text));
        if !values.is_empty() {
            words.push(words[0].clone());
            words.append(&mut values);
        }
        words
    }
}

fn no_place(what: &str) -> anyhow::Error {
    anyhow!(
        "with --shell no argument can be filled in {what}: leave that out, or put the text into a script, in which it is `$1`, and run `bash SCRIPT {{}}`"
    )
}

fn word(pieces: &[Piece], number: usize, args: &[OsString]) -> OsString {
    let mut word = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(bytes) => word.extend_from_slice(bytes),
            Piece::Number => word.extend_from_slice(number.to_string().as_bytes()),
            Piece::Value { of, form } => {
                for (nth, arg) in chosen(*of, args).iter().enumerate() {
                    if nth > 0 {
                        word.push(b' ');
                    }
                    word.extend_from_slice(form.of(arg.as_bytes()));
                }
            }
        }
    }
    OsString::from_vec(word)
}

fn chosen(of: Option<usize>, args: &[OsString]) -> &[OsString] {
    match of {
        None => args,
        Some(number) => args.get(number - 1..number).unwrap_or_default(),
    }
}

/// Finds the replacement strings of a word.
fn pieces(word: &[u8]) -> Vec<Piece> {
    let (mut found, mut text, mut rest) = (Vec::new(), Vec::new(), word);
    while let Some((&first, after)) = rest.split_first() {
        if let Some((piece, length)) = place(rest) {
            if !text.is_empty() {
                found.push(Piece::Text(std::mem::take(&mut text)));
            }
            found.push(piece);
            rest = &rest[length..];
        } else {
            text.push(first);
            rest = after;
        }
    }
    if !text.is_empty() || found.is_empty() {
        found.push(Piece::Text(text));
    }
    found
}

/// The replacement string that a text begins with, and its length.
fn place(text: &[u8]) -> Option<(Piece, usize)> {
    let inner = text.strip_prefix(b"{")?;
    let length = inner.iter().position(|byte| *byte == b'}')?;
    let inner = &inner[..length];
    let piece = if inner == b"#" {
        Piece::Number
    } else {
        let digits = inner.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, form) = inner.split_at(digits);
        let form = FORMS.iter().find(|(name, _)| *name == form)?.1;
        let of = match number {
            [] => None,
            // `{0}` is none, and a number too large for one neither.
            digits => Some(std::str::from_utf8(digits).ok()?.parse().ok().filter(|it| *it > 0)?),
        };
        Piece::Value { of, form }
    };
    Some((piece, length + 2))
}

/// What looks like a replacement string of GNU parallel: `{%}`, `{..}`, `{+/}`, `{-1}`, `{2/..}`, `{= … =}`. Other braces are text.
fn unknown(text: &[u8]) -> Option<&[u8]> {
    let starts = (0..text.len()).filter(|at| text[*at] == b'{' && (*at == 0 || text[at - 1] != b'$'));
    starts.into_iter().find_map(|at| {
        let end = at + text[at..].iter().position(|byte| *byte == b'}')?;
        let inner = &text[at + 1..end];
        let bare = inner.strip_prefix(b"-").unwrap_or(inner);
        let form = bare.trim_ascii_start();
        let form = &form[form.iter().take_while(|it| it.is_ascii_digit()).count()..];
        let is_form =
            form.iter().any(|it| b"./%".contains(it)) && form.iter().all(|it| b"./+%#".contains(it));
        let from_end = bare.len() < inner.len() && form.is_empty() && !bare.is_empty();
        let perl = inner.len() > 1 && inner.starts_with(b"=") && inner.ends_with(b"=");
        // `{0}` and `{0.}` are none of GNU parallel's.
        let zero = bare.len() == inner.len() && bare.starts_with(b"0");
        ((is_form && !zero) || from_end || perl).then(|| &text[at..=end])
    })
}

impl Form {
    fn of(self, arg: &[u8]) -> &[u8] {
        match self {
            Self::Whole => arg,
            Self::Stem => stem(arg),
            Self::Base => base(arg),
            Self::Dir => dir(arg),
            Self::BaseStem => stem(base(arg)),
        }
    }
}

fn base(arg: &[u8]) -> &[u8] {
    arg.rsplit(|byte| *byte == b'/').next().unwrap_or(arg)
}

/// Without the last `.` of the last part and what follows it, if something does.
fn stem(arg: &[u8]) -> &[u8] {
    match arg.iter().rposition(|byte| matches!(byte, b'.' | b'/')) {
        Some(at) if arg[at] == b'.' && at + 1 < arg.len() => &arg[..at],
        _ => arg,
    }
}

/// As `dirname` has it: slashes at the end do not count.
fn dir(arg: &[u8]) -> &[u8] {
    let bare = trimmed(arg);
    if bare.is_empty() {
        return if arg.is_empty() { b"." } else { b"/" };
    }
    match bare.iter().rposition(|byte| *byte == b'/') {
        None => b".",
        Some(at) => match trimmed(&bare[..at]) {
            [] => b"/",
            dir => dir,
        },
    }
}

fn trimmed(arg: &[u8]) -> &[u8] {
    let length = arg.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
    &arg[..length]
}

#[cfg(test)]
mod tests;
