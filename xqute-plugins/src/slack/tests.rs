//! Does the largest message, and the strangest, fit into Slack?

use serde_json::Value;

use super::blocks;
use crate::deliver::{Group, LongJob, Message};

fn message(groups: usize, text: &str) -> Message {
    let group = |index| Group {
        jobs: 2,
        cause: "exit code 1".to_owned(),
        index,
        name: Some(text.to_owned()),
        command: text.to_owned(),
        stderr: vec![text.to_owned(); 5],
        also: Vec::new(),
        see: format!("xqute logs {index}"),
    };
    let long = |index| LongJob { index, name: None, command: text.to_owned(), seconds: 3723 };
    Message {
        version: 1,
        id: "1-a-0".to_owned(),
        created: 0,
        run: "a".to_owned(),
        host: text.to_owned(),
        workdir: text.to_owned(),
        failed: 2 * groups as u64,
        failures: (0..groups).map(group).collect(),
        other_failures: 7,
        long_jobs: (0..groups).map(long).collect(),
        other_long_jobs: 3,
        ended: None,
    }
}

/// Whether Slack would take it.
fn check(body: &Value) {
    let blocks = body["blocks"].as_array().unwrap();
    assert!((1..=50).contains(&blocks.len()), "{} blocks", blocks.len());
    let texts = blocks.iter().map(|it| it["text"]["text"].as_str().unwrap());
    for text in texts.chain([body["text"].as_str().unwrap()]) {
        assert!((1..=3000).contains(&text.chars().count()), "{} characters", text.chars().count());
        let without = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
        assert!(!without.contains(['&', '<', '>']), "{text}");
    }
}

#[test]
fn the_largest_message_has_room() {
    for text in ["<".repeat(200), "```".repeat(70), "é\u{1F600}".repeat(100), String::new()] {
        check(&blocks::body(&message(20, &text)));
    }
    check(&blocks::body(&message(0, &"&".repeat(5000))));
}

#[test]
fn a_job_neither_mentions_anybody_nor_ends_its_code() {
    let body = blocks::body(&message(1, "<!channel> & ``` *x*"));
    let told = body["blocks"][1]["text"]["text"].as_str().unwrap();
    assert_eq!(
        told,
        "```\n2 jobs: exit code 1, e.g. job 0 (&lt;!channel&gt; &amp; ''' *x*): &lt;!channel&gt; &amp; ''' *x*\n".to_owned()
            + &"&lt;!channel&gt; &amp; ''' *x*\n".repeat(5)
            + "\nsee: xqute logs 0\n```"
    );
    let long = body["blocks"][3]["text"]["text"].as_str().unwrap();
    assert!(long.starts_with("```\njob 0 runs for 1:02:03: &lt;!channel&gt;"), "{long}");
}
