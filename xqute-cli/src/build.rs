//! `xqute build`: how does a plugin come into the binary? As a dependency of a small crate that cargo builds, beside the stock ones.

mod cargo;
mod copies;
mod plugin;
mod workshop;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::answer::to_stdout;
use crate::origin::Origin;
use cargo::{Brings, Cargo};
use plugin::{Plugin, With};
use workshop::Workshop;

#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  xqute build --debug --with tell=xqute-plugin-tell
                                   makes ./xqute, with the plugin that is in that directory
  xqute build --features full      with all plugins that xqute itself has

NAME is what the plugin's crate is called; where WHERE is a directory, `xqute-plugin-` need not be said. WHERE is the crate's directory,
its version on crates.io (`1.2`), or the URL of its git repository, whose newest commit is taken (with --offline: the last that was).
The stock plugins are in the binary, too.

It needs cargo and a C linker. What it builds with is kept in $XDG_CACHE_HOME/xqute/build, or ~/.cache/xqute/build, so that the next
build is quick; that directory may be removed at any time. Where anything goes wrong, FILE stays what it was.")]
pub(crate) struct Args {
    /// A plugin to compile in; several times: several
    #[arg(long, value_name = "NAME=WHERE")]
    with: Vec<With>,
    /// The binary to write; one that is there gives way
    #[arg(short, long, value_name = "FILE", default_value = "xqute")]
    output: PathBuf,
    /// Features of xqute-cli, for stock plugins that are not in every binary: email, postgres, slack, sqlite, webhook, full
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    features: Vec<String>,
    /// Build quickly, for a binary that is slower: while you write a plugin
    #[arg(long)]
    debug: bool,
    /// Use no network: the crates that are on this machine have to do
    #[arg(long)]
    offline: bool,
    /// A checkout of xqute to build
    #[arg(long, value_name = "DIR")]
    xqute: Option<PathBuf>,
}

/// Builds it, and writes it where it is to be.
pub(crate) fn build(args: &Args) -> Result<u8> {
    let folder = folder(&args.output);
    check_place(&args.output, folder)?;
    let origin = Origin::find(args.xqute.as_deref())?;
    let plugins = plugin::find(&args.with, &origin, args.offline)?;
    let workshop = Workshop::open()?;
    workshop.lay_out(&origin, &plugins, &args.features)?;
    let cargo = Cargo::new(workshop.directory(), args.offline);
    cargo.renew(&newest(&origin, &plugins))?;
    copies::check(&cargo.tree()?)?;
    let built = cargo.build(args.debug)?;
    let packages: Vec<&str> = plugins.iter().map(|it| &*it.package).collect();
    let brings = cargo::brings(&built, &packages)?;
    write(&built, &args.output, folder)?;
    tell(&args.output, &origin, &plugins, &brings)
}

/// The packages that are the newest commit of a repository.
fn newest<'a>(origin: &Origin, plugins: &'a [Plugin]) -> Vec<&'a str> {
    let own = matches!(origin, Origin::Repository).then_some("xqute-cli");
    plugins.iter().filter(|it| it.is_newest).map(|it| &*it.package).chain(own).collect()
}

/// Where a file is to be.
fn folder(file: &Path) -> &Path {
    file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses to write over what is no program, and where nothing can be written: minutes before it would be.
fn check_place(file: &Path, folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        bail!("{} is no directory: make it, or choose another file (--output FILE)", folder.display());
    }
    let shown = file.display();
    let other = "choose another file (--output FILE)";
    if file.is_dir() || file.file_name().is_none() {
        bail!("{shown} is a directory: {other}");
    }
    if file.exists() && !is_program(file) {
        bail!("{shown} is there and is no program: {other}, or remove it");
    }
    tempfile::tempfile_in(folder).with_context(|| format!("cannot write in {}", folder.display()))?;
    Ok(())
}

/// A pipe would be waited for.
fn is_program(file: &Path) -> bool {
    let mut start = [0; 4];
    file.is_file()
        && File::open(file).and_then(|mut it| it.read_exact(&mut start)).is_ok()
        && start == *b"\x7fELF"
}

/// Whoever starts FILE meanwhile starts the old one or the new one.
fn write(built: &Path, file: &Path, folder: &Path) -> Result<()> {
    let write = || {
        let mut begun = tempfile::NamedTempFile::new_in(folder)?;
        std::io::copy(&mut File::open(built)?, &mut begun)?;
        fs::set_permissions(begun.path(), fs::metadata(built)?.permissions())?;
        begun.persist(file)?;
        anyhow::Ok(())
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

/// What is in it now that is not stock, and whether it is on.
fn tell(file: &Path, origin: &Origin, plugins: &[Plugin], brings: &[Brings]) -> Result<u8> {
    let file = if folder(file) == Path::new(".") && !file.starts_with(".") {
        Path::new(".").join(file)
    } else {
        file.to_owned()
    };
    to_stdout(|out| {
        let with = if plugins.is_empty() { "" } else { ", with" };
        writeln!(out, "{} is the xqute of {origin}{with}", file.display())?;
        for plugin in plugins {
            let mut found = brings.iter().filter(|it| it.package == plugin.package).peekable();
            if found.peek().is_none() {
                writeln!(out, "  {}", plugin.package)?;
            }
            for Brings { name, on, version, .. } in found {
                let off = if *on {
                    String::new()
                } else {
                    format!(": off until [plugins.{name}] configures it, or --plugins +{name}")
                };
                writeln!(out, "  {name}, from {} {version}{off}", plugin.package)?;
            }
        }
        Ok(())
    })
}
