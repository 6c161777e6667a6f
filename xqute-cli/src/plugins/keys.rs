//! Which keys has a configuration? Its JSON schema, in the words of the documentation.

use serde::Serialize;
use serde_json::Value;

/// What is being told already.
const AGAIN: &str = "…";

/// What a plugin is configured with.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) about: String,
    pub(super) keys: Vec<Key>,
}

/// One key.
#[derive(Debug, Serialize)]
pub(super) struct Key {
    pub(super) key: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) default: Value,
    pub(super) required: bool,
    pub(super) about: String,
    /// Of a table, or of each table of a list.
    pub(super) keys: Vec<Self>,
    #[serde(skip)]
    pub(super) is_list: bool,
}

impl Keys {
    pub(super) fn of(schema: &Value) -> Self {
        Self { about: about(schema), keys: Reader { root: schema }.keys(schema, &[]) }
    }
}

/// `within` are the types that are being told: one that has itself in it is told once.
struct Reader<'a> {
    root: &'a Value,
}

impl<'a> Reader<'a> {
    fn keys(&self, schema: &'a Value, within: &[&'a str]) -> Vec<Key> {
        let required =
            |name: &String| schema["required"].as_array().is_some_and(|it| it.iter().any(|it| it == name));
        let properties = schema["properties"].as_object().into_iter().flatten();
        properties.map(|(name, value)| self.key(name, value, required(name), within)).collect()
    }

    fn key(&self, name: &str, schema: &'a Value, required: bool, within: &[&'a str]) -> Key {
        let kind = self.kind(schema, &[]);
        let (is_list, keys) = self.tables(schema, within);
        let default = schema["default"].clone();
        Key { key: name.to_owned(), kind, default, required, about: about(schema), keys, is_list }
    }

    /// The keys of the tables that a value is, or has.
    fn tables(&self, schema: &'a Value, within: &[&'a str]) -> (bool, Vec<Key>) {
        let (schema, name) = self.target(schema);
        let items = &schema["items"];
        let Some(within) = entered(within, name) else { return (items.is_object(), Vec::new()) };
        if items.is_object() {
            return (true, self.tables(items, &within).1);
        }
        (false, self.keys(schema, &within))
    }

    /// What is meant, and the name of its type: behind a reference, and without that it may be left out.
    fn target(&self, schema: &'a Value) -> (&'a Value, Option<&'a str>) {
        if let Some(name) = schema["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/")) {
            return (&self.root["$defs"][name], Some(name));
        }
        // The whole of it, in itself.
        if schema["$ref"] == "#" {
            return (self.root, Some("#"));
        }
        match alternatives(schema).as_slice() {
            [one] => self.target(one),
            _ => (schema, None),
        }
    }

    /// What a value is, in a word or a few.
    fn kind(&self, schema: &'a Value, within: &[&'a str]) -> String {
        let (schema, name) = self.target(schema);
        let Some(within) = entered(within, name) else { return AGAIN.to_owned() };
        if let Some(values) = schema["enum"].as_array() {
            return either(values.iter().filter(|it| !it.is_null()).map(ToString::to_string));
        }
        if schema.get("const").is_some() {
            return schema["const"].to_string();
        }
        let several = alternatives(schema);
        if !several.is_empty() {
            return either(several.into_iter().map(|it| self.kind(it, &within)));
        }
        match types(schema).as_slice() {
            [] => schema["format"].as_str().unwrap_or("any value").to_owned(),
            words => either(words.iter().map(|word| self.word(word, schema, &within))),
        }
    }

    fn word(&self, word: &str, schema: &'a Value, within: &[&'a str]) -> String {
        match word {
            "string" => "text".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => format!("list of {}", plural(&self.kind(&schema["items"], within))),
            "object" if schema["additionalProperties"].is_object() => {
                format!("table of names, each {}", self.kind(&schema["additionalProperties"], within))
            }
            "object" => "table".to_owned(),
            other => other.to_owned(),
        }
    }
}

/// These and one more. `None`: it is one of them.
fn entered<'a>(within: &[&'a str], name: Option<&'a str>) -> Option<Vec<&'a str>> {
    let is_new = name.is_none_or(|it| !within.contains(&it));
    is_new.then(|| within.iter().copied().chain(name).collect())
}

/// Of which it is one; that it may be left out is none of them.
fn alternatives(schema: &Value) -> Vec<&Value> {
    let all = ["anyOf", "oneOf"].iter().find_map(|it| schema[it].as_array());
    all.into_iter().flatten().filter(|it| it["type"] != "null").collect()
}

fn types(schema: &Value) -> Vec<&str> {
    let all = match &schema["type"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect::<Vec<_>>(),
    };
    all.into_iter().filter(|it| *it != "null").collect()
}

fn either(words: impl Iterator<Item = String>) -> String {
    let mut each: Vec<String> = Vec::new();
    words.for_each(|word| {
        if !each.contains(&word) {
            each.push(word);
        }
    });
    match each.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

/// Of words: a value in quotes stays what it is.
fn plural(kind: &str) -> String {
    if kind.contains(['"', ' ']) || kind == AGAIN { kind.to_owned() } else { format!("{kind}s") }
}

/// The documentation, a line a paragraph.
fn about(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let paragraphs = text.split("\n\n").map(|it| it.split('\n').map(str::trim).collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use xqute::ConfigType;

    use super::*;

    #[xqute::config]
    #[derive(Default)]
    struct Config {
        when: Option<When>,
        list: Option<List>,
        names: Option<Names>,
        rules: Vec<Rule>,
    }

    #[xqute::config(default = false)]
    #[serde(untagged)]
    enum When {
        Program(String),
        All(Vec<Self>),
    }

    #[xqute::config]
    #[derive(Default)]
    struct List(Vec<Self>);

    #[xqute::config]
    #[derive(Default)]
    struct Names(BTreeMap<String, Self>);

    #[xqute::config]
    #[derive(Default)]
    struct Rule {
        more: Vec<Self>,
    }

    #[test]
    fn a_type_that_has_itself_in_it_is_told_once() {
        let keys = Keys::of(&ConfigType::of::<Config>().schema().unwrap()).keys;
        let told: Vec<_> = keys.iter().map(|it| (&*it.key, &*it.kind, it.is_list)).collect();
        let wanted = [
            ("list", "list of …", true),
            ("names", "table of names, each …", false),
            ("rules", "list of tables", true),
            ("when", "text or list of …", false),
        ];
        assert_eq!(told, wanted);
        let more = &keys[2].keys[0];
        assert_eq!((&*more.kind, more.keys.len()), ("list of tables", 0));
    }
}
