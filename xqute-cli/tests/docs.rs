//! Does what the documents say work? Every command line of README.md, `docs/`, `docs/plugins/` and the help is run.
//!
//! A line of a `sh` block, a command in running text and an example of the help are run in a directory of their own; the lines of a
//! `console` block one after the other in one directory, and they print what the block says. Files that a document shows above are there.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

#[path = "docs/shown.rs"]
mod shown;

/// What is not run here, and why.
const NOT_RUN: [(&str, &str); 7] = [
    (
        "cargo run --release -q -- run -j 4 -w .xqute-readme sha256sum ::: $(git ls-files '*.rs')",
        "`.ci/run` runs it, and compares",
    ),
    ("cargo test --workspace", "this is it"),
    (
        "yes true | head -n 1000000 | xqute run -s null -j 64 --no-print",
        "a measurement: a million jobs take long in a debug build",
    ),
    (
        "xqute build --debug --with tell=xqute-plugin-tell",
        "tests/new-plugin builds one, as docs/guide/first-plugin.md says",
    ),
    ("xqute build --with tell=…/xqute-plugin-tell", "the same, and minutes longer"),
    ("xqute build --features full", "the same, and minutes longer"),
    ("xqute run -c FILE", "FILE is what `xqute config` has written: tests/settings.rs reads it again"),
];

/// The languages of blocks; none other, so that no command hides in one that is not read.
const LANGUAGES: [&str; 9] =
    ["sh", "console", "rust", "rust,no_run", "toml", "python", "json", "sql", "text"];

/// A run of four jobs, of which number 3 failed.
const A_RUN: &str = "xqute run -q -j 1 --shell 'echo out {}; test {} != d' ::: a b c d || [ $? = 1 ]";

/// What commands that begin so need to find; a file `.stdin` is their standard input.
const PREPARED: [(&str, &str); 15] = [
    ("xqute attach", "xqute run --detach true ::: a b"),
    // It goes to the background before it has read all of its list.
    (
        "xqute kill",
        "xqute run --detach sleep ::: 5 5 5 5; until xqute status --json | grep -q '\"total\":4'; do sleep 0.05; done",
    ),
    ("xqute resume", "xqute run -q -w .xqute true; xqute run -q -w results true"),
    ("xqute status", A_RUN),
    ("xqute logs", A_RUN),
    ("xqute script", A_RUN),
    ("xqute cat", A_RUN),
    ("xqute export", A_RUN),
    ("xqute explain", A_RUN),
    ("xqute journal", A_RUN),
    ("xqute check", "xqute run -q -w .xqute true; xqute run -q -w results true"),
    ("xqute completions zsh >", "mkdir ~/.zfunc"),
    ("xqute completions fish >", "mkdir -p ~/.config/fish/completions"),
    ("xqute man --dir", "mkdir -p ~/.local/share/man/man1"),
    ("xqute run mv {} {}.bak", "echo one.txt > .stdin"),
];

/// Where `xqute run` has no COMMAND, or one with a place, and nothing says from where its arguments are.
const PREPARED_FULLY: [(&str, &str); 3] = [
    ("xqute run", "echo true > .stdin"),
    ("xqute run -j 3", "echo true > .stdin"),
    ("xqute run --shell 'a {} | b'", "echo one.txt > .stdin"),
];

/// Files that the documents speak of.
const FILES: [(&str, &str); 13] = [
    ("april.csv", "30\n"),
    ("last may.csv", "31\n31\n"),
    ("one.txt", "b\na\n"),
    ("two words.txt", "d\nc\nc\n"),
    ("main.rs", "fn main() {}\n"),
    ("main.c", "int main(void) { return 0; }\n"),
    ("song.wav", "la\n"),
    ("another song.wav", "lala\n"),
    ("commands.txt", "echo first\n\n# none\necho 'the second'\n"),
    ("xqute.toml", "[profile.night]\nforks = 64\n"),
    (
        "jobs.toml",
        "[[job]]\nname = 'sum'\nshell = 'cat part-* > sum'\nafter = ['part']\n[[job]]\ncmd = './compute 1'\ntags = ['part']\n",
    ),
    ("compute", "#!/bin/sh\necho $1 > part-$1\n"),
    ("simulate", "#!/bin/sh\necho simulated $1\n"),
];

