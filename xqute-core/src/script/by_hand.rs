//! How does somebody run a job's script by hand, beside the job's files?

use super::wrapper::TEMPLATE;

/// What remains of the script where nothing is waited for and nothing written down.
const BY_HAND: &str = include_str!("by-hand.sh");

/// What the script's log has where the command was not run; an exit code and a text's name follow.
const NOT_RUN: &str = "xqute: the command was not run: ";

/// The texts of a job's script (its file), around the command as it stands in them, as bash to be run by hand: the
/// command's output is printed, and no file of the job is written. `None`: it is no script of this version of xqute.
///
/// It closes file descriptor 3, through which a shell may read it.
#[must_use]
pub fn by_hand(script: &[u8]) -> Option<Vec<u8>> {
    let [before_title, before_names, _, before_before, rest] = template();
    let script = script.strip_prefix(before_title.as_bytes())?.strip_suffix(rest.as_bytes())?;
    let (title, script) = split(script, before_names.as_bytes())?;
    // A text in single quotes has none of its own in it, which these lines have: they stand once.
    let (head, before) = split(script, before_before.as_bytes())?;
    // The names of the job's files come first; they are what the script by hand does without.
    let end = "\n__xqute_texts_of_end() {\n";
    let (_names, texts) = split(head, end.as_bytes())?;
    let end = [&end.as_bytes()[1..], texts].concat();
    let mut out = Vec::with_capacity(script.len());
    for line in BY_HAND.split_inclusive('\n') {
        out.extend_from_slice(match line.trim_end() {
            "#@title" => title,
            "#@end" => &end,
            "#@before" => before,
            _ => line.as_bytes(),
        });
    }
    Some(out)
}

/// In which text the command of a job was given up, with what exit code, as its script's log has it:
/// `exit code 3 in prescript`. `None`: it was run, as far as can be seen.
#[must_use]
pub fn not_run(log: &str) -> Option<&str> {
    log.lines().rev().find_map(|line| line.strip_prefix(NOT_RUN))
}

/// What stands between the places of the template that differ from job to job.
fn template() -> [&'static str; 5] {
    let mut rest = TEMPLATE;
    let mut before = |mark| {
        let (before, behind) = rest.split_once(mark).unwrap_or((rest, ""));
        rest = behind;
        before
    };
    let parts = ["#@title\n", "#@names\n", "#@end\n", "#@before\n"].map(&mut before);
    let [title, names, end, last] = parts;
    [title, names, end, last, rest]
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = text.windows(at.len()).position(|it| it == at)?;
    Some((&text[..place], &text[place + at.len()..]))
}
