//! How does a prefix come before a command?

use xqute::{Argv, script};

use crate::fragment::{text, word};

/// Keeps the command as the job has it, so that it is known whether a text has changed it.
pub(super) const REMEMBER: &str = "xqute_wrap_cmd=$cmd";

/// Puts words before `$cmd`. What the job's own is has one simple command, of which they are the first words then; what a text
/// has made of it may be more, and is run by a shell below them. Nothing of the job's own words is in this text.
pub(super) fn before(words: &[&String], argv: &Argv) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_quoted_and_has_nothing_of_the_job() {
        let argv = Argv::new(["hostile'; rm", "$(x)"]).unwrap();
        let words = ["A=b".to_owned(), "it's".to_owned()];
        let text = before(&words.iter().collect::<Vec<_>>(), &argv).unwrap();
        assert!(text.contains(r#"'A=b'"#) || text.contains(r"'\''A=b'\''"), "{text}");
        assert!(!text.contains("hostile") && !text.contains("$(x)"), "{text}");
        assert_eq!(before(&[], &argv), None);
    }
}
