//! Do the examples of the pages work? Each is written to a file as it stands, and a run is told of.

use std::path::Path;

use crate::Desk;
use crate::server::Server;

/// The blocks of a page in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|it| it.split("\n```").next().unwrap().to_owned()).collect()
}

fn try_page(page: &str) -> usize {
    let examples = blocks(page, "toml");
    for example in &examples {
        let server = Server::start(&[]);
        let desk = Desk::new("log", "");
        desk.write("xqute.toml", example);
        crate::tls::certificates(&desk);
        desk.write("ledger-token", "hunter2");
        crate::private(&desk.path().join("ledger-token"));
        let run = ["run", "-j", "2", "false", ":::", "1", "2"];
        let mut xqute = desk.xqute(&server.url(), &run);
        let out = xqute.env("SLACK_WEBHOOK", server.url()).output().unwrap();
        assert_eq!(out.status.code(), Some(1), "{example}\n{}", String::from_utf8_lossy(&out.stderr));
        let request = &server.wait_for(1)[0];
        assert!(String::from_utf8_lossy(&request.body).contains("exit code 1"), "{example}");
    }
    examples.len()
}

#[test]
fn the_examples_of_the_pages_work() {
    assert!(try_page("webhook.md") >= 2);
    assert!(try_page("slack.md") >= 1);
}
