//! What can be shown of a text that anybody may have written? Nothing of it does something to a terminal.

use std::io::{self, Read};

use xqute::{JobFiles, Stream};

/// The end of what a job has written, at most so many bytes.
pub(crate) fn end_of(files: &JobFiles, stream: Stream, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut written) = files.output(stream)? {
        written.keep_last(most)?;
        written.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// As one line of at most so many characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut line = String::new();
    for (count, letter) in text.chars().enumerate() {
        if count == most {
            line.push('…');
            break;
        }
        match letter {
            '\t' => line.push(' '),
            letter if letter.is_control() => line.extend(letter.escape_default()),
            letter => line.push(letter),
        }
    }
    line
}

/// As one line, however long.
pub(crate) fn whole(text: &str) -> String {
    line(text, usize::MAX)
}
