//! Where is a secret? Configuration says that, and never what it is.

use std::fmt;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// What a configuration has in a secret's place. It is told without what stands there.
const NO_PLACE: &str = "a secret does not stand in a configuration: say where it is, as `{ env = 'NAME' }`, \
                        `{ file = '/a/path' }` or `{ command = ['PROGRAM', 'ARGUMENT'] }`";

/// Where a plugin finds a secret, such as a password: a type for its configuration. [`Run::reveal`](super::Run::reveal) fetches it.
///
/// In a configuration it is a table of one key; a secret that is written there itself is an error, which does not show it:
///
/// ```toml
/// password = { env = "MAIL_PASSWORD" }            # an environment variable, which no job sees
/// password = { file = "/home/me/.mail-password" } # a file that nobody else may read
/// password = { command = ["pass", "show", "x"] }  # what a program prints; no shell reads the words
/// ```
///
/// Nothing shows a secret: `Debug`, `Display` and `Serialize` give the place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// The environment variable of this name. Jobs do not have it, and neither do those that name it for a job of theirs.
    Env(String),
    /// This file, which belongs to the user or to root, and which nobody else may read: its text without the ends of lines behind it.
    File(PathBuf),
    /// What this program prints, without the ends of lines behind it: the program, and its arguments. It has 30 seconds, and no
    /// standard input. If it fails, the end of what it said on standard error is told: it must not say the secret there (`set -x` does).
    Command(Vec<String>),
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let place = match Value::deserialize(deserializer)? {
            Value::Object(table) => Self::read(table),
            _ => None,
        };
        place.ok_or_else(|| D::Error::custom(NO_PLACE))
    }
}

impl Secret {
    fn read(table: Map<String, Value>) -> Option<Self> {
        let mut keys = table.into_iter();
        let (Some((key, value)), None) = (keys.next(), keys.next()) else { return None };
        match (key.as_str(), value) {
            ("env", Value::String(name)) if is_name(&name) => Some(Self::Env(name)),
            ("file", Value::String(path)) if !path.is_empty() => Some(Self::File(path.into())),
            ("command", Value::Array(words)) => {
                let words: Option<Vec<String>> =
                    words.iter().map(|it| Some(it.as_str()?.to_owned())).collect();
                words.filter(|it| it.first().is_some_and(|program| !program.is_empty())).map(Self::Command)
            }
            _ => None,
        }
    }
}

/// Whether an environment variable can have it.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// As messages name it.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the secret in the environment variable `{name}`"),
            Self::File(path) => write!(f, "the secret in the file {}", path.display()),
            Self::Command(words) => write!(f, "the secret that `{}` prints", words.join(" ")),
        }
    }
}

/// A secret, fetched. Neither `Debug` nor anything else shows it but [`expose`](Self::expose).
#[derive(Clone, PartialEq, Eq)]
pub struct Revealed(pub(super) Box<str>);

impl Revealed {
    /// What it is: for those who must have it, and for no message. Not empty, no longer than 64 KiB, and without a NUL.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A secret that cannot be had: where it is looked for, and why it is not there. It never shows a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {why}")]
pub struct SecretError {
    pub(super) place: Secret,
    pub(super) why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: Value) -> Result<Secret, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_place_is_read_and_written_as_it_stands() {
        let all = [
            (serde_json::json!({"env": "A_B"}), Secret::Env("A_B".into())),
            (serde_json::json!({"file": "/a b"}), Secret::File("/a b".into())),
            (
                serde_json::json!({"command": ["pass", ""]}),
                Secret::Command(vec!["pass".into(), String::new()]),
            ),
        ];
        for (json, secret) in all {
            assert_eq!(serde_json::to_value(&secret).unwrap(), json);
            assert_eq!(read(json), Ok(secret));
        }
    }

    #[test]
    fn what_is_no_place_is_told_without_it() {
        for wrong in [
            serde_json::json!("hunter2"),
            serde_json::json!(48151623),
            serde_json::json!(["hunter2"]),
            serde_json::json!({"hunter2": 1}),
            serde_json::json!({"env": "A=hunter2"}),
            serde_json::json!({"env": ""}),
            serde_json::json!({"env": "A", "file": "hunter2"}),
            serde_json::json!({"command": "hunter2"}),
            serde_json::json!({"command": []}),
            serde_json::json!({"command": ["hunter2", 1]}),
            serde_json::json!({}),
            serde_json::json!(null),
        ] {
            assert_eq!(read(wrong.clone()), Err(NO_PLACE.to_owned()), "{wrong}");
        }
    }

    #[test]
    fn nothing_shows_it() {
        let revealed = Revealed("hunter2".into());
        assert_eq!(format!("{revealed:?} {revealed:#?}"), "… …");
        assert_eq!(revealed.expose(), "hunter2");
    }
}
