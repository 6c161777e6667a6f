//! Do file names and arguments that mean something to somebody else arrive as they are? By property, on the real binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::Config;
use tempfile::TempDir;

/// What a job writes down: its words, each with a NUL byte behind it.
const WORDS: [&str; 18] = [
    "printf", r"%s\0", "{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "{1}", "{1.}", "{1/}", "{1//}", "{1/.}",
    "x{}y", "-{/}.{#}", "{1}{1}", "{0}", "{a} {",
];
/// The same in a shell's text, in each kind of quotes.
const SHELL: &str = r#"printf '%s\0' {} {.} {/} {//} {/.} {#} {1} {1.} {1/} {1//} {1/.} x{}y "-{/}.{#}" '{1}'{1} {0} '{a} {'"#;
/// The first two words are the program's own.
const OWN: usize = 2;

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 100, ..Config::default() }
}

/// Bytes that mean something to a shell, a template, an option's reader, or a line's; and any others but NUL.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let meaning: [&[u8]; 32] = [
        b" ",
        b"'",
        b"\"",
        b"\\",
        b"\n",
        b"\r",
        b"\t",
        b"$(touch pwned)",
        b"`touch pwned`",
        b"; touch pwned;",
        b"{}",
        b"{.}",
        b"{1}",
        b"{#}",
        b"${1}",
        b"$HOME",
        b"*",
        b"?",
        b"~",
        b"-n",
        b"--",
        b"#",
        b"&",
        b"|",
        b"> pwned",
        b"!",
        b".",
        b".b",
        b"/",
        b"%s",
        b"\xFF\xFE",
        "é".as_bytes(),
    ];
    let piece = prop_oneof![
        6 => prop::sample::select(meaning.to_vec()).prop_map(<[u8]>::to_vec),
        3 => prop::collection::vec(1_u8..=255, 0..4),
        1 => Just(vec![b'l'; 255]),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|it| it.concat())
}

/// What can name a file: 1 to 255 bytes without a slash.
fn name() -> impl Strategy<Value = OsString> {
    text().prop_map(|mut name| {
        name.retain(|byte| *byte != b'/');
        name.truncate(255);
        if matches!(&name[..], b"" | b"." | b"..") {
            name.push(b'x');
        }
        OsString::from_vec(name)
    })
}

/// Names and arguments, empty ones too; none that is a separator of sources where it stands alone.
fn args() -> impl Strategy<Value = Vec<OsString>> {
    let arg = prop_oneof![name(), text().prop_map(OsString::from_vec)];
    let sources = |args: &Vec<OsString>| args.iter().any(|it| it.as_bytes().starts_with(b":::"));
    let args = prop::collection::vec(arg, 1..16).prop_filter("separators", move |args| !sources(args));
    // The last one's newline is its own, and not the list's.
    (args, prop::option::of(Just("end\n".into())))
        .prop_map(|(args, end)| args.into_iter().chain(end).collect())
}

/// What GNU parallel's manual says of a replacement string.
fn part(form: &str, arg: &[u8]) -> Vec<u8> {
    let slash = arg.iter().rposition(|it| *it == b'/').map_or(0, |at| at + 1);
    let (before, last) = arg.split_at(slash);
    let stem = match last.iter().rposition(|it| *it == b'.') {
        Some(dot) if dot + 1 < last.len() => &last[..dot],
        _ => last,
    };
    match form {
        "" => arg.to_vec(),
        "." => [before, stem].concat(),
        "/" => last.to_vec(),
        "/." => stem.to_vec(),
        "//" => directory(arg),
        _ => panic!("no such form"),
    }
}

/// As `dirname` prints it.
fn directory(arg: &[u8]) -> Vec<u8> {
    let (mut dir, bare) =
        (arg.to_vec(), |it: &[u8]| it.iter().rposition(|it| *it != b'/').map_or(0, |at| at + 1));
    dir.truncate(bare(arg));
    if dir.is_empty() && !arg.is_empty() {
        return b"/".to_vec();
    }
    let Some(at) = dir.iter().rposition(|it| *it == b'/') else { return b".".to_vec() };
    dir.truncate(bare(&dir[..at]));
    if dir.is_empty() { b"/".to_vec() } else { dir }
}

