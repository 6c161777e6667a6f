//! `xqute new-plugin`: what does a plugin begin with? A crate that compiles, has a test, and says what to change.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::answer::to_stdout;
use crate::hints;
use crate::origin::Origin;

/// What a crate is made of: file, and text.
const FILES: [(&str, &str); 8] = [
    ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../template/lib.rs")),
    ("src/tests.rs", include_str!("../template/tests.rs")),
    ("xqute.toml", include_str!("../template/xqute.toml")),
    ("README.md", include_str!("../template/README.md.in")),
    ("check", include_str!("../template/check")),
    (".github/workflows/ci.yml", include_str!("../template/ci.yml")),
    (".gitignore", include_str!("../template/gitignore")),
];

const PREFIX: &str = "xqute-plugin-";

/// So many characters a name has at most: crates.io takes 64, with the prefix.
const LONGEST: usize = 51;

#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  xqute new-plugin tell                         makes xqute-plugin-tell/, and prints what to type next

The crate has two hooks, a configuration, a test, a README and what a CI runs. It depends on xqute alone: on the checkout that this
program was built from, where that is still there, else on xqute's repository.")]
pub(crate) struct Args {
    /// What the plugin is called; its crate is called xqute-plugin-NAME
    name: String,
    /// A checkout of xqute to build it on
    #[arg(long, value_name = "DIR")]
    xqute: Option<PathBuf>,
}

/// Makes it, here.
pub(crate) fn make(args: &Args) -> Result<u8> {
    let name = args.name.strip_prefix(PREFIX).unwrap_or(&args.name);
    check(name)?;
    let origin = Origin::find(args.xqute.as_deref())?;
    let place = format!("{PREFIX}{name}");
    if Path::new(&place).symlink_metadata().is_ok() {
        bail!("{place} is here already: choose another name, or move it away");
    }
    write(name, &origin, Path::new(&place)).with_context(|| format!("cannot make {place}"))?;
    let (xqute, on) = (typed_as(), args.xqute.as_ref().and(origin.checkout()).map(shell_word));
    let on = on.map_or(String::new(), |it| format!(" --xqute {it}"));
    to_stdout(|out| {
        writeln!(out, "{place}/ has a plugin `{name}` in it, on the xqute of {origin}. Next:")?;
        writeln!(out, "  cd {place}")?;
        writeln!(out, "  {xqute} build --debug{on} --with {name}=. && ./xqute run echo ::: hello world")?;
        Ok(writeln!(out, "  bash check")?)
    })
}

fn check(name: &str) -> Result<()> {
    let is_usual = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    let is_name = name.starts_with(|it: char| it.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.bytes().all(is_usual)
        && name.len() <= LONGEST;
    if !is_name {
        bail!(
            "`{name}` cannot be a plugin's name: write lower-case letters, digits and `-`, a letter first, at most {LONGEST} of them"
        );
    }
    let linked = xqute::PluginSet::builder().build()?;
    if linked.plugins().iter().any(|it| it.name == name) || hints::features(name).is_some() {
        bail!("xqute has a plugin `{name}` itself: choose another name");
    }
    Ok(())
}

/// All of it or nothing: it is made beside its place, and moved there.
fn write(name: &str, origin: &Origin, place: &Path) -> Result<()> {
    let begun = tempfile::Builder::new()
        .prefix(".xqute-plugin-")
        .permissions(Permissions::from_mode(0o777)) // the umask's, as of any project
        .tempdir_in(".")?;
    let dependency = origin.dependency("xqute")?;
    let filled = [
        ("{{name}}", name),
        ("{{xqute}}", &dependency),
        ("{{version}}", env!("CARGO_PKG_VERSION")),
        ("{{rust}}", env!("CARGO_PKG_RUST_VERSION")),
        ("{{repository}}", env!("CARGO_PKG_REPOSITORY")),
    ];
    for (file, text) in FILES {
        let path = begun.path().join(file);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(
            path,
            filled.iter().fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value)),
        )?;
    }
    // So that the crates that xqute was built with are enough. Cargo takes out what the plugin has no use for.
    if let Some(lock_file) = origin.lock_file() {
        fs::write(begun.path().join("Cargo.lock"), fs::read(lock_file)?)?;
    }
    fs::rename(begun.path(), place)?;
    // It is not there any more: nothing is left to be removed.
    drop(begun.keep());
    Ok(())
}

/// This program, as a command that works where the user stands.
fn typed_as() -> String {
    let typed = std::env::args_os().next().unwrap_or_default();
    let program = std::env::current_exe().ok().filter(|_| typed.as_encoded_bytes().contains(&b'/'));
    // It may have been removed since it was started, or have a name that cannot be printed.
    let program = program.filter(|it| it.is_file() && it.to_str().is_some());
    program.map_or("xqute".to_owned(), |it| shell_word(&it))
}

fn shell_word(path: &Path) -> String {
    String::from_utf8_lossy(&xqute::script::word(path.as_os_str())).into_owned()
}
