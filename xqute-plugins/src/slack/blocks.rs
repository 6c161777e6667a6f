//! What does a message look like in Slack?
//!
//! Within its limits (<https://docs.slack.dev/reference/block-kit/blocks>): 50 blocks, 3,000 characters of text in each. What comes
//! from a job stands in code, where no `*`, `_` or `@` means anything, and with `&`, `<` and `>` escaped
//! (<https://docs.slack.dev/messaging/formatting-message-text>), so that no job mentions anybody.

use serde_json::{Value, json};

use crate::deliver::{Group, Message};

/// The most characters of a block's text, and as many of the text that notifications show.
const LONGEST: usize = 3000;
/// Of a block that has a fence behind it.
const INSIDE: usize = LONGEST - 200;

/// What is posted. There are at most 20 groups of failures, a block each, and five blocks more.
pub(super) fn body(message: &Message) -> Value {
    let title = escaped(&message.title(), LONGEST / 2);
    let mut blocks = vec![section(&format!("*{title}*\n`{}`", code(&message.workdir, 500)))];
    if let Some(ended) = &message.ended {
        blocks.push(section(&fenced(&ended.text)));
    }
    blocks.extend(message.failures.iter().map(failures));
    if message.other_failures > 0 {
        blocks.push(section(&format!("{} more failed otherwise", message.other_failures)));
    }
    if !message.long_jobs.is_empty() {
        let long: Vec<String> = message.long_jobs.iter().map(|it| it.headline()).collect();
        blocks.push(section(&fenced(&long.join("\n"))));
    }
    if message.other_long_jobs > 0 {
        blocks.push(section(&format!("{} more run for long", message.other_long_jobs)));
    }
    json!({ "text": title, "blocks": blocks })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

fn failures(group: &Group) -> Value {
    let lines: Vec<&str> = group.stderr.iter().map(String::as_str).collect();
    let said = if lines.is_empty() { String::new() } else { format!("\n{}", lines.join("\n")) };
    let others = group.others().map(|it| format!("{it}\n")).unwrap_or_default();
    section(&fenced(&format!("{}{said}\n\n{others}see: {}", group.headline(), group.see)))
}

fn fenced(text: &str) -> String {
    format!("```\n{}\n```", code(text, INSIDE))
}

/// As it can stand in code.
fn code(text: &str, most: usize) -> String {
    // No backtick ends it.
    escaped(&text.replace('`', "'"), most)
}

/// With at most so many characters, none of which is cut.
fn escaped(text: &str, most: usize) -> String {
    let (mut escaped, mut length) = (String::new(), 0);
    for letter in text.chars() {
        let mut buffer = [0; 4];
        let piece = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => letter.encode_utf8(&mut buffer),
        };
        length += piece.chars().count();
        if length >= most {
            escaped.push('…');
            break;
        }
        escaped.push_str(piece);
    }
    escaped
}
