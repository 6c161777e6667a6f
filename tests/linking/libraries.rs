//! Does a plugin that only registers survive what drops unused code? Or is it told that it did not?
#![expect(unsafe_code, reason = "a library is loaded, and its C function called")]

use std::ffi::{CStr, c_char};
use std::path::Path;
use std::process::Command;

use xqute_tests::outside::{Outside, succeed};

use crate::program::{PRINTS_PLUGINS, own_workspace, package, program};

const MANIFEST: &str = r#"
    [dependencies]
    xqute.path = "$XQUTE"
    xqute-plugin-only.path = "$PLUGINS/only"
"#;

/// A function for C that tells the plugins that are linked. The hook beside it is linked whenever the function is.
const LIBRARY: &str = r#"
    use std::ffi::{CString, c_char};

    xqute::link_plugins!();
    xqute::plugin!(name = "own");

    #[xqute::hook]
    fn on_jobcmd_end() -> &'static str {
        "own"
    }

    #[unsafe(no_mangle)]
    pub extern "C" fn plugins() -> *mut c_char {
        let told = match xqute::PluginSet::builder().build() {
            Ok(plugins) => plugins.plugins().iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string(),
        };
        CString::new(told).unwrap().into_raw()
    }
"#;

const C_MAIN: &str = r#"
    #include <stdio.h>
    char *plugins(void);
    int main(void) { return puts(plugins()) < 0; }
"#;

#[test]
fn a_program_without_unused_code_has_it() {
    let program = program("stripped", MANIFEST, PRINTS_PLUGINS);
    let profile = ["--release", "--config=profile.release.lto='fat'"];
    let drops = ["--", "-Cstrip=symbols", "-Clink-arg=-Wl,--gc-sections"];
    succeed(program.cargo("rustc").args(profile).args(drops));
    let printed = succeed(&mut Command::new(program.target().join("release/stripped")));
    assert_eq!(printed, "only\n");
}

#[test]
fn a_cdylib_has_it() {
    let library = library("dynamic", "cdylib");
    let file = library.target().join("debug").join(libloading::library_filename("dynamic"));
    assert_eq!(told_by(&file), "only own");
}

fn told_by(library: &Path) -> String {
    // SAFETY: the library is the one above, which does nothing when it is loaded; the type of its function is this.
    unsafe {
        let library = libloading::Library::new(library).expect("the library is loaded");
        let plugins: libloading::Symbol<'_, extern "C" fn() -> *mut c_char> =
            library.get(b"plugins").expect("the library has the function");
        CStr::from_ptr(plugins()).to_string_lossy().into_owned()
    }
}

#[test]
fn a_staticlib_has_it_when_it_is_linked_whole_and_is_refused_else() {
    let library = library("still", "staticlib");
    library.write("main.c", C_MAIN);
    assert_eq!(
        linked_by_c(&library, &[]),
        "no hook can register in this binary: its linker dropped what nobody calls (a static library does that); \
         link the library with --whole-archive, or build a program or a cdylib\n"
    );
    assert_eq!(linked_by_c(&library, &["-Wl,--whole-archive"]), "only own\n");
}

/// What a C program prints that is linked with the static library.
fn linked_by_c(library: &Outside, flags: &[&str]) -> String {
    let program = library.path("program");
    let mut cc = Command::new("cc");
    cc.arg("-o").arg(&program).arg(library.path("main.c")).args(flags);
    cc.arg(library.target().join("debug/libstill.a"));
    cc.args(["-Wl,--no-whole-archive", "-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"]);
    succeed(&mut cc);
    succeed(&mut Command::new(program))
}

fn library(name: &str, kind: &str) -> Outside {
    let manifest = format!("{MANIFEST}\n[lib]\ncrate-type = ['{kind}']");
    let library = package(name, &[("Cargo.toml", &own_workspace(&manifest)), ("src/lib.rs", LIBRARY)]);
    succeed(&mut library.cargo("build"));
    library
}