/// Programs that they speak of and that are no dependency.
const PROGRAMS: [(&str, &str); 5] = [
    ("lame", "cp \"$1\" \"$2\""),
    ("make", "echo made"),
    ("a", "cat \"$1\""),
    ("b", "sort"),
    (
        "conda",
        "[ \"$1 $2 $3\" = 'run --no-capture-output -n' ] && export CONDA_DEFAULT_ENV=$4 && shift 4 && exec \"$@\"",
    ),
];

/// A directory to run commands in.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for folder in ["here", "home", "bin"] {
            fs::create_dir(desk.0.path().join(folder)).unwrap();
        }
        FILES.iter().for_each(|(name, text)| desk.write(&format!("here/{name}"), text));
        PROGRAMS
            .iter()
            .for_each(|(name, text)| desk.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{text}\n")));
        desk
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The files that a document shows above a place in it.
    fn show(&self, documents: &[(String, String)], place: &str) {
        let Some((name, line)) = place.split_once(':') else { return };
        let text = documents.iter().find(|it| it.0 == name).map_or("", |it| &it.1);
        for (name, text) in shown::files(text, line.parse().unwrap()) {
            self.write(&format!("here/{name}"), &text);
        }
    }

    /// Runs a line as a reader would, who has just built xqute.
    fn bash(&self, line: &str) -> Output {
        let here = self.0.path().join("here");
        let xqute = Path::new(env!("CARGO_BIN_EXE_xqute")).parent().unwrap();
        let bin = self.0.path().join("bin");
        let path = format!("{}:{}:{}", xqute.display(), bin.display(), std::env::var("PATH").unwrap());
        // A page shows `nice`: whoever tests may run at another priority than who reads it.
        let usual = (-rustix::process::nice(0).unwrap()).to_string();
        let mut bash = Command::new("nice");
        bash.args(["-n", &usual, "bash", "-euo", "pipefail", "-c", line]).current_dir(&here);
        bash.env("PATH", path)
            .env("HOME", self.0.path().join("home"))
            .env("MANPAGER", "cat")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("XDG_DATA_HOME");
        bash.stdin(File::open(here.join(".stdin")).map_or_else(|_| Stdio::null(), Stdio::from));
        bash.output().unwrap()
    }

    /// What a line printed; it has to be all right.
    fn told(&self, line: &str) -> String {
        let out = self.bash(line);
        let text = String::from_utf8_lossy(&[&out.stdout[..], &out.stderr].concat()).into_owned();
        assert!(out.status.success(), "{line}: {}\n{text}", out.status);
        assert!(!text.contains("there are no jobs"), "{line}: it ran nothing");
        text
    }
}

