//! In which quotes does a place of a shell's text stand, and is it one where an argument stays a text?

use super::reader::Command;

/// In which quotes a place of a shell's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    None,
    Single,
    Double,
}

/// What parentheses, those of `$(…)` too, have in them.
#[derive(Debug)]
struct Level {
    quote: Quote,
    inside: Inside,
    /// How many `${` are open.
    braces: usize,
    command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Commands,
    /// `((…))`, in which the shell reads names, and runs what stands in `[…]` behind one.
    Arithmetic,
    /// A part of `[[ … ]]`.
    Test,
}

impl Level {
    fn new(inside: Inside) -> Self {
        Self { quote: Quote::None, inside, braces: 0, command: Command::default() }
    }
}

const ARITHMETIC: &str = "in arithmetic, `((…))`, which evaluates it, and might run it";

/// The quotes of a shell's text, as far as it was read.
#[derive(Debug)]
pub(super) struct Quoting {
    /// The innermost at the end; never empty.
    levels: Vec<Level>,
    last: u8,
    /// The text so far ends with a backslash that takes the next byte's meaning.
    escaped: bool,
    /// One `)` of two that end arithmetic was read.
    closing: bool,
    /// Why it cannot be told in which quotes what follows stands.
    unclear: Option<&'static str>,
    /// What a place turned out to be by what stands behind it.
    late: Option<&'static str>,
}

impl Quoting {
    pub(super) fn new() -> Self {
        let levels = vec![Level::new(Inside::Commands)];
        Self { levels, last: b'\n', escaped: false, closing: false, unclear: None, late: None }
    }

    pub(super) fn quote(&self) -> Quote {
        self.levels.last().map_or(Quote::None, |it| it.quote)
    }

    /// Reads some more text. A byte behind a backslash opens and closes nothing.
    pub(super) fn read(&mut self, text: &[u8]) {
        for &byte in text {
            let (escaped, last) = (self.escaped, self.last);
            (self.escaped, self.last) = (byte == b'\\' && !escaped && self.quote() != Quote::Single, byte);
            if std::mem::take(&mut self.closing) && byte != b')' {
                self.unclear = Some("behind arithmetic, `((…))`, whose end is not clear");
            }
            if escaped {
                // A line that goes on.
                if let Some(level) = self.levels.last_mut().filter(|_| byte != b'\n') {
                    self.late = self.late.or(level.command.read(byte, true));
                }
            } else if !self.escaped {
                self.byte(byte, last);
            }
        }
    }

    fn byte(&mut self, byte: u8, last: u8) {
        let Some(level) = self.levels.last_mut() else { return };
        let (quote, braces) = (level.quote, level.braces);
        match (quote, byte) {
            (Quote::None, b'\'') if last == b'$' => self.unclear = Some("behind `$'…'`"),
            (Quote::None | Quote::Double, b'\'' | b'"') if braces > 0 => {
                self.unclear = Some("behind quotes within `${…}`");
            }
            (Quote::None, b'\'' | b'"') => {
                level.quote = if byte == b'"' { Quote::Double } else { Quote::Single };
                level.command.quote();
                return;
            }
            (Quote::Single, b'\'') | (Quote::Double, b'"') => {
                level.quote = Quote::None;
                return;
            }
            (Quote::None | Quote::Double, b'{') if last == b'$' => level.braces += 1,
            (Quote::None | Quote::Double, b'}') if braces > 0 => level.braces -= 1,
            (Quote::None | Quote::Double, b'[') if last == b'$' => self.unclear = Some("behind `$[`"),
            (Quote::None, b'(') | (Quote::Double, b'(') if quote == Quote::None || last == b'$' => {
                return self.open(last);
            }
            (Quote::None, b')') => return self.close(),
            (Quote::Double, b'`') => self.unclear = Some("behind backticks within double quotes"),
            (Quote::None, b'`') if level.command.evaluates() => self.unclear = Some("behind these backticks"),
            (Quote::None, b'<') if last == b'<' => self.unclear = Some("behind a here-document"),
            (Quote::None, b'#') if last.is_ascii_whitespace() || last == b';' => {
                self.unclear = Some("behind a comment");
            }
            _ => {}
        }
        if let Some(level) = self.levels.last_mut() {
            let quoted = quote != Quote::None || braces > 0;
            self.late = self.late.or(level.command.read(byte, quoted));
        }
    }

    fn open(&mut self, last: u8) {
        let Some(level) = self.levels.last_mut() else { return };
        let bare = !b"$<>".contains(&last);
        if bare && level.command.is_case() {
            // The parenthesis before a pattern, or a subshell: what `)` ends cannot be told apart, nor need it be.
            self.unclear = self.unclear.or((last == b'(').then_some(ARITHMETIC));
            self.late = self.late.or(level.command.end());
            return;
        }
        let inside = match level.inside {
            _ if last == b'(' => Inside::Arithmetic,
            _ if bare && level.command.is_test() => Inside::Test,
            Inside::Test if bare => Inside::Test,
            _ => Inside::Commands,
        };
        level.command.quote();
        self.levels.push(Level::new(inside));
    }

    fn close(&mut self) {
        let Some(level) = self.levels.last_mut() else { return };
        self.late = self.late.or(level.command.end());
        if self.levels.len() > 1 && !self.levels.last().is_some_and(|it| it.command.is_case()) {
            self.closing = self.levels.pop().is_some_and(|it| it.inside == Inside::Arithmetic);
        }
    }

    /// Why an argument has no place here. What is filled in is quoted in any case: a backslash before it would only take the
    /// quote's meaning, and is removed by [`Self::unescape`].
    pub(super) fn place(&mut self) -> Option<&'static str> {
        let dollar = self.last == b'$' && self.quote() != Quote::Single;
        let inside = |it: &Level| match it.inside {
            _ if it.braces > 0 => Some("within `${…}`, which may evaluate it, and run it"),
            Inside::Arithmetic => Some(ARITHMETIC),
            Inside::Test => Some("in parentheses within `[[ … ]]`"),
            Inside::Commands => None,
        };
        let why = self.unclear.or(dollar.then_some("behind a `$`")).or(self.levels.iter().find_map(inside));
        why.or_else(|| self.levels.last_mut()?.command.place())
    }

    /// The text has ended. Why an argument had no place somewhere in it.
    pub(super) fn end(mut self) -> Option<&'static str> {
        let late = self.levels.last_mut().and_then(|it| it.command.end());
        self.late.or(late)
    }

    pub(super) fn unescape(&mut self, text: &mut Vec<u8>) {
        if std::mem::take(&mut self.escaped) {
            text.pop();
        }
        self.last = b'}';
    }
}

impl Quote {
    /// Adds a parameter, so that it is one word, or a part of one, and nothing in it is read by the shell.
    pub(super) fn name(self, text: &mut Vec<u8>, number: usize) {
        let (before, after) = match self {
            Self::None => ("\"", "\""),
            Self::Single => ("'\"", "\"'"),
            Self::Double => ("", ""),
        };
        text.extend_from_slice(format!("{before}${{{number}}}{after}").as_bytes());
    }
}
