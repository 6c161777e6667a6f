//! Which addresses are spoken to, and what do answers mean?

use std::time::UNIX_EPOCH;

use ureq::http::HeaderValue;
use xqute::{Run, Secret, Xqute, hook};

use super::*;

xqute::plugin!(name = "http-test", enabled = false);

/// What is said of an address: a `Revealed` comes from a run alone.
#[hook]
fn on_init(run: &Run) -> Result<(), xqute::BoxError> {
    let Some((secret, plain)) = run.config::<(Secret, bool)>("http-test")? else { return Ok(()) };
    let options = Options { timeout: Duration::from_secs(1), ca_file: None, plain, plain_key: None };
    Poster::new(&run.reveal(&secret)?, &options)?;
    Ok(())
}

async fn told(address: &str, plain: bool) -> String {
    let dir = tempfile::tempdir().unwrap();
    let config = serde_json::json!([{ "command": ["printf", "%s", address] }, plain]);
    let built = Xqute::builder().workdir(dir.path().join("work")).config("http-test", config).build();
    built.err().map(|it| format!("{:#}", anyhow(&it))).unwrap_or_default()
}

/// An error with its causes.
fn anyhow(error: &dyn std::error::Error) -> String {
    let more = error.source().map(|it| format!(": {}", anyhow(it))).unwrap_or_default();
    format!("{error}{more}")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_encrypted_or_does_not_leave_the_machine_is_spoken_to() {
    for fine in
        ["https://a.example/hunter2", "http://localhost:8000/x", "http://127.1.2.3", "http://[::1]:9/"]
    {
        assert_eq!(told(fine, false).await, "", "{fine}");
    }
    let plain = "http://a.example/hunter2";
    let refused = told(plain, false).await;
    // Whose plugin has no key for it is told of none.
    assert!(refused.contains("`url` is http") && refused.ends_with("write https"), "{refused}");
    assert_eq!(told(plain, true).await, "");
    for (wrong, why) in [
        ("hunter2", "neither https nor http"),
        ("/hunter2", "names no host"),
        ("ftp://a.example/hunter2", "neither https nor http"),
        ("http://localhost.evil.example/hunter2", "`url` is http"),
        ("https://a b/hunter2", "`url` is no URL"),
    ] {
        let told = told(wrong, false).await;
        assert!(told.contains(why) && !told.contains("hunter2"), "{wrong}: {told}");
    }
}

#[test]
fn an_answer_that_says_the_address_again_does_not_show_half_of_it() {
    let (agent, uri) = (Agent::new_with_defaults(), Uri::from_static("https://a.example/hunter2"));
    let poster = Poster { agent, uri, hidden: Hidden::address("https://a.example/hunter2") };
    for before in WIDTH - 8..=WIDTH {
        let told = poster.told(&format!("{}/hunter2", "x".repeat(before)));
        assert!(!told.contains("hu") && told.chars().count() <= WIDTH, "{told}");
    }
}

fn judged(code: u16, retry_after: Option<&str>) -> Result<(), Refusal> {
    let mut headers = HeaderMap::new();
    retry_after.map(|it| headers.insert(RETRY_AFTER, HeaderValue::from_str(it).unwrap()));
    let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
    judge(StatusCode::from_u16(code).unwrap(), &headers, now, || "why".to_owned())
}

#[test]
fn answers_mean_now_later_or_never() {
    assert_eq!((judged(200, None), judged(204, None)), (Ok(()), Ok(())));
    let later =
        |code, after| matches!(judged(code, after), Err(Refusal::Later(why, None)) if why.ends_with(": why"));
    assert!(
        [401, 403, 404, 405, 407, 408, 410, 425, 429, 500, 503].into_iter().all(|code| later(code, None))
    );
    assert!(matches!(judged(302, None), Err(Refusal::Later(why, None)) if why.contains("no redirect")));
    assert!(later(429, Some("soon")));
    let never = |code| matches!(judged(code, Some("1")), Err(Refusal::ForGood(_)));
    assert!([400, 409, 413, 415, 422].into_iter().all(never));
    let asked = |after| match judged(503, Some(after)) {
        Err(Refusal::Later(_, Some(wait))) => wait.as_secs(),
        other => panic!("{after}: {other:?}"),
    };
    assert_eq!(asked("120"), 120);
    assert_eq!(asked("Sun, 06 Nov 1994 08:50:37 GMT"), 60);
    assert_eq!(asked("Sun, 06 Nov 1994 08:49:36 GMT"), 0);
}

#[test]
fn dates_are_read_as_http_writes_them() {
    let seconds = |text| date::read(text).map(|it| it.duration_since(UNIX_EPOCH).unwrap().as_secs());
    for (text, expected) in [
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
        ("Tue, 29 Feb 2000 23:59:59 GMT", Some(951_868_799)),
        ("Wed, 01 Mar 2000 00:00:00 GMT", Some(951_868_800)),
        ("Sat, 31 Dec 2101 00:00:00 GMT", Some(4_165_430_400)),
        ("Sun, 06 Nov 1894 08:49:37 GMT", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49 GMT", None),
        ("Sun, 00 Nov 1994 08:49:37 GMT", None),
        ("", None),
    ] {
        assert_eq!(seconds(text), expected, "{text}");
    }
}
