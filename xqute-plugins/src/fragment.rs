//! How do the texts of several rules become the one text that a hook returns?

use std::ffi::OsStr;

use xqute::script;

/// One after the other in the same shell, so that each sees what the one before has set. `eval` lets no text's syntax out. A single
/// one stays as it is.
pub(crate) fn in_one_shell<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let text = |it: &&str| format!("builtin eval {}\n[[ $? == 0 ]] || builtin exit 2\n", word(&closed(it)));
    match &*said(texts) {
        [] => None,
        [alone] => Some((*alone).to_owned()),
        texts => Some(texts.iter().map(text).collect()),
    }
}

/// Each in a shell of its own, so that one that ends it takes no other with it. The first code that is not 0 is told.
pub(crate) fn each_in_its_shell<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let shell =
        |it: &&str| format!("(builtin eval {}) || : \"${{xqute_text_end:=$?}}\"\n", word(&closed(it)));
    match &*said(texts) {
        [] => None,
        [alone] => Some((*alone).to_owned()),
        texts => {
            let shells: String = texts.iter().map(shell).collect();
            Some(format!("xqute_text_end=\n{shells}builtin exit \"${{xqute_text_end:-0}}\""))
        }
    }
}

fn said<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    texts.filter(|it| !it.trim().is_empty()).collect()
}

/// Ends a text with a command that succeeds, on a line of its own even if the text ends with a backslash.
fn closed(text: &str) -> String {
    format!("\n{text}\n\n:")
}

/// A word that a shell reads back as it is.
pub(crate) fn word(it: &str) -> String {
    text(script::word(OsStr::new(it)))
}

/// What is quoted is text where what it was made of is.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_text_stays_as_it_is() {
        assert_eq!(in_one_shell(["", " \n", "a; b"].into_iter()).as_deref(), Some("a; b"));
        assert_eq!(each_in_its_shell(["a; b"].into_iter()).as_deref(), Some("a; b"));
        assert_eq!(in_one_shell(["", ""].into_iter()), None);
        assert_eq!(each_in_its_shell([].into_iter()), None);
    }
}
