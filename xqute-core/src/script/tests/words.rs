//! Does a command arrive as it was given, whatever is in it?

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;

use proptest::prelude::*;

use super::scene::Scene;
use crate::job::Argv;
use crate::script::quote;

/// A directory's name that no shell likes.
const ODD: &[u8] = b"it's a \"work\" $(touch no)\nof `id` \\ \x01 \xff #";

const TELLING: [&str; 9] = ["$(id)", "`id`", "--", "-n", "'\\''", "if", "A=b", "é\u{1F600}", "\\0"];

type Words = Vec<OsString>;

/// A job whose text before the command adds more commands to it: what each is given, it prints.
fn arrive(program: &OsStr, commands: &[Words]) {
    let scene = Scene::new();
    let path = scene.folder().join(program);
    symlink("/usr/bin/printf", &path).unwrap();
    let whole = |words: &Words| [vec![path.clone().into(), r"%s\0".into()], words.clone()].concat();
    let mut more = Vec::new();
    for words in &commands[1..] {
        more.push(b' ');
        quote::single(&mut more, &quote::line(&Argv::new(whole(words)).unwrap()));
    }
    let scene = scene
        .env("MORE", OsString::from_vec(more))
        .prep(r#"eval "more=($MORE)"; for it in "${more[@]}"; do cmd="$cmd; $it"; done"#);
    let ended = scene.command(whole(&commands[0])).run_in(OsStr::from_bytes(ODD));
    let told: Vec<u8> = commands.iter().flatten().flat_map(|it| [it.as_bytes(), b"\0"].concat()).collect();
    assert_eq!(ended.stdout, told, "{ended:?}");
    assert_eq!(ended.log, "");
    ended.ended_with(0, "lost");
}

/// Bytes of all kinds, those more often that mean something to a shell.
fn word() -> impl Strategy<Value = OsString> {
    let odd = prop::sample::select(b"'\"\\$`!*?~#&;|<>(){}[]=% \t\n\r\x01\x7f\x80\xff-".to_vec());
    let byte =
        prop_oneof![3 => odd, 1 => 1..=255_u8, 1 => prop::char::range('a', 'z').prop_map(|it| it as u8)];
    prop_oneof![
        12 => prop::collection::vec(byte, 0..30).prop_map(OsString::from_vec),
        1 => prop::sample::select(TELLING.to_vec()).prop_map(OsString::from),
        1 => (1..=255_u8).prop_map(|byte| OsString::from_vec(vec![byte; 2_000])),
    ]
}

/// Five for one script: a script takes far longer than a command.
fn commands() -> impl Strategy<Value = Vec<Words>> {
    prop::collection::vec(prop::collection::vec(word(), 1..6), 5)
}

fn name() -> impl Strategy<Value = OsString> {
    let byte = any::<u8>().prop_filter("a file's name", |it| *it != 0 && *it != b'/');
    prop::collection::vec(byte, 1..40)
        .prop_map(OsString::from_vec)
        .prop_filter("a file's name", |it| it != "." && it != ".." && it.as_bytes() != ODD)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_command_arrives_unchanged(program in name(), commands in commands()) {
        arrive(&program, &commands);
    }
}

#[test]
fn every_byte_arrives() {
    let words: Words = (1..=255_u8).map(|byte| OsString::from_vec(vec![byte])).collect();
    let all = OsString::from_vec((1..=255).collect());
    arrive("p".as_ref(), &[words, vec![all.clone(), all]]);
}

#[test]
fn a_command_of_a_megabyte_arrives() {
    let word: OsString = "'long' $(word)".repeat(9_000).into();
    arrive("p".as_ref(), &[vec![word; 10]]);
}

#[test]
fn a_name_in_path_is_looked_for_whatever_it_means_to_a_shell() {
    let names = [
        "-dash",
        "--",
        "%1",
        "%",
        "A=b",
        "time",
        "if",
        "[[",
        "{",
        "}",
        "!",
        "~",
        "#x",
        "*",
        "a b",
        "\u{1}\u{7f}",
        "é",
        "function",
    ];
    for name in names {
        let scene = Scene::new();
        symlink("/bin/echo", scene.folder().join(name)).unwrap();
        let mut path = scene.folder().as_os_str().to_owned();
        path.push(":/usr/bin:/bin");
        scene.env("PATH", path).command([name, "ran"]).run().ran(0);
    }
}
