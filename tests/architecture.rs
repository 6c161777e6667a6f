//! Does the core keep to its rooms? The table of ARCHITECTURE.md, read off the code.
//!
//! A room imports only the rooms that the table allows it; `unsafe` stands in three files; every file says what question it
//! answers; a `mod.rs` declares and holds no logic; no function is longer than sixty lines.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Each room and what it may import.
const ROOMS: [(&str, &[&str]); 8] = [
    ("job", &[]),
    ("lifecycle", &["job"]),
    ("script", &["job"]),
    ("backend", &["job", "script"]),
    ("store", &["job", "lifecycle"]),
    ("hook", &["job"]),
    ("engine", &["job", "lifecycle", "script", "backend", "store", "hook"]),
    ("testing", &["job", "backend", "hook", "engine"]),
];

/// What is no room: the crate's face, its macros, and the door for generated code.
const FACE: [&str; 3] = ["lib", "macros", "__private"];

/// The files that may have `unsafe` in them.
const UNSAFE: [&str; 4] = [
    "hook/dispatch/entry.rs",
    "backend/local/child.rs",
    "backend/local/guardian.rs",
    "backend/local/system.rs",
];

const LONGEST_FUNCTION: usize = 60;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file below a folder of the project, with its path in it.
fn files(below: &str) -> Vec<(String, String)> {
    let (base, mut found) = (root().join(below), Vec::new());
    let mut folders = vec![base.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let name = path.strip_prefix(&base).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no Rust file below {below}");
    found
}

/// The room that a file of the core belongs to.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// What one file does that it may not.
fn wrongs(file: &str, text: &str) -> Vec<String> {
    let mut reader = Reader { file, allowed: allowed(file), wrongs: Vec::new() };
    if !text.starts_with("//!") {
        reader.wrongs.push(format!("{file} does not begin with `//!` and the question that it answers"));
    }
    reader.visit_file(&syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}")));
    reader.wrongs
}

/// The rooms that a file may import; `None` for a file of the crate's face.
fn allowed(file: &str) -> Option<Vec<&'static str>> {
    let own = room(file);
    let (name, allowed) = ROOMS.iter().find(|(name, _)| *name == own)?;
    Some([name].into_iter().chain(allowed.iter()).copied().collect())
}

struct Reader<'a> {
    file: &'a str,
    allowed: Option<Vec<&'static str>>,
    wrongs: Vec<String>,
}

