//! Which keys has a configuration? Its JSON schema, in the words of the documentation.

use serde::Serialize;
use serde_json::Value;

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
        let mut reader = Reader { root: schema, within: Vec::new() };
        Self { about: about(schema), keys: reader.keys(schema) }
    }
}

struct Reader<'a> {
    root: &'a Value,
    /// The types that are being told: one that has itself in it is told once.
    within: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn keys(&mut self, schema: &'a Value) -> Vec<Key> {
        let required =
            |name: &String| schema["required"].as_array().is_some_and(|it| it.iter().any(|it| it == name));
        let properties = schema["properties"].as_object().into_iter().flatten();
        properties.map(|(name, value)| self.key(name, value, required(name))).collect()
    }

    fn key(&mut self, name: &str, schema: &'a Value, required: bool) -> Key {
        let kind = self.kind(schema);
        let (is_list, keys) = self.tables(schema);
        let default = schema["default"].clone();
        Key { key: name.to_owned(), kind, default, required, about: about(schema), keys, is_list }
    }

    /// The keys of the tables that a value is, or has.
    fn tables(&mut self, schema: &'a Value) -> (bool, Vec<Key>) {
        let (schema, name) = self.target(schema);
        let items = &schema["items"];
        if items.is_object() {
            return (true, self.tables(items).1);
        }
        if name.is_some_and(|it| self.within.contains(&it)) {
            return (false, Vec::new());
        }
        self.within.extend(name);
        let keys = self.keys(schema);
        self.within.truncate(self.within.len() - usize::from(name.is_some()));
        (false, keys)
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
    fn kind(&self, schema: &'a Value) -> String {
        let (schema, _) = self.target(schema);
        if let Some(values) = schema["enum"].as_array() {
            return either(values.iter().filter(|it| !it.is_null()).map(ToString::to_string));
        }
        if schema.get("const").is_some() {
            return schema["const"].to_string();
        }
        let several = alternatives(schema);
        if !several.is_empty() {
            return either(several.into_iter().map(|it| self.kind(it)));
        }
        match types(schema).as_slice() {
            [] => schema["format"].as_str().unwrap_or("any value").to_owned(),
            words => either(words.iter().map(|word| self.word(word, schema))),
        }
    }

    fn word(&self, word: &str, schema: &'a Value) -> String {
        match word {
            "string" => "text".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => format!("list of {}", plural(&self.kind(&schema["items"]))),
            "object" if schema["additionalProperties"].is_object() => {
                format!("table of names, each {}", self.kind(&schema["additionalProperties"]))
            }
            "object" => "table".to_owned(),
            other => other.to_owned(),
        }
    }
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
    if kind.contains(['"', ' ']) { kind.to_owned() } else { format!("{kind}s") }
}

/// The documentation, a line a paragraph.
fn about(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let paragraphs = text.split("\n\n").map(|it| it.split('\n').map(str::trim).collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n")
}
