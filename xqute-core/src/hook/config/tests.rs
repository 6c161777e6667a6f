//! Does an error of configuration show nothing that may be a secret, and still what was expected?

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[expect(dead_code, reason = "only read")]
    port: u16,
    #[expect(dead_code, reason = "only read")]
    kind: Option<Kind>,
    #[expect(dead_code, reason = "only read")]
    #[serde(default)]
    rule: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[expect(dead_code, reason = "only read")]
    prefix: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Plain,
    Tls,
}

fn told(value: &Value) -> String {
    read::<Wanted>("p", value).unwrap_err().why
}

#[test]
fn a_value_that_does_not_fit_is_not_shown() {
    let kinds = "expected `plain` or `tls`";
    for (value, wanted) in [
        (json!({"port": "hunter2"}), "`port`: invalid type: string \"…\", expected u16".to_owned()),
        (json!({"port": 70_000}), "`port`: invalid value: integer `…`, expected u16".to_owned()),
        (json!({"port": 1.5}), "`port`: invalid type: floating point `…`, expected u16".to_owned()),
        (json!({"port": 1, "kind": "hunter2"}), format!("`kind`: unknown variant `…`, {kinds}")),
        (json!({"port": 1, "kind": "hun`ter\"2"}), format!("`kind`: unknown variant `…`, {kinds}")),
        (json!({"prt": 1}), "unknown key `prt`, did you mean `port`?".to_owned()),
        (
            json!({"port": 1, "rule": [{"prefix": []}, {"prefix": "nice -n 10"}]}),
            "`rule[1].prefix`: invalid type: string \"…\", expected a sequence".to_owned(),
        ),
        (json!({"speed": 1}), "unknown key `speed`: the keys are `port`, `kind`, `rule`".to_owned()),
        (
            json!({"port": 1, "rule": [{"prefx": 1}]}),
            "`rule[0]`: unknown key `prefx`, did you mean `prefix`?".to_owned(),
        ),
        (json!({"port": 1, "rule": [{}]}), "`rule[0]`: missing key `prefix`".to_owned()),
        (json!({}), "missing key `port`".to_owned()),
    ] {
        assert_eq!(told(&value), wanted);
    }
}

#[test]
fn the_key_is_where_a_pointer_leads() {
    let pointer = |value: Value| {
        let error = read::<Wanted>("p", &value).unwrap_err();
        error.pointer
    };
    assert_eq!(pointer(json!({"port": "x"})), "/port");
    assert_eq!(pointer(json!({"po/r~t": 1})), "/po~1r~0t");
    assert_eq!(pointer(json!({"port": 1, "rule": [{"prefix": []}, {"prefx": 1}]})), "/rule/1/prefx");
    assert_eq!(pointer(json!({"port": 1, "rule": [{}]})), "/rule/0", "the table that lacks it");
    assert_eq!(pointer(json!({})), "");
}

/// What serde reads twice: it does not tell the way to a key in there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tagged {
    #[expect(dead_code, reason = "only read")]
    #[serde(default)]
    rule: Vec<Told>,
    #[expect(dead_code, reason = "only read")]
    flat: Option<Flat>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "lowercase")]
enum Told {
    Nice {
        #[expect(dead_code, reason = "only read")]
        level: u8,
    },
    Plain {},
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flat {
    #[expect(dead_code, reason = "only read")]
    #[serde(flatten)]
    kind: Plain,
}

#[derive(Debug, Deserialize)]
struct Plain {
    #[expect(dead_code, reason = "only read")]
    a: Option<u8>,
}

#[test]
fn an_unknown_key_is_named_where_nothing_leads_to_it() {
    for (value, why, pointer) in [
        (
            json!({"rule": [{"kind": "nice", "levle": 1}]}),
            "`rule[0]`: unknown key `levle`, did you mean `level`?",
            "/rule/0",
        ),
        (
            json!({"rule": [{"kind": "plain", "x": 1}]}),
            "`rule[0]`: unknown key `x`: there are none",
            "/rule/0",
        ),
        (json!({"flat": {"a": 1, "b": "hunter2"}}), "`flat`: unknown key `b`", "/flat"),
        (
            json!({"a`, expected \"b\"": 1}),
            "unknown key `a`, expected \"b\"`: the keys are `rule`, `flat`",
            "/a`, expected \"b\"",
        ),
    ] {
        let error = read::<Tagged>("p", &value).unwrap_err();
        assert_eq!((error.why(), error.pointer()), (why, pointer));
    }
}
