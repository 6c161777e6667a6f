//! Does an error of configuration show nothing that may be a secret, and still what was expected?

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[expect(dead_code, reason = "only read")]
    port: u16,
    #[expect(dead_code, reason = "only read")]
    kind: Option<Kind>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Plain,
    Tls,
}

fn told(value: Value) -> String {
    ConfigError::new("p", &Config::deserialize(value).unwrap_err()).why
}

#[test]
fn a_value_that_does_not_fit_is_not_shown() {
    let kinds = "expected `plain` or `tls`";
    for (value, wanted) in [
        (json!({"port": "hunter2"}), "invalid type: string \"…\", expected u16".to_owned()),
        (json!({"port": 70_000}), "invalid value: integer `…`, expected u16".to_owned()),
        (json!({"port": 1.5}), "invalid type: floating point `…`, expected u16".to_owned()),
        (json!({"port": 1, "kind": "hunter2"}), format!("unknown variant `…`, {kinds}")),
        (json!({"port": 1, "kind": "hun`ter\"2"}), format!("unknown variant `…`, {kinds}")),
        (json!({"prt": 1}), "unknown field `prt`, expected `port` or `kind`".to_owned()),
    ] {
        assert_eq!(told(value), wanted);
    }
}