/// A command of a document.
#[derive(Debug)]
struct Said {
    place: String,
    line: String,
    /// What it prints, as a `console` block has it; and the number of that block.
    prints: Option<(usize, String)>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// README.md and what is in `docs/` and `docs/plugins/`.
fn documents() -> Vec<(String, String)> {
    let list = |folder| fs::read_dir(root().join(folder)).unwrap().map(|it| it.unwrap().path());
    let mut paths: Vec<PathBuf> = list("docs").chain(list("docs/plugins")).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "md"));
    paths.push(root().join("README.md"));
    let read = |path: PathBuf| {
        (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

/// The commands of a document: in its blocks, and those in running text that can be typed as they stand.
fn said(name: &str, text: &str) -> Vec<Said> {
    let (mut found, mut language, mut blocks, mut before) = (Vec::<Said>::new(), None, 0, 0);
    let mut continued = String::new();
    for (at, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", at + 1);
        if let Some(after) = line.strip_prefix("```") {
            assert!(continued.is_empty(), "{place}: the last line of the block goes on");
            let commands = language.is_none_or(|it| it != "sh" && it != "console") || found.len() > before;
            assert!(commands, "{place}: the block that ends here has no command");
            (language, before) = (if language.is_some() { None } else { Some(after) }, found.len());
            assert!(language.is_none_or(|it| LANGUAGES.contains(&it)), "{place}: a block of `{after}`");
            blocks += 1;
            continue;
        }
        match language {
            None if line.matches('`').count() % 2 == 1 => panic!("{place}: a backtick without another"),
            None => found.extend(spans(line).map(|line| Said { place: place.clone(), line, prints: None })),
            Some("sh") => {
                continued.push_str(line);
                if continued.ends_with('\\') {
                    continued.push('\n');
                    continue;
                }
                let line = std::mem::take(&mut continued);
                if !line.trim_start().is_empty() && !line.starts_with('#') {
                    found.push(Said { place, line, prints: None });
                }
            }
            Some("console") => match line.strip_prefix("$ ") {
                Some(line) => {
                    found.push(Said { place, line: line.to_owned(), prints: Some((blocks, String::new())) })
                }
                None => {
                    let prints = found.last_mut().and_then(|it| it.prints.as_mut());
                    let (_, prints) = prints.unwrap_or_else(|| panic!("{place}: output before a `$ `"));
                    prints.push_str(&format!("{line}\n"));
                }
            },
            Some(_) => {}
        }
    }
    found
}

/// The commands between backticks; in a table `|` has a backslash before it.
fn spans(line: &str) -> impl Iterator<Item = String> {
    line.split('`').skip(1).step_by(2).map(|it| it.replace("\\|", "|")).filter(|it| is_command(it))
}

fn is_command(line: &str) -> bool {
    line.starts_with("xqute ") || ["| xqute ", "(xqute "].iter().any(|it| line.contains(it))
}

/// The examples of the help, each a line that is indented by two; what follows two blanks says what it does.
fn examples(verb: &str, help: &str) -> Vec<Said> {
    let lines = help.lines().filter_map(|line| line.strip_prefix("  ")).filter(|it| is_command(it));
    let lines = lines.map(|it| it.split("  ").next().unwrap().to_owned());
    lines
        .chain(help.lines().flat_map(spans))
        .map(|line| Said { place: format!("xqute {verb} --help"), line, prints: None })
        .collect()
}

/// What every verb says of itself; the verbs are those that the first help lists.
fn helps() -> Vec<Said> {
    let desk = Desk::new();
    let (mut found, mut verbs) = (Vec::new(), vec![String::new()]);
    while let Some(verb) = verbs.pop() {
        let help = desk.told(&format!("xqute {verb} --help"));
        found.extend(examples(&verb, &help));
        let listed = help.split_once("Commands:\n").map_or("", |(_, it)| it.split("\n\n").next().unwrap());
        let names = listed.lines().filter_map(|it| it.split_whitespace().next()).filter(|it| *it != "help");
        verbs.extend(names.map(|it| format!("{verb} {it}").trim_start().to_owned()));
    }
    found
}

fn all() -> Vec<Said> {
    documents().iter().flat_map(|(name, text)| said(name, text)).chain(helps()).collect()
}

fn preparation(line: &str) -> &'static str {
    let fully = PREPARED_FULLY.iter().find(|(whole, _)| *whole == line);
    fully
        .or_else(|| PREPARED.iter().find(|(begin, _)| line.starts_with(begin)))
        .map_or("true", |(_, how)| how)
}

#[test]
fn every_command_line_works() {
    let (mut desk, mut session, documents) = (Desk::new(), None, documents());
    for Said { place, line, prints } in all() {
        if NOT_RUN.iter().any(|(it, _)| *it == line) {
            continue;
        }
        let block = prints.as_ref().map(|(block, _)| (place.split(':').next().unwrap().to_owned(), *block));
        if block.is_none() || block != session {
            desk = Desk::new();
            desk.told(preparation(&line));
            desk.show(&documents, &place);
        }
        session = block;
        let told = desk.told(&line);
        if let Some((_, wanted)) = prints {
            assert_eq!(told, wanted, "{place}: {line}");
        }
    }
}

#[test]
fn what_is_said_of_single_lines_is_still_true_of_one() {
    let all = all();
    for (line, _) in NOT_RUN.iter().chain(&PREPARED_FULLY) {
        assert!(all.iter().any(|it| it.line == *line), "no document has this line: {line}");
    }
    for (begin, _) in PREPARED {
        assert!(all.iter().any(|it| it.line.starts_with(begin)), "no line begins with: {begin}");
    }
    for place in ["README.md", "coming-from.md", "xqute  --help", "xqute run --help", "xqute man --help"] {
        assert!(all.iter().any(|it| it.place.starts_with(place)), "no command was found in {place}");
    }
    assert!(all.iter().any(|it| it.prints.is_some()), "no console block");
}

#[test]
fn a_document_is_read_as_it_is_meant() {
    let text =
        "or `xqute a \\| b`, not `this`\n```sh\n# c\nd | \\\n  e  # f\n```\n```console\n$ g\nh\n$ i\n```\n";
    let said = said("x", text);
    let lines: Vec<_> = said.iter().map(|it| (&*it.place, &*it.line)).collect();
    assert_eq!(lines, [("x:1", "xqute a | b"), ("x:5", "d | \\\n  e  # f"), ("x:8", "g"), ("x:10", "i")]);
    let prints: Vec<_> = said.iter().filter_map(|it| it.prints.as_ref()).map(|(_, it)| &**it).collect();
    assert_eq!(prints, ["h\n", ""]);
    let said = examples("v", "Examples:\n  xqute a b    what\n      xqute c  no example\n  find | xqute d\n");
    assert_eq!(said.iter().map(|it| &*it.line).collect::<Vec<_>>(), ["xqute a b", "find | xqute d"]);
}

/// What the README says that makes `man` and the shell know xqute does.
#[test]
fn the_manual_and_the_completions_are_found_once_they_are_installed() {
    let desk = Desk::new();
    let install: Vec<String> =
        all().into_iter().map(|it| it.line).filter(|it| it.starts_with("mkdir -p ~/")).collect();
    assert_eq!(install.len(), 2, "{install:?}");
    install.iter().for_each(|line| drop(desk.told(line)));
    // Justified, a line that is full has more blanks.
    let page = desk.told("man --no-justification -M ~/.local/share/man xqute-plugins-order");
    assert!(page.contains("xqute plugins order"), "{page}");
    let complete = "COMP_WORDS=(xqute sta); COMP_CWORD=1; _xqute xqute sta xqute; echo ${COMPREPLY[@]}";
    let sourced = format!("set +eu; source ~/.local/share/bash-completion/completions/xqute; {complete}");
    assert_eq!(desk.told(&sourced), "status\n");
}

#[test]
fn the_pages_of_the_manual_are_rendered_without_a_warning() {
    let desk = Desk::new();
    desk.told("mkdir pages; xqute man --dir pages");
    let pages = desk.told("ls pages");
    assert!(pages.lines().count() >= 9, "{pages}");
    for page in pages.lines() {
        let told = desk.told(&format!("man --warnings=w -l pages/{page} 2>&1 > /dev/null"));
        assert_eq!(told, "", "{page}");
    }
    let page = desk.told("MANWIDTH=80 man -l pages/xqute-run.1");
    assert!(
        page.contains("\n         xqute run echo {1} {2} ::: a b ::: 1 2        all combinations"),
        "{page}"
    );
}