/// What job `number`, counted from 1, writes down.
fn wanted(number: usize, arg: &OsStr) -> Vec<u8> {
    let mut all = Vec::new();
    for word in &WORDS[OWN..] {
        let mut rest = *word;
        while let Some((text, after)) = rest.split_once('{') {
            all.extend_from_slice(text.as_bytes());
            let inner = after.split_once('}').map(|(inner, after)| (inner.trim_start_matches('1'), after));
            rest = match inner {
                Some(("#", after)) => {
                    all.extend_from_slice(number.to_string().as_bytes());
                    after
                }
                Some((form @ ("" | "." | "/" | "//" | "/."), after)) => {
                    all.extend(part(form, arg.as_bytes()));
                    after
                }
                _ => {
                    all.push(b'{');
                    after
                }
            };
        }
        all.extend_from_slice(rest.as_bytes());
        all.push(0);
    }
    all
}

/// A folder to work in, and one beside it for what runs keep.
struct Desk {
    root: TempDir,
}

impl Desk {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("here")).unwrap();
        Self { root }
    }

    fn here(&self) -> PathBuf {
        self.root.path().join("here")
    }

    fn workdir(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// A file outside of the folder that is looked at.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.root.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn xqute<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Command {
        let mut xqute = Command::new(env!("CARGO_BIN_EXE_xqute"));
        xqute.args(words).current_dir(self.here()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"XQUTE_")) {
            xqute.env_remove(name);
        }
        xqute
    }

    /// `xqute run --fresh`, with its output kept to the files.
    fn run(&self, options: &[&OsStr], command: &[&str], behind: &[OsString], stdin: Option<&[u8]>) {
        let mut xqute = self.xqute(["run", "-q", "--no-print", "--fresh", "-w"]);
        xqute.arg(self.workdir()).args(options).args(command).args(behind);
        if let Some(bytes) = stdin {
            xqute.stdin(File::open(self.file("stdin", bytes)).unwrap());
        }
        done(&mut xqute);
    }

    fn wrote(&self, job: usize) -> Vec<u8> {
        fs::read(self.workdir().join(job.to_string()).join("job.stdout")).unwrap()
    }

    /// Each job wrote what it should, and nobody made a file.
    fn holds(&self, args: &[OsString], files: &BTreeSet<OsString>, what: &str) {
        for (job, arg) in args.iter().enumerate() {
            let (wrote, wanted) = (self.wrote(job), wanted(job + 1, arg));
            assert!(wrote == wanted, "{what}, {arg:?}:\n{}\n{}", wrote.escape_ascii(), wanted.escape_ascii());
        }
        assert!(!self.workdir().join(args.len().to_string()).exists(), "{what}: more jobs than arguments");
        assert_eq!(names(&self.here()), *files, "{what}");
    }
}

fn done(command: &mut Command) -> Vec<u8> {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}: {}", out.stderr.escape_ascii());
    out.stdout
}

fn names(dir: &Path) -> BTreeSet<OsString> {
    fs::read_dir(dir).unwrap().map(|it| it.unwrap().file_name()).collect()
}

/// Each with `end` behind it, but the last, unless it is nothing.
fn joined_openly(args: &[OsString], end: u8) -> Vec<u8> {
    let mut bytes = joined(args, end);
    bytes.truncate(bytes.len() - usize::from(!args[args.len() - 1].is_empty()));
    bytes
}

/// Each with `end` behind it.
fn joined(args: &[OsString], end: u8) -> Vec<u8> {
    args.iter().flat_map(|it| [it.as_bytes(), &[end]].concat()).collect()
}