impl Reader<'_> {
    fn wrong(&mut self, at: proc_macro2::Span, what: &str) {
        self.wrongs.push(format!("{}:{} {what}", self.file, at.start().line));
    }

    /// A path that begins with these segments.
    fn path(&mut self, segments: &[&syn::Ident]) {
        let Some(allowed) = self.allowed.clone() else { return };
        let names: Vec<String> = segments.iter().map(ToString::to_string).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names[..] {
            ["crate" | "xqute" | "xqute_core", target, ..] if !allowed.contains(&target) => {
                self.wrong(segments[0].span(), &format!("imports `{target}`, which its room may not"));
            }
            // In a room's mod.rs, `super` is the crate.
            ["super", target, ..]
                if self.file.matches('/').count() == 1 && self.file.ends_with("/mod.rs") =>
            {
                self.wrong(segments[0].span(), &format!("imports `{target}` from outside of its room"));
            }
            ["super", "super", ..] => self.wrong(segments[0].span(), "climbs out with `super::super`"),
            _ => {}
        }
    }

    fn tree<'t>(&mut self, before: &mut Vec<&'t syn::Ident>, tree: &'t syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(&path.ident);
                self.tree(before, &path.tree);
                before.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|it| self.tree(before, it)),
            syn::UseTree::Name(syn::UseName { ident, .. })
            | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                before.push(ident);
                self.path(before);
                if self.allowed.is_some() && before[..] == ["crate"] {
                    self.wrong(ident.span(), "imports the crate as a whole");
                }
                before.pop();
            }
            syn::UseTree::Glob(glob) => {
                self.path(before);
                if self.allowed.is_some() && before[..] == ["crate"] {
                    self.wrong(glob.star_token.span, "imports the crate as a whole");
                }
            }
        }
    }

    fn unsafety(&mut self, at: proc_macro2::Span) {
        if self.allowed.is_some() && !UNSAFE.contains(&self.file) {
            self.wrong(at, "has `unsafe`, which stands in three files only");
        }
    }

    fn function(&mut self, signature: &syn::Signature, whole: proc_macro2::Span) {
        if let syn::Safety::Unsafe(it) = &signature.safety {
            self.unsafety(it.span());
        }
        let lines = whole.end().line + 1 - signature.span().start().line;
        if lines > LONGEST_FUNCTION {
            self.wrong(signature.span(), &format!("`{}` has {lines} lines", signature.ident));
        }
        if self.file.ends_with("mod.rs") {
            self.wrong(signature.span(), "a function in a mod.rs, which only declares");
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        if self.allowed.is_some() {
            self.wrong(item.extern_token.span, "names a crate anew");
        }
    }

    /// What a macro is given is no tree of syntax: a room's name after `crate ::` counts.
    fn visit_macro(&mut self, it: &'ast syn::Macro) {
        let text = it.tokens.to_string();
        for after in text.split("crate :: ").skip(1) {
            let target = after.split(|it: char| !it.is_alphanumeric()).next().unwrap();
            if ROOMS.iter().any(|(room, _)| *room == target)
                && self.allowed.as_ref().is_some_and(|it| !it.contains(&target))
            {
                self.wrong(it.span(), &format!("imports `{target}` in a macro, which its room may not"));
            }
        }
        visit::visit_macro(self, it);
    }

    fn visit_trait_item_fn(&mut self, it: &'ast syn::TraitItemFn) {
        self.function(&it.sig, it.span());
        visit::visit_trait_item_fn(self, it);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.path(&path.segments.iter().map(|it| &it.ident).collect::<Vec<_>>());
        visit::visit_path(self, path);
    }

    fn visit_expr_unsafe(&mut self, it: &'ast syn::ExprUnsafe) {
        self.unsafety(it.unsafe_token.span);
        visit::visit_expr_unsafe(self, it);
    }

    fn visit_item_impl(&mut self, it: &'ast syn::ItemImpl) {
        if let Some(unsafety) = &it.unsafety {
            self.unsafety(unsafety.span);
        }
        visit::visit_item_impl(self, it);
    }

    fn visit_item_fn(&mut self, it: &'ast syn::ItemFn) {
        self.function(&it.sig, it.span());
        visit::visit_item_fn(self, it);
    }

    fn visit_impl_item_fn(&mut self, it: &'ast syn::ImplItemFn) {
        self.function(&it.sig, it.span());
        visit::visit_impl_item_fn(self, it);
    }
}

fn assert_none(wrongs: &[String]) {
    assert!(wrongs.is_empty(), "\n{}\n", wrongs.join("\n"));
}

#[test]
fn every_room_keeps_to_its_table() {
    let wrongs: Vec<String> =
        files("xqute-core/src").iter().flat_map(|(file, text)| wrongs(file, text)).collect();
    assert_none(&wrongs);
}

#[test]
fn every_folder_is_a_room_of_the_table() {
    for (file, _) in files("xqute-core/src") {
        let room = room(&file);
        let known = FACE.contains(&room) || ROOMS.iter().any(|(name, _)| *name == room);
        assert!(known, "{file} belongs to no room: is there a new question? Then it has a line in the table");
    }
}

#[test]
fn other_crates_begin_their_files_with_a_question_and_have_no_unsafe() {
    for folder in ["xqute/src", "xqute-macros/src", "xqute-plugins/src", "xqute-cli/src", "frame/src"] {
        for (file, text) in files(folder) {
            assert!(text.starts_with("//!"), "{folder}/{file} does not begin with `//!`");
            assert!(!text.contains("unsafe {"), "{folder}/{file} has `unsafe`");
        }
    }
}

