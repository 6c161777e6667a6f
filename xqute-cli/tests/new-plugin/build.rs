//! What does `xqute build` make of plugins that are none, do not compile, or have another xqute? An error, and no binary.

use crate::desk::{Desk, Told, root};

const LIB: &str = "xqute::plugin!(enabled = false);\n#[xqute::hook]\nfn on_init() {}\n";

fn xqute() -> String {
    format!("xqute.path = '{}/xqute'", root().display())
}

#[test]
fn several_plugins_are_in_it_from_wherever_they_have_xqute() {
    let desk = Desk::new();
    desk.package("xqute-plugin-one", &xqute(), LIB);
    // As it would be published: cargo finds no such crate, and none is asked for.
    desk.package("two", "xqute = '0.1'", LIB);
    // It is so here alone, and not what is told of the binary.
    desk.write("xqute.toml", "[plugins.two]\n");
    let told =
        desk.told("xqute build --debug --offline --with two=two --with one=./xqute-plugin-one -o 'a b'");
    let off = |name: &str| format!("1.2.3: off until [plugins.{name}] configures it, or --plugins +{name}");
    let (one, two) = (off("one"), off("two"));
    let wanted = format!("  two, from two {two}\n  one, from xqute-plugin-one {one}\n");
    assert!(told.starts_with("./a b is the xqute of /") && told.ends_with(&wanted), "{told}");
    assert_eq!(desk.told("./'a b' run --plugins +one,+two echo ::: 1"), "1\n");
    let order = desk.told("./'a b' plugins order on_init --plugins +one,+two");
    let order: Vec<&str> =
        order.lines().filter(|it| it.contains(". one,") || it.contains(". two,")).collect();
    assert!(order[0].contains(". two,") && order[1].contains("the order of --with"), "{order:?}");
    let listed = desk.told("./'a b' plugins | grep -v '^ '");
    assert!(listed.contains("log (") && listed.contains("two (on) from two 1.2.3"), "{listed}");
}

/// What was there before stays, whatever is wrong.
#[test]
fn a_plugin_that_cannot_be_in_it_is_refused_and_says_why() {
    let desk = Desk::new();
    desk.package("broken", &xqute(), "xqute::plugin!();\n#[xqute::hook]\nfn on_jab_init() {}\n");
    desk.package("idle", &xqute(), "");
    desk.package(
        "log",
        &xqute(),
        "xqute::plugin!(name = 'log');\n#[xqute::hook]\nfn on_init() {}\n".replace('\'', "\"").as_str(),
    );
    desk.write("other/xqute/Cargo.toml", "[package]\nname = 'xqute'\nversion = '0.1.0'\n");
    desk.write("other/xqute/src/lib.rs", "");
    desk.package("far", &format!("xqute.path = '{}'", desk.path("other/xqute").display()), LIB);
    desk.told("cp $(type -P true) old");
    for (name, why) in [
        ("broken", "cargo could not build it: its error is above, and nothing was written"),
        (
            "idle",
            "xqute: the crate idle is no plugin: no function in it that is compiled has `#[xqute::hook]`; write one ",
        ),
        ("log", "two plugins are named `log`"),
        ("far", "far is written for the xqute in "),
    ] {
        let Told { code, err, .. } =
            desk.bash(&format!("xqute build --debug --offline --with {name}={name} -o old"));
        assert_eq!(code, Some(2), "{name}: {err}");
        assert!(err.lines().last().unwrap().contains(why), "{name}: {err}");
        assert!(name != "broken" || err.contains("did you mean `on_job_init`"), "{err}");
    }
    desk.told("cmp old $(type -P true)");
    assert_eq!(desk.told("ls -A | xargs"), "broken far idle log old other\n");
}

#[test]
fn what_is_typed_wrong_is_told_before_anything_is_built() {
    let desk = Desk::new();
    desk.package("xqute-plugin-one", &xqute(), LIB);
    desk.write("notes.txt", "mine\n");
    desk.write("void/readme", "");
    desk.told("mkfifo pipe");
    desk.package("other", &xqute(), LIB);
    desk.told("echo -e '[lib]\\nname = \"others\"' >> other/Cargo.toml");
    let build = "xqute build --offline --with";
    for (line, why) in [
        (
            "two=./xqute-plugin-one",
            "xqute: the crate in ./xqute-plugin-one is called xqute-plugin-one, not two: write --with xqute-plugin-one=./xqute-plugin-one",
        ),
        ("one=void", "xqute: there is no crate in void: name the directory of the plugin's own Cargo.toml"),
        ("one=./nowhere", "xqute: cannot read ./nowhere: No such file or directory (os error 2)"),
        (
            "one=xqute-plugin-one --with one=xqute-plugin-one",
            "xqute: --with names xqute-plugin-one twice: leave one out",
        ),
        (
            "one=xqute-plugin-one -o notes.txt",
            "xqute: notes.txt is there and is no program: choose another file (--output FILE), or remove it",
        ),
        ("one=xqute-plugin-one -o void", "xqute: void is a directory: choose another file (--output FILE)"),
        // It would be waited for.
        (
            "one=xqute-plugin-one -o pipe",
            "xqute: pipe is there and is no program: choose another file (--output FILE), or remove it",
        ),
        (
            "one=xqute-plugin-one -o /proc/x",
            "xqute: cannot write in /proc: No such file or directory (os error 2)",
        ),
        (
            "one=xqute-plugin-one -o nowhere/x",
            "xqute: nowhere is no directory: make it, or choose another file (--output FILE)",
        ),
    ] {
        assert_eq!(desk.refused(&format!("{build} {line}")), why);
    }
    let told = desk.refused(&format!("{build} other=other"));
    let why = "xqute: the library of other is called others, and a plugin is linked by its package's name: leave `name` out of `[lib]` in /";
    assert!(told.starts_with(why) && told.ends_with("/other/Cargo.toml"), "{told}");
    let told = desk.bash(&format!("{build} one=nowhere")).err;
    assert!(
        told.contains("there is no directory `nowhere`, and it is neither a version nor a URL"),
        "{told}"
    );
    let told = desk.refused(&format!(
        "xqute=$(command -v xqute); unset CARGO; PATH=/nowhere $xqute {}",
        &format!("{build} one=xqute-plugin-one")[6..]
    ));
    assert_eq!(told, "xqute: there is no cargo here, which builds plugins: get Rust from https://rustup.rs");
    assert_eq!(desk.read("notes.txt"), "mine\n");
}

#[test]
fn who_types_no_name_is_told_which_is_wanted() {
    let desk = Desk::new();
    desk.package("xqute-plugin-one", &xqute(), LIB);
    desk.write("void/readme", "");
    for (with, why) in [
        ("./xqute-plugin-one", "write xqute-plugin-one=./xqute-plugin-one"),
        ("void", "write NAME=void, where NAME is what its crate is called"),
        ("../nowhere", "there is no directory `../nowhere`; for one that is there, write NAME=../nowhere"),
        ("one", "write NAME=DIRECTORY, NAME=VERSION or NAME=URL"),
        ("https://example.org/one", "write NAME=DIRECTORY, NAME=VERSION or NAME=URL"),
    ] {
        let Told { code, err, .. } = desk.bash(&format!("xqute build --with {with}"));
        let told = format!("error: invalid value '{with}' for '--with <NAME=WHERE>': {why}");
        assert_eq!((code, err.lines().next()), (Some(2), Some(&*told)));
    }
}
