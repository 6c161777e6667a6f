//! Are the snippets formatted as rustfmt does it where nobody has told it anything? So they are in a crate that copies one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const PAGES: [&str; 6] =
    ["README.md", "examples.md", "first-plugin.md", "framework.md", "pluggy.md", "plugins.md"];

/// A snippet in Rust, and the line of its page that it begins at.
struct Snippet {
    line: usize,
    /// What stands behind `rust` in its first line.
    words: String,
    code: String,
}

/// A line that rustdoc does not show is code as any other: without its mark.
fn without_mark(line: &str) -> String {
    let code = line.trim_start();
    let indent = &line[..line.len() - code.len()];
    match code.strip_prefix('#') {
        Some("") => String::new(),
        Some(rest) if rest.starts_with(' ') => format!("{indent}{}", &rest[1..]),
        _ => line.to_owned(),
    }
}

fn snippets(page: &str) -> Vec<Snippet> {
    let (mut all, mut open) = (Vec::new(), None::<Snippet>);
    for (at, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => all.extend(open.take()),
            (Some(snippet), None) => snippet.code.extend([without_mark(line).as_str(), "\n"]),
            (None, Some(words)) => {
                open = Some(Snippet { line: at + 1, words: words.to_owned(), code: String::new() });
            }
            (None, None) => {}
        }
    }
    all.retain(|it| it.words.starts_with("rust"));
    all
}

fn read(page: &str) -> String {
    let folder = if page == "README.md" { "" } else { "docs/guide" };
    fs::read_to_string(Path::new(ROOT).join(folder).join(page)).unwrap()
}

/// What `rustfmt` says of these files, if anything. Its defaults are those of the folder, which says nothing.
fn complaint(folder: &Path) -> Option<String> {
    fs::write(folder.join("rustfmt.toml"), "").unwrap();
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let files = files.filter(|it| it.extension().is_some_and(|it| it == "rs"));
    let mut rustfmt = Command::new("rustfmt");
    let out =
        rustfmt.args(["--check", "--edition", "2024"]).args(files).current_dir(folder).output().unwrap();
    let told = [out.stdout, out.stderr].concat();
    (!out.status.success()).then(|| String::from_utf8_lossy(&told).into_owned())
}

#[test]
fn snippets_are_formatted_as_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for page in PAGES {
        // An excerpt is no file: it is as the code is that it is of.
        for Snippet { line, code, .. } in snippets(&read(page)).iter().filter(|it| it.words != "rust,ignore")
        {
            fs::write(folder.path().join(format!("{page}-{line}.rs")), code).unwrap();
            count += 1;
        }
    }
    assert!(count > 30, "{count} snippets are found");
    if let Some(told) = complaint(folder.path()) {
        panic!("a file is named by its page, and the line there at which the snippet begins\n{told}");
    }
}

#[test]
fn excerpts_are_no_wider() {
    for page in PAGES {
        for Snippet { line, code, .. } in snippets(&read(page)) {
            let wide = code.lines().find(|it| it.chars().count() > 100);
            assert!(wide.is_none(), "{page}, in the snippet of line {line}: {wide:?}");
        }
    }
}

#[test]
fn what_is_not_as_by_default_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let shown = snippets("```rust\nfn f() -> u8 {\n    # 1\n}\n#\n# fn g() {}\n```\n").remove(0);
    assert_eq!((shown.line, &*shown.code), (1, "fn f() -> u8 {\n    1\n}\n\nfn g() {}\n"));
    fs::write(folder.path().join("a.rs"), shown.code).unwrap();
    assert_eq!(complaint(folder.path()), None);
    fs::write(folder.path().join("b.rs"), "fn f() -> u8 { 1 }\n").unwrap();
    assert!(complaint(folder.path()).is_some_and(|it| it.contains("b.rs")));
}