#[test]
fn the_table_is_the_one_of_the_document() {
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (room, allowed) in ROOMS {
        let row = document.lines().find(|line| line.starts_with(&format!("| `{room}` |")));
        let row = row.unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for `{room}`"));
        let cell = row.split('|').rfind(|cell| !cell.trim().is_empty()).unwrap().trim();
        let told = if allowed.is_empty() { "-".to_owned() } else { allowed.join(", ") };
        assert_eq!(cell, told, "the row of `{room}`");
    }
}

/// Each step of a job's life names a file, and then functions that are in it.
#[test]
fn the_walk_through_the_code_is_true() {
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, walk) = document.split_once("## The life of one job").unwrap();
    let (walk, _) = walk.split_once("\n## ").unwrap();
    let (mut text, mut functions) = (None, 0);
    for name in walk.split('`').skip(1).step_by(2) {
        if name.ends_with(".rs") {
            let file = root().join("xqute-core/src").join(name);
            // A file beside the last one, by its name alone.
            let beside = root().join("xqute-core/src/engine").join(name);
            text = Some((name, fs::read_to_string(file).or_else(|_| fs::read_to_string(beside)).unwrap()));
            continue;
        }
        let (file, text) = text.as_ref().expect("a file comes before its functions");
        let function = name.rsplit("::").next().unwrap();
        let there = text.contains(&format!("fn {function}")) || text.contains(&format!("struct {function}"));
        assert!(there || name.starts_with("on_"), "{file} has no `{name}`");
        functions += usize::from(there);
    }
    let steps = walk.lines().filter(|line| line.starts_with(|it: char| it.is_ascii_digit())).count();
    assert!(steps <= 10 && functions >= steps, "{steps} steps, {functions} functions");
}

/// What the test is worth: a real file, made wrong in one place, is found out.
#[test]
fn a_mutation_is_found() {
    let real = |file: &str| fs::read_to_string(root().join("xqute-core/src").join(file)).unwrap();
    let mutations = [
        ("job/argv.rs", "use crate::hook::Hooks;"),
        ("job/argv.rs", "use crate::{job::Status, engine::Xqute};"),
        ("job/argv.rs", "pub use crate::Xqute;"),
        ("job/argv.rs", "use crate as other;"),
        ("lifecycle/step.rs", "fn f() { let _ = crate::store::WorkDir::open; }"),
        ("lifecycle/step.rs", "mod inner { fn f() -> xqute::engine::Xqute { todo!() } }"),
        ("backend/local.rs", "use crate::engine::Xqute;"),
        ("store/workdir.rs", "use super::super::hook::Hooks;"),
        ("hook/cost.rs", "fn f() { unsafe { g() } }"),
        ("hook/cost.rs", "unsafe impl Send for X {}"),
        ("engine/mod.rs", "fn logic() {}"),
        ("job/argv.rs", "use crate::*;"),
        ("job/mod.rs", "use super::engine::Xqute;"),
        ("job/argv.rs", "extern crate self as other;"),
        ("job/argv.rs", "fn f() { println!(\"{:?}\", crate::engine::Xqute::builder()); }"),
        ("hook/cost.rs", "trait T { unsafe fn f(); }"),
    ];
    for (file, line) in mutations {
        let text = real(file);
        assert_none(&wrongs(file, &text));
        assert_eq!(wrongs(file, &format!("{text}\n{line}\n")).len(), 1, "{file} with {line}");
    }
    let long = format!("fn f() {{\n{}}}\n", "g();\n".repeat(LONGEST_FUNCTION));
    assert_eq!(wrongs("job/argv.rs", &format!("{}{long}", real("job/argv.rs"))).len(), 1);
    assert_eq!(wrongs("job/argv.rs", "fn f() {}").len(), 1);
}
