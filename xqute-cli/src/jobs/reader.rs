//! Who reads a word of a command as more than a text? A shell behind `-c`, and some of a shell's own commands.
//!
//! An argument that is filled in there would be run, as code, as a name or as arithmetic, which in bash runs commands:
//! `a[$(…)]`. What is not known to be so is let through: this guards against arguments, not against who writes COMMAND.

/// Shells, by the last part of their names.
const SHELLS: [&[u8]; 8] = [b"sh", b"bash", b"dash", b"ash", b"ksh", b"mksh", b"zsh", b"fish"];
/// After these words another command begins.
const BEFORE: [&[u8]; 14] = [
    b"if", b"then", b"else", b"elif", b"while", b"until", b"do", b"!", b"{", b"time", b"command", b"builtin",
    b"exec", b"coproc",
];
/// Of these every argument is a name, arithmetic, or code.
const EVALUATE: [&[u8]; 9] =
    [b"let", b"eval", b"trap", b"unset", b"read", b"getopts", b"mapfile", b"readarray", b"alias"];
/// Of these what stands before a `=`, and with some options what follows it.
const DECLARE: [&[u8]; 5] = [b"declare", b"typeset", b"local", b"export", b"readonly"];
/// Within `[[ … ]]` what stands beside these is arithmetic, or a name.
const COMPARE: [&[u8]; 8] = [b"-eq", b"-ne", b"-lt", b"-le", b"-gt", b"-ge", b"-v", b"-R"];

const CODE: &str = "in the text behind `-c` of a shell, which would run it as code";
const ARGUMENT: &str = "as an argument of `let`, `eval`, `read`, `unset` or another command that reads more than a text in it, and might run it";
const DECLARED: &str =
    "in the name, or behind an option, of `declare`, `export` or the like, which might run it";
const NAME: &str = "as the name behind `-v`, in which the shell might run a part";
const COMPARED: &str =
    "in `[[ … ]]` beside `-eq`, `-lt`, `-v` or the like, which evaluate it, and might run it";
const SUBSCRIPT: &str = "in the `[…]` behind a name, which is evaluated, and might be run";

pub(super) fn is_shell(word: &[u8]) -> bool {
    word.rsplit(|it| *it == b'/').next().is_some_and(|name| SHELLS.contains(&name))
}

/// Looks in the words of a command for a shell that is given code.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Called {
    #[default]
    No,
    /// A shell was named: its options follow, and one may have been `-c`.
    Shell { code: bool, skip: bool },
}

impl Called {
    /// Whether the next word, of which this is the beginning, is code.
    pub(super) fn is_code(self, word: &[u8]) -> bool {
        matches!(self, Self::Shell { code: true, skip: false }) && !word.starts_with(b"-")
    }

    pub(super) fn next(&mut self, word: &[u8]) {
        *self = match *self {
            Self::Shell { code, skip: true } => Self::Shell { code, skip: false },
            Self::Shell { code, .. } if word.starts_with(b"-") || word.starts_with(b"+") => {
                let long = word.starts_with(b"--");
                let code = code || (!long && word.starts_with(b"-") && word.contains(&b'c'));
                let skip = matches!(word, b"--rcfile" | b"--init-file")
                    || (!long && word.last().is_some_and(|it| b"oO".contains(it)));
                Self::Shell { code, skip }
            }
            _ if is_shell(word) => Self::Shell { code: false, skip: false },
            _ => Self::No,
        };
    }
}

/// A command of a shell's text, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Command {
    /// The word that says what is run.
    name: Option<Vec<u8>>,
    /// The word that is being read, without its quotes.
    word: Option<Vec<u8>>,
    called: Called,
    /// The next word is the file of a redirection.
    to_file: bool,
    /// An option stood there with which an argument is a name, or is evaluated.
    risky: bool,
    /// Behind a name, a `[` is open.
    subscript: bool,
    /// Within `[[ … ]]`.
    has_place: bool,
    compares: bool,
    /// How many `case` have no `esac` yet: a `)` ends their patterns.
    pub(super) cases: usize,
}

