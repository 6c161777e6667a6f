//! What can be shown of a text that anybody may have written? Nothing of it does something to a terminal.

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
