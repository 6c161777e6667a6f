//! What does `xqute new-plugin` make, and what does it refuse to make?

use std::fs;
use std::os::unix::fs::symlink;

use crate::desk::{Desk, root};

/// Where a line of the template is full, a name makes it too long for rustfmt.
#[test]
fn what_is_made_is_formatted_whatever_it_is_called() {
    let desk = Desk::new();
    for name in ["a".to_owned(), "b-2".repeat(17)] {
        desk.told(&format!("xqute new-plugin {name}; cd xqute-plugin-{name}; cargo fmt --check"));
    }
}

#[test]
fn no_mark_of_the_template_is_left_and_nothing_beside() {
    let desk = Desk::new();
    desk.told(&format!("xqute new-plugin xqute-plugin-tell --xqute {}", root().display()));
    let files = desk.told("find xqute-plugin-tell -type f");
    for file in files.lines() {
        let text = desk.read(file).replace("${{ matrix.rust }}", "");
        assert!(!text.contains("{{"), "{file}: {text}");
        assert!(file.ends_with("Cargo.lock") || text.ends_with('\n'), "{file} has no end");
    }
    assert_eq!(files.lines().count(), 9, "{files}");
    assert_eq!(desk.told("ls -A"), "xqute-plugin-tell\n");
    assert_eq!(desk.told("umask 027; xqute new-plugin b > /dev/null; stat -c %a xqute-plugin-b"), "750\n");
}

/// A CI has no checkout where the author has one.
#[test]
fn a_ci_takes_xqute_from_its_repository() {
    let desk = Desk::new();
    desk.told("xqute new-plugin tell");
    let ci = desk.read("xqute-plugin-tell/.github/workflows/ci.yml");
    let step = ci.lines().find_map(|line| line.trim().strip_prefix("- run: sed ")).unwrap();
    let manifest = desk.told(&format!("cd xqute-plugin-tell; sed {step}; grep ^xqute Cargo.toml"));
    let line = format!(
        "xqute = {{ version = \"{}\", git = \"{}\"",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_REPOSITORY")
    );
    assert_eq!(manifest, format!("{line} }}\n{line}, features = [\"testing\"] }}\n"));
}

/// What is printed works as it is typed, on the checkout that was named.
#[test]
fn what_is_printed_builds_on_the_same_xqute() {
    let desk = Desk::new();
    symlink(root(), desk.path("a link")).unwrap();
    let printed = desk.told("xqute new-plugin tell --xqute 'a link'");
    let build = printed.lines().rev().nth(1).unwrap().replacen("--debug", "--debug --offline", 1);
    assert!(build.contains(&format!(" --xqute {} ", root().display())), "{printed}");
    let told = desk.told(&format!("cd xqute-plugin-tell\n{build}"));
    // The jobs run at the same time.
    assert!(["hello\n", "world\n"].iter().all(|it| told.contains(it)), "{told}");
}

/// A program that is gone, or cannot be printed, is called by its name.
#[test]
fn a_program_is_told_as_it_can_be_typed() {
    let desk = Desk::new();
    let copied =
        "cp $(type -P xqute) \"$name\"; \"$name\" new-plugin tell | tail -2 | head -1 | cut -d' ' -f3,4";
    let told = desk.told(&format!("name=./mine; {copied}"));
    assert_eq!(told, format!("{} build\n", desk.path("mine").canonicalize().unwrap().display()));
    assert_eq!(desk.told(&format!("rm -r xqute-*; name=$'./\\xff'; {copied}")), "xqute build\n");
}

#[test]
fn what_cannot_be_made_is_refused_and_leaves_nothing() {
    let desk = Desk::new();
    for name in ["Tell", "1st", "a_b", "a/b", "''", "xqute-plugin-", &"a".repeat(52)] {
        let told = desk.refused(&format!("xqute new-plugin {name}"));
        assert!(told.contains("cannot be a plugin's name: write lower-case letters"), "{told}");
    }
    for name in ["log", "print", "email", "database"] {
        let told = desk.refused(&format!("xqute new-plugin {name}"));
        assert_eq!(told, format!("xqute: xqute has a plugin `{name}` itself: choose another name"));
    }
    let told = desk.refused("xqute new-plugin tell --xqute .");
    assert!(
        told.starts_with("xqute: . is no checkout of xqute: --xqute takes a clone of https://"),
        "{told}"
    );
    assert!(
        desk.refused("xqute new-plugin tell --xqute nowhere").starts_with("xqute: cannot read nowhere: ")
    );
    desk.write("xqute-plugin-tell/mine", "");
    assert_eq!(
        desk.refused("xqute new-plugin tell"),
        "xqute: xqute-plugin-tell is here already: choose another name, or move it away"
    );
    fs::create_dir(desk.path("sealed")).unwrap();
    assert_eq!(desk.told("ls -A; ls xqute-plugin-tell"), "sealed\nxqute-plugin-tell\nmine\n");
}
