//! What is a plugin configured with? The type that it declares: read, checked, described.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path as Keys, Segment};
use thiserror::Error;

use super::selection::closest;

/// Configuration that does not fit the plugin's type: which key, and what was expected there. It shows no value of the
/// configuration, which may be a secret, but where the type's own error does, as that of [`Time`](crate::units::Time) does.
#[derive(Debug, Error)]
#[error("the configuration of plugin `{plugin}` is wrong: {why}")]
pub struct ConfigError {
    plugin: String,
    pointer: String,
    why: String,
}

impl ConfigError {
    fn new(
        plugin: &str,
        error: &serde_path_to_error::Error<serde_json::Error>,
        schema: Option<&Value>,
    ) -> Self {
        let (told, mut keys) = (error.inner().to_string(), keys(error.path()));
        let pointer = keys.iter().map(|it| format!("/{}", it.name.replace('~', "~0").replace('/', "~1")));
        let pointer = pointer.collect();
        let told = match told.strip_prefix("unknown field `").map(key_of) {
            Some((key, known)) => {
                // That key is named by what is told of it. In a tagged or flattened type nothing more leads to it than to what has it.
                keys.pop_if(|it| it.name == key);
                unknown(key, known, schema)
            }
            None => without_values(told).replacen("missing field ", "missing key ", 1),
        };
        let place: String = keys.into_iter().map(|it| it.told).collect();
        let why = match place.trim_start_matches('.') {
            "" => told,
            place => format!("`{place}`: {told}"),
        };
        Self { plugin: plugin.to_owned(), pointer, why }
    }

    /// The plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// The key that is wrong, as a JSON pointer into the plugin's configuration: `/rule/0/prefix`. Empty: all of it. A key that
    /// is missing is no part of it: then it is the table that should have it; so is one that is unknown to an enum with a tag, or beside
    /// flattened keys, whose table it is then.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is wrong, with the key, and without the plugin.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// A part of what leads to a value.
struct Key {
    name: String,
    /// As a person reads it: `.prefix`, `[0]`.
    told: String,
}

/// What leads to a value, in its parts. The name of a variant is a text of the configuration, which is none of it.
fn keys(path: &Keys) -> Vec<Key> {
    let part = |it: &Segment| match it {
        Segment::Seq { index } => Some(Key { name: index.to_string(), told: format!("[{index}]") }),
        Segment::Map { key } => Some(Key { name: key.clone(), told: format!(".{key}") }),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().filter_map(part).collect()
}

/// The key that serde calls unknown, and what it says of those that there are, if it does.
fn key_of(told: &str) -> (&str, Option<&str>) {
    for (end, rest) in [("`, expected ", None), ("`, there are no fields", Some(""))] {
        if let Some((key, known)) = told.rsplit_once(end) {
            return (key, rest.or(Some(known)));
        }
    }
    (told.strip_suffix('`').unwrap_or(told), None)
}

/// Of a key that is none: the one that is meant, as far as one can tell, else all that there are. An alias is read, and nobody is told
/// to write it: it is in no schema.
fn unknown(key: &str, known: Option<&str>, schema: Option<&Value>) -> String {
    let Some(known) = known else { return format!("unknown key `{key}`") };
    // serde puts each between backticks.
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let told: Vec<&str> =
        known.iter().copied().filter(|key| schema.is_some_and(|it| has_key(it, key))).collect();
    // A type that is read by hand tells no keys.
    let known = if told.is_empty() { known } else { told };
    match closest(key, known.iter().copied()) {
        Some(meant) => format!("unknown key `{key}`, did you mean `{meant}`?"),
        None if known.is_empty() => format!("unknown key `{key}`: there are none"),
        None => format!("unknown key `{key}`: the keys are `{}`", known.join("`, `")),
    }
}

/// Whether a schema has a key of this name, on whatever level.
fn has_key(schema: &Value, key: &str) -> bool {
    match schema {
        Value::Object(parts) => {
            parts.get("properties").is_some_and(|keys| keys.get(key).is_some())
                || parts.values().any(|part| has_key(part, key))
        }
        Value::Array(parts) => parts.iter().any(|part| has_key(part, key)),
        _ => false,
    }
}

/// serde quotes a value that does not fit: `invalid type: string "…", expected …`, but a number or a variant in backticks, in which it also
/// says what it expected.
fn without_values(told: String) -> String {
    let told = hidden(&told, '"', told.rfind('"')).unwrap_or(told);
    let is_of_value =
        ["invalid type: ", "invalid value: ", "unknown variant "].iter().any(|it| told.starts_with(it));
    let end = told.rfind("`, expected ").or_else(|| told.rfind("`, there are no "));
    if is_of_value { hidden(&told, '`', end).unwrap_or(told) } else { told }
}

/// Without what is between the first such mark and the last, which is there.
fn hidden(told: &str, mark: char, last: Option<usize>) -> Option<String> {
    let (from, to) = (told.find(mark)?, last?);
    (from < to).then(|| format!("{}{mark}…{}", &told[..from], &told[to..]))
}

/// Reads the configuration of a plugin.
pub(super) fn read<T: DeserializeOwned>(plugin: &str, value: &Value) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(value).map_err(|error| ConfigError::new(plugin, &error, None))
}

/// Whether it can be read; what cannot is told with the type's schema.
fn check<T: Config>(plugin: &str, value: &Value) -> Result<(), ConfigError> {
    let told = |error| ConfigError::new(plugin, &error, T::schema().as_ref());
    serde_path_to_error::deserialize::<_, T>(value).map(drop).map_err(told)
}

/// A type that a plugin is configured with: implemented by [`#[config]`](macro@crate::config), never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no configuration of a plugin",
    label = "write `#[xqute::config]` above the type"
)]
pub trait Config: DeserializeOwned {
    /// The type as a JSON schema; `None` without the feature `schema`.
    #[must_use]
    fn schema() -> Option<Value>;
}

/// The configuration that a plugin takes, as [`plugin!`](crate::plugin) declared it with `config = Type`.
#[derive(Debug, Clone, Copy)]
pub struct ConfigType {
    check: fn(&str, &Value) -> Result<(), ConfigError>,
    schema: fn() -> Option<Value>,
}

impl ConfigType {
    /// That of `T`.
    #[doc(hidden)]
    #[must_use]
    pub const fn of<T: Config>() -> Self {
        Self { check: check::<T>, schema: T::schema }
    }

    /// Whether `plugin` can be configured with this value.
    ///
    /// # Errors
    ///
    /// It does not fit the type: [`ConfigError`] says which key, and why.
    pub fn check(&self, plugin: &str, value: &Value) -> Result<(), ConfigError> {
        (self.check)(plugin, value)
    }

    /// The type as a [JSON schema](https://json-schema.org), with the documentation and the defaults of its keys. What a type of
    /// its own stands for ([`config_word!`](crate::config_word)) is the `format`: `time`, `secret`. `None`: xqute was built without its
    /// feature `schema`.
    #[must_use]
    pub fn schema(&self) -> Option<Value> {
        (self.schema)()
    }
}

/// What `#[config]` says of a type.
#[cfg(feature = "schema")]
#[doc(hidden)]
#[must_use]
pub fn schema_of<T: schemars::JsonSchema>() -> Option<Value> {
    Some(schemars::schema_for!(T).to_value())
}

/// What `#[config]` says of a type.
#[cfg(not(feature = "schema"))]
#[doc(hidden)]
#[must_use]
pub fn schema_of<T>() -> Option<Value> {
    None
}

#[cfg(test)]
mod tests;
