//! Does the page show what is there? Each block of it that names a file of this crate stands in that file, line by line.

use std::fs;
use std::path::Path;

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

#[test]
fn what_the_page_shows_is_in_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/guide/framework.md")).unwrap();
    let blocks: Vec<&str> =
        page.split("```rust,ignore\n").skip(1).map(|it| it.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 5, "the blocks are found");
    for block in blocks {
        let (file, shown) = block.split_once('\n').unwrap();
        let code = fs::read_to_string(root.join(file.strip_prefix("// ").unwrap())).unwrap();
        let (code, shown) = (lines(&code), lines(shown));
        assert!(code.windows(shown.len()).any(|it| it == shown), "{file} has no longer:\n{block}");
    }
}