impl Command {
    /// Reads a byte. Returns why a place that was read before is none.
    pub(super) fn read(&mut self, byte: u8, quoted: bool) -> Option<&'static str> {
        let after_redirection = self.word.as_ref().is_some_and(|it| it.ends_with(b">") || it.ends_with(b"<"));
        match byte {
            _ if quoted => {}
            b' ' | b'\t' => return self.end_word(),
            b'&' if after_redirection => {}
            b'\n' | b';' | b'|' | b'&' | b'`' => return self.end(),
            b'[' => self.subscript |= self.word.as_deref().is_some_and(is_name),
            b']' => self.subscript = false,
            _ => {}
        }
        self.word.get_or_insert_default().push(byte);
        None
    }

    /// A quote begins, and so a word, if none has.
    pub(super) fn quote(&mut self) {
        self.word.get_or_insert_default();
    }

    /// An argument is to be filled in. Returns why it must not be.
    pub(super) fn place(&mut self) -> Option<&'static str> {
        self.has_place = true;
        let word = self.word.get_or_insert_default();
        let redirects = self.to_file || is_redirection(word);
        let name = self.name.as_deref().unwrap_or_default();
        match () {
            () if self.subscript => Some(SUBSCRIPT),
            () if redirects => None,
            () if self.called.is_code(word) => Some(CODE),
            () if EVALUATE.contains(&name) => Some(ARGUMENT),
            () if DECLARE.contains(&name) && (self.risky || !word.contains(&b'=')) => Some(DECLARED),
            () if matches!(name, b"test" | b"[" | b"printf") && self.risky => Some(NAME),
            () if self.compares => Some(COMPARED),
            () => None,
        }
    }

    pub(super) fn is_test(&self) -> bool {
        self.name.as_deref() == Some(b"[[")
    }

    pub(super) fn is_case(&self) -> bool {
        self.cases > 0
    }

    /// Whether it reads more than texts.
    pub(super) fn evaluates(&self) -> bool {
        self.name.as_deref().is_some_and(|it| EVALUATE.contains(&it) || DECLARE.contains(&it))
    }

    /// A command ends; within `[[ … ]]` what ends others does not.
    pub(super) fn end(&mut self) -> Option<&'static str> {
        let late = self.end_word();
        if !self.is_test() {
            *self = Self { cases: self.cases, ..Self::default() };
        }
        late
    }

    fn end_word(&mut self) -> Option<&'static str> {
        let word = self.word.take()?;
        if std::mem::take(&mut self.to_file) {
            return None;
        }
        if is_redirection(&word) {
            self.to_file = word.ends_with(b">") || word.ends_with(b"<") || word.ends_with(b"|");
            return None;
        }
        self.called.next(&word);
        let Some(name) = &self.name else {
            match &word[..] {
                b"case" => self.cases += 1,
                b"esac" => self.cases = self.cases.saturating_sub(1),
                _ => {}
            }
            // A variable may be empty, and then the next word is what is run.
            if !BEFORE.contains(&&word[..]) && !is_assignment(&word) && !word.starts_with(b"$") {
                self.name = Some(word);
            }
            return None;
        };
        if name == b"[[" {
            if word == b"]]" {
                *self = Self { cases: self.cases, name: Some(word), ..Self::default() };
                return None;
            }
            self.compares |= COMPARE.contains(&&word[..]);
            return (self.compares && self.has_place).then_some(COMPARED);
        }
        self.risky |= match &name[..] {
            // Of an integer's value, or a reference's, something is run.
            name if DECLARE.contains(&name) => {
                word.starts_with(b"-") && word[1..].iter().any(|it| !b"rxgp".contains(it))
            }
            b"printf" | b"test" | b"[" => matches!(&word[..], b"-v" | b"-R") || word.starts_with(b"-v"),
            _ => false,
        };
        None
    }
}

fn is_name(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|it| it.is_ascii_alphanumeric() || *it == b'_')
}

fn is_assignment(word: &[u8]) -> bool {
    let at = word.iter().position(|it| b"=[+".contains(it));
    at.is_some_and(|at| is_name(&word[..at]))
}

/// `>`, `2>`, `<file`, `&>` but for its `&`.
fn is_redirection(word: &[u8]) -> bool {
    let at = word.iter().take_while(|it| it.is_ascii_digit()).count();
    matches!(word.get(at), Some(b'<' | b'>'))
}
