//! How does a message look as a mail? Text, whatever the jobs wrote, with what mail programs and people sort by.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, SinglePart};

use crate::deliver::Message;

/// A subject has at most so many characters.
const SUBJECT: usize = 200;

/// The mail, as it is sent. Every byte of it is ASCII: what is not is encoded.
pub(super) fn write(message: &Message, from: &Mailbox, to: &[Mailbox]) -> Result<Vec<u8>, String> {
    let builder = lettre::Message::builder()
        .from(from.clone())
        .subject(subject(message))
        .date(UNIX_EPOCH + Duration::from_millis(message.created))
        .message_id(Some(identifier(message)))
        // Nobody's absence is to be answered to it (RFC 3834).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("X-Xqute-Run"), word(&message.run)));
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(message.text());
    let mail = to.iter().cloned().fold(builder, MessageBuilder::to).singlepart(text);
    mail.map(|it| it.formatted()).map_err(|error| format!("it cannot be written as a mail: {error}"))
}

/// One line: a name of a directory may have several.
fn subject(message: &Message) -> String {
    let line: String = message.subject().chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    match line.char_indices().nth(SUBJECT) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// The same each time that the message is sent, so that who has it twice can know.
fn identifier(message: &Message) -> String {
    format!("<{}@{}>", word(&message.id), word(&message.host))
}

/// What may stand in an identifier.
fn word(text: &str) -> String {
    let word: String = text.chars().filter(|it| it.is_ascii_alphanumeric() || "-.".contains(*it)).collect();
    let word = word.trim_matches('.');
    if word.is_empty() { "localhost".to_owned() } else { word.to_owned() }
}
