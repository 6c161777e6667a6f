//! What is a wrong configuration told, and is a signature the one that everybody computes?

use serde_json::json;
use xqute::Xqute;

use super::signature;

async fn told(config: serde_json::Value) -> String {
    let dir = tempfile::tempdir().unwrap();
    let built = Xqute::builder().workdir(dir.path().join("work")).config("webhook", config).build();
    let mut told = String::new();
    let mut error: Option<&dyn std::error::Error> = built.as_ref().err().map(|it| it as _);
    while let Some(it) = error {
        told += &format!("{it}\n");
        error = it.source();
    }
    told
}

fn prints(secret: &str) -> serde_json::Value {
    json!({ "command": ["printf", "%s", secret] })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_when_the_run_is_built() {
    let url = prints("https://a.example/");
    for (config, why) in [
        (json!({}), "`url` is missing"),
        (json!({ "url": "https://hunter2" }), "a secret does not stand in a configuration"),
        (
            json!({ "url": prints("http://a.example/hunter2") }),
            "write https, or allow it by `plain_http = true`",
        ),
        (json!({ "url": url, "headers": { "a b": "c" } }), "`a b` is no name of a header"),
        (
            json!({ "url": url, "headers": { "Authorization": "hunter2" } }),
            "the header `Authorization` is a secret",
        ),
        (json!({ "url": url, "headers": { "X-Api-Key": "hunter2" } }), "the header `X-Api-Key` is a secret"),
        (json!({ "url": url, "headers": { "Private-Token": "hunter2" } }), "`Private-Token` is a secret"),
        (json!({ "url": url, "timeout": 0 }), "a `timeout` of 0"),
        (json!({ "url": url, "headers": { "Host": "x" } }), "the header `Host` is not for configuration"),
        (
            json!({ "url": url, "headers": { "x": prints("a\nhunter2") } }),
            "the value of the header `x` cannot be sent",
        ),
        (json!({ "url": url, "ca_file": "/no/such/file" }), "`ca_file` /no/such/file"),
        (json!({ "url": url, "digest": "soon" }), "the configuration of plugin `webhook` is wrong"),
        (json!({ "url": url, "retries": 3 }), "unknown key `retries`"),
    ] {
        let told = told(config.clone()).await;
        assert!(told.contains(why), "{config}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_signature_is_hmac_sha256() {
    // RFC 4231, test case 2.
    assert_eq!(
        signature(b"Jefe", b"what do ya want for nothing?"),
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}
