//! In which quotes does a place of a shell's text stand?

/// In which quotes a place of a shell's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    None,
    Single,
    Double,
}

/// The quotes of a shell's text, as far as it was read.
#[derive(Debug)]
pub(super) struct Quoting {
    /// The innermost at the end: parentheses, those of `$(…)` too, begin quotes of their own.
    quotes: Vec<Quote>,
    last: u8,
    /// The text so far ends with a backslash that takes the next byte's meaning.
    escaped: bool,
    /// Why it cannot be told in which quotes what follows stands.
    unclear: Option<&'static str>,
}

impl Quoting {
    pub(super) fn new() -> Self {
        Self { quotes: vec![Quote::None], last: b'\n', escaped: false, unclear: None }
    }

    pub(super) fn quote(&self) -> Quote {
        self.quotes.last().copied().unwrap_or(Quote::None)
    }

    fn turn(&mut self, quote: Quote) {
        if let Some(innermost) = self.quotes.last_mut() {
            *innermost = quote;
        }
    }

    /// Reads some more text. A byte behind a backslash opens and closes nothing.
    pub(super) fn read(&mut self, text: &[u8]) {
        for &byte in text {
            let (escaped, last) = (self.escaped, self.last);
            (self.escaped, self.last) = (byte == b'\\' && !escaped && self.quote() != Quote::Single, byte);
            if escaped {
                continue;
            }
            match (self.quote(), byte) {
                (Quote::None, b'\'') if last == b'$' => self.unclear = Some("`$'…'`"),
                (Quote::None, b'\'') => self.turn(Quote::Single),
                (Quote::None, b'"') => self.turn(Quote::Double),
                (Quote::Single, b'\'') | (Quote::Double, b'"') => self.turn(Quote::None),
                (Quote::None, b'(') => self.quotes.push(Quote::None),
                (Quote::Double, b'(') if last == b'$' => self.quotes.push(Quote::None),
                (Quote::None, b')') if self.quotes.len() > 1 => drop(self.quotes.pop()),
                (Quote::Double, b'`') => self.unclear = Some("backticks within double quotes"),
                (Quote::None, b'<') if last == b'<' => self.unclear = Some("a here-document"),
                (Quote::None, b'#') if last.is_ascii_whitespace() || last == b';' => {
                    self.unclear = Some("a comment");
                }
                _ => {}
            }
        }
    }

    /// Why an argument has no place here.
    pub(super) fn unclear(&self) -> Option<&'static str> {
        let dollar = self.last == b'$' && self.quote() != Quote::Single;
        self.unclear.or(dollar.then_some("a `$`"))
    }

    /// What is filled in is quoted in any case: a backslash before it would only take the quote's meaning.
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