fn listed(args: &[OsString]) -> Vec<OsString> {
    [OsString::from(":::")].into_iter().chain(args.iter().cloned()).collect()
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn every_argument_arrives_in_every_form_from_every_source(args in args(), names in prop::collection::btree_set(name(), 0..8)) {
        let desk = Desk::new();
        for name in &names {
            fs::write(desk.here().join(name), "").unwrap();
        }
        let list = desk.file("list", &joined(&args, 0));
        let lines: Vec<OsString> = args.iter().filter(|it| !it.as_bytes().contains(&b'\n')).cloned().collect();
        let (null, from) = (OsStr::new("-0"), OsStr::new("-a"));
        for (option, command) in [(&[][..], &WORDS[..]), (&[OsStr::new("--shell")][..], &[SHELL][..])] {
            desk.run(option, command, &listed(&args), None);
            desk.holds(&args, &names, ":::");
            desk.run(&[option, &[null, from, list.as_os_str()]].concat(), command, &[], None);
            desk.holds(&args, &names, "-0 -a FILE");
            desk.run(&[option, &[null]].concat(), command, &[], Some(&joined_openly(&args, 0)));
            desk.holds(&args, &names, "-0 on standard input");
            if !lines.is_empty() {
                desk.run(option, command, &[], Some(&joined_openly(&lines, b'\n')));
                desk.holds(&lines, &names, "lines on standard input");
            }
        }
    }

    #[test]
    fn what_a_dry_run_prints_is_read_by_a_shell_as_the_same_words(args in args()) {
        let desk = Desk::new();
        let wanted: Vec<u8> = args.iter().enumerate().flat_map(|(at, arg)| wanted(at + 1, arg)).collect();
        for (option, command) in [(&["--dry-run"][..], &WORDS[..]), (&["--dry-run", "--shell"][..], &[SHELL][..])] {
            let printed = done(desk.xqute(["run"]).args(option).args(command).args(listed(&args)));
            let read = done(Command::new("bash").arg("-c").arg(OsStr::from_bytes(&printed)).current_dir(desk.here()));
            prop_assert!(read == wanted, "{}\n{}\n{}", printed.escape_ascii(), read.escape_ascii(), wanted.escape_ascii());
        }
        prop_assert_eq!(names(&desk.here()), BTreeSet::new());
    }

    #[test]
    fn a_file_is_found_by_its_name_and_each_line_has_it_for_a_tag(names in prop::collection::btree_set(name(), 1..16)) {
        let desk = Desk::new();
        for (at, name) in names.iter().enumerate() {
            fs::write(desk.here().join(name), format!("{at}\nlast line")).unwrap();
        }
        let listed = listed(&names.iter().cloned().collect::<Vec<_>>());
        let mut wanted = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let mut tag = name.as_bytes().to_vec();
            tag.iter_mut().filter(|it| **it == b'\n').for_each(|it| *it = b' ');
            wanted.extend([&tag[..], format!("\t{at}\n").as_bytes(), &tag, b"\tlast line\n"].concat());
        }
        for command in [&["cat", "./{}"][..], &["--shell", "cat < {}"]] {
            let mut xqute = desk.xqute(["run", "-q", "-k", "--tag", "--fresh", "-w"]);
            let told = done(xqute.arg(desk.workdir()).args(command).args(&listed));
            prop_assert!(told == wanted, "{}\n{}", told.escape_ascii(), wanted.escape_ascii());
        }
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn directories_and_files_of_options_may_have_any_name(
        names in prop::collection::btree_set(name().prop_filter("standard input", |it| it != "-"), 3), arg in text(),
    ) {
        let desk = Desk::new();
        let [work, list, cwd] = &names.iter().collect::<Vec<_>>()[..] else { panic!() };
        fs::write(desk.here().join(list), [&arg[..], b"\0"].concat()).unwrap();
        fs::create_dir(desk.here().join(cwd)).unwrap();
        let inside = fs::canonicalize(desk.here()).unwrap().join(cwd).into_os_string().into_vec();
        let wanted = [&inside[..], b"\n", &arg, b"\n"].concat();
        let job = ["sh", "-c", r#"pwd -P; printf '%s\n' "$1""#, "sh", "{}"];
        let option = |name: &str, value: &OsStr| [OsStr::new(name), value].join(OsStr::new("="));
        for path in [PathBuf::new(), desk.here()] {
            let [work, list, cwd] = [work, list, cwd].map(|it| path.join(it).into_os_string());
            let workdir = option("--workdir", &work);
            let options = [workdir.clone(), option("--arg-file", &list), option("--cwd", &cwd)];
            prop_assert_eq!(&done(desk.xqute(["run", "-q", "-0", "--fresh"]).args(&options).args(job)), &wanted);
            prop_assert_eq!(&done(desk.xqute(["logs", "0"]).arg(&workdir)), &wanted);
            done(desk.xqute(["status", "0"]).arg(&workdir));
            let script = done(desk.xqute(["script", "0"]).arg(&workdir));
            let again = done(Command::new("sh").arg("-c").arg(OsStr::from_bytes(&script)).current_dir(desk.here()));
            prop_assert_eq!(&again, &wanted);
        }
        prop_assert_eq!(self::names(&desk.here()), names.clone());
        prop_assert_eq!(self::names(&desk.here().join(cwd)), BTreeSet::new());
    }
}
