//! How is a setting written, so that it can be read again?

use serde_json::Value;

/// TOML escapes what JSON escapes in the same way, and DEL besides.
pub(crate) fn value(value: &Value) -> String {
    if let Value::Object(table) = value {
        let keys: Vec<_> =
            table.iter().map(|(key, it)| format!("{} = {}", name(key), self::value(it))).collect();
        return format!("{{ {} }}", keys.join(", "));
    }
    value.to_string().replace('\u{7f}', "\\u007f")
}

/// Of a table.
pub(crate) fn name(name: &str) -> String {
    let is_bare = name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it));
    if is_bare { name.to_owned() } else { value(&name.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_dot_is_one_name() {
        assert_eq!(
            value(&serde_json::json!({ "a.b": 1, "c": { "d": "e" } })),
            "{ \"a.b\" = 1, c = { d = \"e\" } }"
        );
        assert_eq!([name("my-log_2"), name("my.log")], ["my-log_2", "\"my.log\""]);
    }
}
