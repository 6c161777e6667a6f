//! Is what Slack gets what it takes? A server that looks at it as Slack does, and says no as Slack does.

use crate::server::{Answer, Server};
use crate::{Desk, ONE_FAILS};

#[test]
fn a_message_has_the_shape_that_slack_takes() {
    let server = Server::start(&[Answer::Status(429, Some("1"))]);
    let desk = Desk::new("slack", "");
    let (code, told) = desk.run(&server.url(), &ONE_FAILS);
    assert_eq!((code, told.contains("slack:")), (Some(1), false), "{told}");
    let requests = server.requests();
    assert_eq!((requests.len(), &requests[0].body), (2, &requests[1].body));
    let json = requests[1].json();
    assert!(json["text"].as_str().unwrap().ends_with("the run has ended: 1 failed"), "{json}");
    let texts: Vec<&str> =
        json["blocks"].as_array().unwrap().iter().map(|it| it["text"]["text"].as_str().unwrap()).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[1].starts_with("```\n3 jobs: 2 succeeded, 1 failed"), "{texts:?}");
    assert!(texts[2].starts_with("```\njob 1: exit code 1: ") && texts[2].contains("\nb\n"), "{texts:?}");
}

#[test]
fn what_a_job_is_called_mentions_nobody() {
    let server = Server::start(&[]);
    let desk = Desk::new("slack", "");
    desk.run(&server.url(), &["run", "--shell", "echo '<!channel> & co' >&2; false", ":::", "<@U1>"]);
    let body = String::from_utf8(server.wait_for(1)[0].body.clone()).unwrap();
    assert!(body.contains("&lt;!channel&gt; &amp; co") && body.contains("&lt;@U1&gt;"), "{body}");
    assert!(!body.contains('<'), "{body}");
}

#[test]
fn what_a_withdrawn_webhook_did_not_take_goes_to_the_next_run_s() {
    let server = Server::start(&[Answer::Status(404, None); 4]);
    let desk = Desk::new("slack", "");
    let (code, told) = desk.run(&server.url(), &["run", "true"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("slack: 1 message not delivered (it answered 404 Not Found: so so)"), "{told}");
    let renewed = Server::start(&[]);
    let (_, told) = desk.run(&renewed.url(), &["run", "true"]);
    assert!(!told.contains("slack:"), "{told}");
    assert_eq!(renewed.requests()[0].body, server.requests()[0].body);
}
