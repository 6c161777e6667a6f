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
fn a_replacement_string_that_only_gnu_parallel_has_is_a_mistake() {
    let check = |text: &str| Template::new(&words(&[text])).check_known("COMMAND");
    for unknown in [
        "{%}",
        "x{..}y",
        "{...}",
        "{/..}",
        "{+/}",
        "{+.}",
        "{-1}",
        "{-1/}",
        "{2..}",
        "{= s/a/b/ =}",
        "{} {%}",
        "{1}{..}",
    ] {
        let told = check(unknown).unwrap_err().to_string();
        assert!(told.contains("no replacement string here: there are {} {.}"), "{unknown}: {told}");
    }
    for text in [
        "{a,b}",
        "{x}",
        "{\"a\":1}",
        "{print}",
        "{ print $1 }",
        "{1..5}",
        "a{2,3}",
        "{0}",
        "{+}",
        "{-}",
        "{",
        "{ {.}",
        "{#}",
        "{2/.}",
        "find {} +",
        "${x%.*}",
        "${#}",
        "{=",
        "{a.b}",
        "{./x}",
    ] {
        assert!(check(text).is_ok(), "{text}");
    }
}

#[test]
fn a_place_without_an_argument_is_a_mistake() {
    assert!(Template::new(&words(&["{2}"])).check(1, "COMMAND").is_err());
    assert!(Template::new(&words(&["{2}", "{}"])).check(2, "COMMAND").is_ok());
}

/// Where an argument would be evaluated.
const EVALUATED: &[&str] = &[
    "echo $(( {} ))",
    "echo \"$((1 + {}))\"",
    "(( {} ))",
    "for ((i = 0; i < {}; i++)); do :; done",
    "echo $[ {} ]",
    "echo $(( $(case x in x) echo 1;; esac) + {} ))",
    "case x in x) (( {} ));; esac",
    "let x={}",
    "true; if let {}; then :; fi",
    ">out let x={}",
    "A=1 let x={}",
    "case x in (x) let {};; esac",
    "echo $(case x in x) let {};; esac)",
    "[[ {} -eq 1 ]]",
    "[[ 1 -gt '{}' ]]",
    "[[ -n x && {} -lt 2 ]]",
    "[[ -v {} ]]",
    "[[ ( {} -eq 1 ) ]]",
    "test -v {}",
    "[ -v {} ]",
    "printf -v {} x",
    "echo ${x:{}}",
    "echo \"${x:{}:1}\"",
    "echo ${a[{}]}",
    "a[{}]=1",
    "a[1 + {}]=1",
    "unset {}",
    "unset 'a[{}]'",
    "read -r {}",
    "declare -i x={}",
    "declare {}=1",
    "export {}",
    "eval {}",
    "$nothing eval {}",
    "${nothing} let x={}",
    "trap {} EXIT",
    "bash -c 'wc -l {}'",
    "true | env A=1 /bin/sh -ec 'wc {}'",
    "bash -o pipefail -c \"wc {}\"",
];
/// Where it stays a text.
const CLEAR: &[&str] = &[
    "[ {} -eq 1 ] && echo $((1 + 2)) {}",
    "[[ {} == *.txt ]] || test {} -gt 3",
    "[[ -f {} ]]; [[ 1 -eq 1 ]] && cat {}",
    "export NAME={}; local x={}; declare -r y={}",
    "while read -r line; do echo \"$line\"; done < {}",
    "read line <{} && mapfile -t all < {}",
    "echo let {}; grep -v {}; printf '%s' {}",
    "bash {} && bash -c 'echo $1' _ {}",
    "case {} in *.c) cc {};; (*) echo {};; esac",
    "(cd {} && n=$(wc -l < {}); echo \"$((n * 2))\" {})",
    "echo \"${x:-a}\" {} ${#y}",
    "f() { echo {}; }; ls [a-c]{} > {}.out 2>&1",
    "echo {} # later",
    "echo a#b '# $' \"#\" {}",
    "echo $(( 1 << 2 )) < {}",
    "case {} in (a) echo;; esac",
    "echo {} {2} `{}`",
];

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
    for evaluated in EVALUATED {
        let told = check(evaluated).unwrap_err().to_string();
        assert!(told.contains("run"), "{evaluated}: {told}");
    }
    for clear in CLEAR {
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

/// Texts in which bash evaluates what it reads, and ends and beginnings of them. None keeps an argument in a variable: what is
/// done with that is the text's own.
const FRAGMENTS: &[&str] = &[
    "{}",
    "{}",
    " {} ",
    "{1}",
    "$((",
    "((",
    "))",
    "(",
    ")",
    "$(",
    "[[ ",
    " ]]",
    "[ ",
    " ]",
    " -eq ",
    " -v ",
    "let ",
    "a=",
    "${x:",
    "${a[",
    "}",
    "a[",
    "]",
    "]=1",
    "\"",
    "'",
    ";",
    "; ",
    " && ",
    " | ",
    "unset ",
    "read ",
    "declare ",
    "-i ",
    "y=",
    "eval ",
    "bash -c ",
    "`",
    "echo ",
    "test ",
    "printf ",
    "export ",
    "if ",
    "; then ",
    "; fi",
    "1",
    " ",
    "\\",
    "\n",
    "! ",
    "case x in ",
    "x) ",
    ";; ",
    "esac",
    "{ ",
    "; }",
    ">f ",
    "<",
    "$",
    "trap ",
    " EXIT",
];

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
                let shell = options::shell(["sh", "bash"][text.len() % 2]).unwrap();
                let argv = Template::new(&words(&[&text])).fill_shell(&shell, 1, &args);
                // In a locale of many bytes a letter, bash 5.2 gives memory for `x=$'\xC2\\.'; echo "${x%.}"`, argument or not.
                let mut shell = Command::new(&argv[0]);
                let out = shell.args(&argv[1..]).env("LC_ALL", "C").current_dir(dir.path()).output().unwrap();
                prop_assert_eq!(&out.stdout, &wanted, "{} {:?}", text, argv);
            }
        }
        prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "something was run");
    }

    /// Whatever the text is: it is refused, or nothing of an argument is run.
    #[test]
    fn no_text_that_is_taken_lets_bash_run_an_argument(parts in prop::collection::vec(prop::sample::select(FRAGMENTS), 1..12)) {
        let text = parts.concat();
        let template = Template::new(&words(&[&text])).with_places();
        let dir = tempfile::tempdir().unwrap();
        if template.check_shell().is_ok() {
            for arg in ["a[$(touch hit)]", "$(touch hit)", "x[$(touch hit)]=1", "';touch hit;'", "\";touch hit;\""] {
                let argv = template.fill_shell(&options::shell("bash").unwrap(), 1, &words(&[arg]));
                let mut bash = Command::new(&argv[0]);
                bash.args(&argv[1..]).current_dir(dir.path()).stdin(std::process::Stdio::null());
                bash.output().unwrap();
                prop_assert!(!dir.path().join("hit").exists(), "{text} {argv:?}");
            }
        }
    }

    #[test]
    fn without_a_shell_every_byte_arrives(arg in hostile(), other in hostile()) {
        let filled = Template::new(&words(&["p", "{}", "{2}", "{1}{2}"])).fill(1, &[arg.clone(), other.clone()]);
        let both = OsString::from_vec([arg.as_bytes(), other.as_bytes()].concat());
        prop_assert_eq!(filled, vec!["p".into(), arg, other.clone(), other, both]);
    }
}
