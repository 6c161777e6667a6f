//! What becomes of the replacement strings? Beside GNU parallel, and with arguments that mean harm.

use super::*;
use proptest::prelude::*;
use std::process::Command;

fn words(texts: &[&str]) -> Vec<OsString> {
    texts.iter().map(OsString::from).collect()
}

fn filled(command: &[&str], args: &[&str]) -> Vec<OsString> {
    Template::new(&words(command)).with_places().fill(7, &words(args))
}

#[test]
fn each_replacement_string_is_what_gnu_parallel_makes_of_it() {
    // The second column is the output of GNU parallel 20221122: `parallel --dry-run echo {.} {/} {//} {/.}`.
    let table = [
        ("a/b.c.d", ["a/b.c", "b.c.d", "a", "b.c"]),
        ("/x.y", ["/x", "x.y", "/", "x"]),
        ("z", ["z", "z", ".", "z"]),
        ("a/b/", ["a/b/", "", "a", ""]),
        (".hid", ["", ".hid", ".", ""]),
        ("a.b/c", ["a.b/c", "c", "a.b", "c"]),
        ("", ["", "", ".", ""]),
    ];
    for (arg, wanted) in table {
        assert_eq!(filled(&["{.}", "{/}", "{//}", "{/.}"], &[arg]), words(&wanted), "{arg}");
    }
}

#[test]
fn a_place_alone_is_a_word_for_each_argument_and_within_a_word_they_are_joined() {
    assert_eq!(filled(&["e", "{}", "x{}y"], &["a", "b"]), words(&["e", "a", "b", "xa by"]));
    assert_eq!(filled(&["e", "{2}-{1/.}", "{#}"], &["d/a.c", "b"]), words(&["e", "b-a", "7"]));
    assert_eq!(filled(&["e"], &["a b", "{}"]), words(&["e", "a b", "{}"]), "none: appended");
    assert_eq!(
        filled(&["e{#}"], &["a"]),
        words(&["e7"]),
        "as GNU parallel: a number is a replacement string"
    );
    assert_eq!(
        filled(&["{0} {a} {} {"], &["x"]),
        words(&["{0} {a} x {"]),
        "what is no replacement string stays"
    );
}

#[test]
fn a_place_without_an_argument_is_a_mistake() {
    assert!(Template::new(&words(&["{2}"])).check(1).is_err());
    assert!(Template::new(&words(&["{2}", "{}"])).check(2).is_ok());
}

#[test]
fn a_shells_text_in_which_an_argument_has_no_clear_place_is_refused() {
    let check = |text: &str| Template::new(&words(&[text])).with_places().check_shell();
    let unclear = [
        ("# don't\nwc -c {}", "a comment"),
        ("true # it's", "a comment"),
        ("cat <<'EOF'\n{}\nEOF", "a here-document"),
        ("echo $'it\\'s' {}", "`$'…'`"),
        ("echo \"`rm {}`\"", "backticks within double quotes"),
        ("echo \"cost ${}\"", "a `$`"),
    ];
    for (text, what) in unclear {
        let told = check(text).unwrap_err().to_string();
        assert!(told.contains(what), "{text}: {told}");
    }
    for clear in [
        "echo {} # later",
        "echo a#b '# $' \"#\" {}",
        "echo $(( 1 << 2 )) < {}",
        "case {} in (a) echo;; esac",
        "echo {} {2} `{}`",
    ] {
        let told = check(clear).err().map(|it| it.to_string());
        assert!(told.is_none() || clear.contains("<<"), "{clear}: {told:?}");
    }
}

/// Bytes that mean something to a shell, to a template, or to a file name.
fn hostile() -> impl Strategy<Value = OsString> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            " ",
            "'",
            "\"",
            "\\",
            "\n",
            "\t",
            "$(touch hit)",
            "`touch hit`",
            "; touch hit;",
            "{}",
            "{1}",
            "{#}",
            "${1}",
            "*",
            "~",
            "-n",
            "--",
            "#",
            "&",
            "|",
            "!",
            "a.b",
            "/",
            "//",
            ".",
            "",
            "%s",
            "é",
        ])
        .prop_map(|it| it.as_bytes().to_vec()),
        prop::collection::vec(1_u8..=255, 0..4),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|it| OsString::from_vec(it.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// In a directory of its own, where a substitution that is run would leave a file.
    #[test]
    fn no_argument_is_read_by_the_shell(arg in hostile(), other in hostile()) {
        let dir = tempfile::tempdir().unwrap();
        for form in ["{1}", "{1.}", "{1/}", "{1//}", "{1/.}", "{2}", "{2/.}"] {
            let args = [arg.clone(), other.clone()];
            let [value] = &Template::new(&words(&[form])).fill(1, &args)[..] else { panic!() };
            let mut wanted = value.as_bytes().to_vec();
            wanted.push(0);
            let contexts = [
                r"printf '%s\0' @",
                r#"printf '%s\0' "@""#,
                r"printf '%s\0' '@'",
                r"printf '%s\0' \@",
                r#"x="$(printf %s. @)"; printf '%s\0' "${x%.}""#,
                r#"x="$(printf %s. "@")"; (printf '%s\0' "${x%.}")"#,
                r#"x=$(printf %s. '@'); printf '%s\0' "${x%.}""#,
                r#"x=`printf %s. @`; printf '%s\0' "${x%.}""#,
            ];
            for context in contexts {
                let text = context.replace('@', form);
                let argv = Template::new(&words(&[&text])).fill_shell(1, &args);
                let out = Command::new(&argv[0]).args(&argv[1..]).current_dir(dir.path()).output().unwrap();
                prop_assert_eq!(&out.stdout, &wanted, "{} {:?}", text, argv);
            }
        }
        prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "something was run");
    }

    #[test]
    fn without_a_shell_every_byte_arrives(arg in hostile(), other in hostile()) {
        let filled = Template::new(&words(&["p", "{}", "{2}", "{1}{2}"])).fill(1, &[arg.clone(), other.clone()]);
        let both = OsString::from_vec([arg.as_bytes(), other.as_bytes()].concat());
        prop_assert_eq!(filled, vec!["p".into(), arg, other.clone(), other, both]);
    }
}
