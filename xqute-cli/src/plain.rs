//! What can be shown of a text that anybody may have written? Nothing of it does something to a terminal.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The end of a file, at most so many bytes. Of another kind of file, a pipe for one, nothing: it may never end.
pub(crate) fn end_of(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let size = Some(path.metadata()?).filter(std::fs::Metadata::is_file).map_or(0, |file| file.len());
    let mut bytes = Vec::new();
    if size > 0 {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(size.saturating_sub(most)))?;
        file.take(most).read_to_end(&mut bytes)?;
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
