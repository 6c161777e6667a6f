//! Where do two texts differ? In which blocks, and there in which lines.

use std::fmt::Write;

/// The blocks that differ, whole, each under its scenario's and its own title; a line that is only in the first text begins
/// with `-`, one that is only in the second with `+`.
pub(crate) fn of_blocks(before: &str, after: &str) -> String {
    let (before, after) = (blocks(before), blocks(after));
    let mut out = String::new();
    let mut titles: Vec<&str> = before.iter().map(|(title, _)| title.as_str()).collect();
    titles.extend(after.iter().map(|(title, _)| title.as_str()).filter(|title| !find(&before, title).1));
    for title in titles {
        let (old, new) = (find(&before, title).0, find(&after, title).0);
        if old != new {
            writeln!(out, "  {title}\n{}", of_lines(old, new)).unwrap();
        }
    }
    if out.is_empty() && before != after {
        out.push_str("the blocks stand in another order\n");
    }
    out
}

type Block<'a> = (String, Vec<&'a str>);

/// A block's lines, and whether there is one of this title.
fn find<'a, 'b>(blocks: &'a [Block<'b>], title: &str) -> (&'a [&'b str], bool) {
    blocks.iter().find(|it| it.0 == title).map_or((&[], false), |(_, lines)| (lines.as_slice(), true))
}

/// A block begins with `===` or `---`; the latter is of the scenario of the last `===`.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut scenario = "";
    for line in text.lines() {
        if line.starts_with("=== ") {
            scenario = line;
            blocks.push((line.to_owned(), Vec::new()));
        } else if line.starts_with("--- ") {
            blocks.push((format!("{scenario} {line}"), Vec::new()));
        } else if let Some((_, lines)) = blocks.last_mut() {
            lines.push(line);
        }
    }
    blocks
}

/// The longest common lines stay.
fn of_lines(old: &[&str], new: &[&str]) -> String {
    // `common[i][j]`: how many lines are common from `old[i]` and `new[j]` on.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        let (mark, line) = if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            (' ', old[i - 1])
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            i += 1;
            ('-', old[i - 1])
        } else {
            j += 1;
            ('+', new[j - 1])
        };
        writeln!(out, "{mark} {line}").unwrap();
    }
    out
}

#[test]
fn a_difference_is_told_in_its_block_and_no_other() {
    let before = "=== kill, direct\n--- job 0\na\nb\nc\n--- run\nd\n";
    assert_eq!(of_blocks(before, before), "");
    let after = "=== kill, direct\n--- job 0\na\nc\ne\n--- run\nd\n=== more, direct\n";
    assert_eq!(of_blocks(before, after), "  === kill, direct --- job 0\n  a\n- b\n  c\n+ e\n\n");
    let gone = "=== kill, direct\n--- job 0\na\nb\nc\n";
    assert_eq!(of_blocks(before, gone), "  === kill, direct --- run\n- d\n\n");
}
