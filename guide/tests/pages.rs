//! Has the guide all that it promises? Each heading of the page that it follows, with a snippet that runs; and a test for each thing that
//! is compared.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// The headings of the Python package's page on plugins, and ours where another word is right.
const HEADINGS: &str = include_str!("headings.txt");

fn guide(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide").join(page)
}

/// A heading, with all that stands below it up to the next that is not below it.
#[derive(Debug)]
struct Section {
    level: usize,
    title: String,
    text: String,
}

fn sections(page: &str) -> Vec<Section> {
    let mut all: Vec<Section> = Vec::new();
    let (mut open, mut fenced) = (Vec::<usize>::new(), false);
    for line in fs::read_to_string(guide(page)).unwrap().lines() {
        fenced ^= line.trim_start().starts_with("```");
        let level = line.bytes().take_while(|it| *it == b'#').count();
        if level > 0 && !fenced {
            open.retain(|at| all[*at].level < level);
            open.push(all.len());
            let title = line[level..].trim().to_owned();
            all.push(Section { level, title, text: String::new() });
        }
        for at in &open {
            all[*at].text.extend([line, "\n"]);
        }
    }
    all
}

/// Whether there is a snippet that the documentation tests compile and run.
fn has_snippet(text: &str) -> bool {
    let fences = text.lines().filter_map(|line| line.trim_start().strip_prefix("```"));
    fences.step_by(2).any(|words| ["", "rust", "rust,standalone_crate"].contains(&words))
}

#[test]
fn the_guide_has_each_heading_of_the_page_and_a_snippet_that_runs_for_it() {
    let ours: Vec<Section> = ["plugins.md", "examples.md"].into_iter().flat_map(sections).collect();
    let mut missing = Vec::new();
    for line in HEADINGS.lines() {
        let title = line.split_once(" -> ").map_or(line, |(_, ours)| ours);
        match ours.iter().find(|it| it.title == title) {
            None => missing.push(format!("{title}: no such heading")),
            Some(it) if has_snippet(&it.text) => {}
            Some(_) => missing.push(format!("{title}: no snippet that runs")),
        }
    }
    assert!(HEADINGS.lines().count() > 30 && missing.is_empty(), "{missing:#?}");
}

/// `[name](path)` in a cell.
fn links(cell: &str) -> Vec<(&str, &str)> {
    let link = |text: &'_ str| -> Option<(usize, usize, usize)> {
        let middle = text.find("](")?;
        Some((text[..middle].rfind('[')? + 1, middle, middle + text[middle..].find(')')?))
    };
    let (mut rest, mut all) = (cell, Vec::new());
    while let Some((from, middle, end)) = link(rest) {
        all.push((&rest[from..middle], &rest[middle + 2..end]));
        rest = &rest[end..];
    }
    all
}

/// What a browser is sent to for a heading.
fn anchor(title: &str) -> String {
    let kept = |it: &char| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_');
    format!("#{}", title.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-"))
}

#[test]
fn the_contents_of_the_page_name_each_heading_in_its_order() {
    let page = fs::read_to_string(guide("plugins.md")).unwrap();
    let (top, _) = page.split_once("\n## ").unwrap();
    let named: Vec<(String, String)> = links(top)
        .into_iter()
        .filter(|(_, to)| to.starts_with('#'))
        .map(|(title, to)| (title.to_owned(), to.to_owned()))
        .collect();
    let headings: Vec<(String, String)> = sections("plugins.md")
        .into_iter()
        .filter(|it| matches!(it.level, 2 | 3))
        .map(|it| (it.title.clone(), anchor(&it.title)))
        .collect();
    assert!(headings.len() > 30 && named == headings, "{named:#?}\nbut the headings are {headings:#?}");
}

#[test]
fn each_thing_that_is_compared_names_tests_that_are_there() {
    let page = guide("pluggy.md");
    let text = fs::read_to_string(&page).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.matches(" | ").count() == 3).skip(2).collect();
    assert!(rows.len() > 20, "{rows:#?}");
    for row in rows {
        let ours = links(row.rsplit(" | ").next().unwrap());
        assert!(!ours.is_empty(), "no test: {row}");
        for (name, path) in ours {
            let path = page.parent().unwrap().join(path);
            let test =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let is_file = path.file_stem().is_some_and(|it| it == name);
            assert!(is_file || test.contains(&format!("fn {name}(")), "no {name} in {}", path.display());
        }
    }
}
