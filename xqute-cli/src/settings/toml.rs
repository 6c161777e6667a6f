//! How is a setting written, so that it can be read again?

use serde_json::Value;

/// TOML escapes what JSON escapes in the same way, and DEL besides.
pub(crate) fn value(value: &Value) -> String {
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
        assert_eq!([name("my-log_2"), name("my.log")], ["my-log_2", "\"my.log\""]);
    }
}
