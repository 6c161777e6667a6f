//! What is run? A program and its arguments, as bytes that no shell reads.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;

use thiserror::Error;

/// A command that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArgvError {
    /// There is no word at all.
    #[error("the command is empty: its first word is the program to run")]
    Empty,
    /// An argument has a NUL byte in it, which no program can be given.
    #[error("argument {position} of the command has a NUL byte in it: no program can be given one")]
    Nul {
        /// The argument; 0 is the program.
        position: usize,
    },
    /// A line with a quote that is not closed, or a backslash at its end.
    #[error("the command line has a quote that is not closed, or ends with a backslash: {line}")]
    Quote {
        /// The line.
        line: String,
    },
}

/// A program and its arguments: any bytes but NUL. Cheap to clone.
///
/// ```
/// # use xqute_core as xqute;
/// use xqute::Argv;
/// let argv = Argv::new(["echo", "it's 5 o'clock"]).unwrap();
/// assert_eq!(argv.to_string(), r#"echo "it's 5 o'clock""#);
/// assert_eq!(argv, Argv::parse(r#"echo "it's 5 o'clock""#).unwrap());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Argv(Arc<[OsString]>);

impl Argv {
    /// From words.
    ///
    /// # Errors
    ///
    /// There is no word, or one has a NUL byte.
    pub fn new<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Result<Self, ArgvError> {
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        if words.is_empty() {
            return Err(ArgvError::Empty);
        }
        match words.iter().position(|word| word.as_bytes().contains(&0)) {
            Some(position) => Err(ArgvError::Nul { position }),
            None => Ok(Self(words.into())),
        }
    }

    /// From a line, split into words as a POSIX shell splits one. Nothing is expanded or run.
    ///
    /// # Errors
    ///
    /// The line has no word, a NUL byte, or a quote that is not closed.
    pub fn parse(line: impl AsRef<OsStr>) -> Result<Self, ArgvError> {
        let line = line.as_ref();
        let mut words = shlex::bytes::Shlex::new(line.as_bytes());
        let split: Vec<OsString> = words.by_ref().map(OsString::from_vec).collect();
        if words.had_error {
            return Err(ArgvError::Quote { line: line.to_string_lossy().into_owned() });
        }
        Self::new(split)
    }

    /// The program: a path, or a name that is looked for in `PATH`.
    #[must_use]
    pub fn program(&self) -> &OsStr {
        &self.0[0]
    }

    /// The words after the program.
    #[must_use]
    pub fn args(&self) -> &[OsString] {
        &self.0[1..]
    }

    /// All words.
    #[must_use]
    pub fn words(&self) -> &[OsString] {
        &self.0
    }
}

/// One line that a shell would split into the same words; bytes that are no text are replaced.
impl fmt::Display for Argv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.0.iter().enumerate() {
            let gap = if at == 0 { "" } else { " " };
            // The words have no NUL, which is all that can fail.
            let quoted = shlex::bytes::try_quote(word.as_bytes()).unwrap_or_default();
            write!(f, "{gap}{}", String::from_utf8_lossy(&quoted))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Argv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_command_is_told() {
        assert_eq!(Argv::new(Vec::<String>::new()), Err(ArgvError::Empty));
        assert_eq!(Argv::parse("  # only a comment"), Err(ArgvError::Empty));
        assert_eq!(Argv::new(["echo", "a\0b"]), Err(ArgvError::Nul { position: 1 }));
        assert!(matches!(Argv::parse("echo 'a"), Err(ArgvError::Quote { .. })));
    }

    proptest! {
        #[test]
        fn any_text_survives_being_written_and_split(words in proptest::collection::vec("[^\0]*", 1..5)) {
            let argv = Argv::new(words).unwrap();
            prop_assert_eq!(Argv::parse(argv.to_string()).unwrap(), argv);
        }
    }
}
