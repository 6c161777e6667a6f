//! How do the texts of several rules become one, and how does a prefix come before a command?

use std::ffi::OsStr;

use xqute::{Argv, script};

/// Keeps the command as the job has it, so that it is known whether a text has changed it.
pub(super) const REMEMBER: &str = "xqute_wrap_cmd=$cmd";

/// One after the other in the same shell, so that each sees what the one before has set. `eval` lets no text's syntax out. A single
/// one stays as it is.
pub(super) fn in_one_shell<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let text = |it: &&str| format!("builtin eval {}\n[[ $? == 0 ]] || builtin exit 2\n", word(&closed(it)));
    match &*said(texts) {
        [] => None,
        [alone] => Some((*alone).to_owned()),
        texts => Some(texts.iter().map(text).collect()),
    }
}

/// Each in a shell of its own, so that one that ends it takes no other with it. The first code that is not 0 is told.
pub(super) fn each_in_its_shell<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let shell =
        |it: &&str| format!("(builtin eval {}) || : \"${{xqute_wrap_end:=$?}}\"\n", word(&closed(it)));
    match &*said(texts) {
        [] => None,
        [alone] => Some((*alone).to_owned()),
        texts => {
            let shells: String = texts.iter().map(shell).collect();
            Some(format!("xqute_wrap_end=\n{shells}builtin exit \"${{xqute_wrap_end:-0}}\""))
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

/// Puts words before `$cmd`. What the job's own is has one simple command, of which they are the first words then; what a text
/// has made of it may be more, and is run by a shell below them. Nothing of the job's own words is in this text.
pub(super) fn prefixed(words: &[&String], argv: &Argv) -> Option<String> {
    // It is checked that there are words, and none with a NUL.
    let line = text(script::line(&Argv::new(words).ok()?));
    // A first word that begins with `%` has an `exec` before it, which is none of a program's arguments.
    let own = if argv.program().as_encoded_bytes().starts_with(b"%") { "${cmd#exec }" } else { "$cmd" };
    let line = word(&line);
    Some(format!(
        "if [[ $cmd == \"$xqute_wrap_cmd\" ]]; then\n    cmd={line}\" {own}\"\nelse\n    \
         builtin printf -v cmd '%s bash -c %q' {line} \"$cmd\"\nfi\nbuiltin unset xqute_wrap_cmd"
    ))
}

fn word(it: &str) -> String {
    text(script::word(OsStr::new(it)))
}

/// What is quoted is text where what it was made of is.
fn text(bytes: Vec<u8>) -> String {
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

    #[test]
    fn a_prefix_is_quoted_and_has_nothing_of_the_job() {
        let argv = Argv::new(["hostile'; rm", "$(x)"]).unwrap();
        let words = ["A=b".to_owned(), "it's".to_owned()];
        let text = prefixed(&words.iter().collect::<Vec<_>>(), &argv).unwrap();
        assert!(text.contains(r#"'A=b'"#) || text.contains(r"'\''A=b'\''"), "{text}");
        assert!(!text.contains("hostile") && !text.contains("$(x)"), "{text}");
        assert_eq!(prefixed(&[], &argv), None);
    }
}
