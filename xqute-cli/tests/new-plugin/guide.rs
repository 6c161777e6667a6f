//! Does docs/guide/first-plugin.md work, typed as it stands? From nothing to hooks that are called, and a second build.

use std::fs::OpenOptions;
use std::io::Write;

use crate::desk::Desk;

const PAGE: &str = include_str!("../../../docs/guide/first-plugin.md");
const LIB: &str = "xqute-plugin-tell/src/lib.rs";

/// The blocks of the page: language and text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    PAGE.split("\n```").skip(1).step_by(2).map(|it| it.split_once('\n').unwrap()).collect()
}

/// The last lines, in any order, because jobs run at the same time; and without how long a run took.
fn last_lines(text: &str, count: usize) -> Vec<String> {
    let took = |line: &str| {
        let from = line.find(", in ").filter(|_| line.starts_with("xqute: ")).map(|at| at + 5)?;
        let length = line[from..].find(" s").filter(|it| line[from..from + it].parse::<f64>().is_ok())?;
        Some(format!("{}TIME{}", &line[..from], &line[from + length..]))
    };
    let mut lines: Vec<String> =
        text.lines().rev().take(count).map(|line| took(line).unwrap_or_else(|| line.to_owned())).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn the_page_works_as_it_stands() {
    let desk = Desk::new();
    // The first block goes into the crate, where the others are typed.
    let (mut typed, mut told, mut folder) = (String::new(), Vec::new(), ".");
    for (language, text) in blocks() {
        match language {
            "sh" => {
                told.push(desk.told(&format!("cd {folder}\n(\n{text}\n) 2>&1")));
                (typed, folder) = (typed + text + "\n", "xqute-plugin-tell");
            }
            "text" if text.starts_with("xqute build ") => {}
            "text" => {
                let told = told.last().unwrap();
                assert_eq!(last_lines(told, text.lines().count()), last_lines(text, usize::MAX), "{told}");
            }
            "rust" if desk.read(LIB).contains(text) => {}
            "rust" => {
                let mut lib = OpenOptions::new().append(true).open(desk.path(LIB)).unwrap();
                write!(lib, "\n{text}\n").unwrap();
            }
            other => panic!("a block of `{other}`"),
        }
    }
    let [.., told, checked] = &*told else { panic!("{told:?}") };
    assert!(told.contains("job 0 succeeded"), "the hook that was written last is called: {told}");
    assert!(checked.contains("test result: ok. 1 passed"), "with that hook the test holds: {checked}");

    // What `xqute new-plugin` prints is on the page.
    let printed = desk.told("rm -r xqute-plugin-tell; xqute new-plugin tell");
    assert!(
        printed.starts_with("xqute-plugin-tell/ has a plugin `tell` in it, on the xqute of /"),
        "{printed}"
    );
    let printed: Vec<&str> = printed.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert!(
        printed.len() == 3 && printed.iter().all(|line| typed.contains(&format!("{line}\n"))),
        "{printed:?}"
    );
}
