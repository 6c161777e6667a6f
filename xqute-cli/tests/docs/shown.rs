//! Which files does a document show its readers? Blocks that begin with their name as a comment.

/// The files that stand in a document above a line, by name: blocks whose first line, or the second below `#!`, is `# NAME.END`.
pub(crate) fn files(text: &str, above: usize) -> Vec<(String, String)> {
    let (mut files, mut block) = (Vec::new(), None::<String>);
    for line in text.lines().take(above) {
        match (&mut block, line.starts_with("```")) {
            (None, true) => block = Some(String::new()),
            (Some(lines), false) => *lines += &format!("{line}\n"),
            (None, false) => {}
            (Some(lines), true) => {
                files.extend(name(lines).map(|it| (it.to_owned(), lines.clone())));
                block = None;
            }
        }
    }
    files
}

fn name(block: &str) -> Option<&str> {
    let comment = block.lines().find(|it| !it.starts_with("#!"))?.strip_prefix("# ")?;
    (comment.contains('.') && !comment.contains([' ', '/', '$'])).then_some(comment)
}

#[test]
fn a_file_has_its_name_in_its_first_line() {
    let text = "```toml\n# a.toml\nb = 1\n```\n```sh\n#!/bin/sh\n# c.sh\nd\n```\n```toml\n# no file.\n```\n```toml\n# a.toml\n```\n";
    let made = |above| {
        files(text, above).into_iter().map(|(name, text)| format!("{name}: {text}")).collect::<Vec<_>>()
    };
    assert_eq!(made(4), ["a.toml: # a.toml\nb = 1\n"]);
    assert_eq!(made(99)[1..], ["c.sh: #!/bin/sh\n# c.sh\nd\n", "a.toml: # a.toml\n"]);
}
