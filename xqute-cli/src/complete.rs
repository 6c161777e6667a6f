//! `xqute completions`, `xqute man`: what do a shell and a manual know of the command line?

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Command, CommandFactory, Parser};
use clap_complete::Shell;
use clap_mangen::Man as Page;

use crate::answer::to_stdout;
use crate::{args, exit};

const NAME: &str = "xqute";

#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  source <(xqute completions bash)
  xqute completions zsh > ~/.zfunc/_xqute
  xqute completions fish > ~/.config/fish/completions/xqute.fish")]
pub(crate) struct Completions {
    /// The shell that is to complete what is typed
    shell: Shell,
}

#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  xqute man run | man -l -
  xqute man --dir ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The verb that the page is about; without one it is about all of them
    verb: Option<String>,
    /// Write every page into this directory, which has to be there
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    dir: Option<PathBuf>,
}

/// Prints what a shell is to source.
pub(crate) fn completions(args: &Completions) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), NAME, &mut script);
    print(&script)
}

/// Prints a page, or writes all.
pub(crate) fn man(args: Man) -> Result<u8> {
    // No page is about `help`.
    let mut command = command().disable_help_subcommand(true);
    command.build();
    if let Some(dir) = args.dir {
        return write_all(&command, &dir);
    }
    let Some(verb) = args.verb else { return print(&page(&command)?) };
    if let Some(found) = verbs(&command).find(|it| it.get_name() == verb) {
        return print(&page(found)?);
    }
    let names: Vec<&str> = verbs(&command).map(Command::get_name).collect();
    bail!("there is no verb `{verb}`: there are {}", names.join(", "))
}

fn command() -> Command {
    args::Args::command()
}

fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|it| it.get_name() != "help")
}

fn write_all(command: &Command, dir: &Path) -> Result<u8> {
    if !dir.is_dir() {
        bail!("{} is no directory: make it, or choose another (--dir DIR)", dir.display());
    }
    write_page(command, dir)?;
    Ok(exit::SUCCESS)
}

/// Its page, and those of the verbs below it.
fn write_page(command: &Command, dir: &Path) -> Result<()> {
    let name = command.get_display_name().unwrap_or(NAME);
    let path = dir.join(format!("{name}.1"));
    fs::write(&path, page(command)?).with_context(|| format!("cannot write {}", path.display()))?;
    verbs(command).try_for_each(|verb| write_page(verb, dir))
}

fn page(command: &Command) -> Result<Vec<u8>> {
    let mut roff = Vec::new();
    // The version stands in the footer of each.
    let versioned = command.clone().version(env!("CARGO_PKG_VERSION"));
    Page::new(versioned).render(&mut roff).context("cannot render a page")?;
    Ok(unfilled(&roff))
}

/// Examples and tables, which are indented, keep their lines: else they were filled and justified as text is.
fn unfilled(roff: &[u8]) -> Vec<u8> {
    let (mut page, mut within) = (Vec::with_capacity(roff.len()), false);
    for line in roff.split_inclusive(|byte| *byte == b'\n') {
        let indented = line.starts_with(b"  ");
        if indented != within {
            page.extend_from_slice(if indented { b".nf\n" } else { b".fi\n" });
            within = indented;
        }
        page.extend_from_slice(line);
    }
    page
}

fn print(bytes: &[u8]) -> Result<u8> {
    to_stdout(|out| out.write_all(bytes).context("cannot write to standard output"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_indented_keeps_its_lines() {
        assert_eq!(unfilled(b"a\n  b  c\n  d\n\ne\n"), b"a\n.nf\n  b  c\n  d\n.fi\n\ne\n");
    }

    #[test]
    fn each_verb_has_a_page_of_its_name() {
        let dir = tempfile::tempdir().unwrap();
        man(Man { verb: None, dir: Some(dir.path().to_owned()) }).unwrap();
        for name in ["xqute", "xqute-run", "xqute-status", "xqute-logs", "xqute-plugins-order"] {
            let page = fs::read_to_string(dir.path().join(format!("{name}.1"))).unwrap();
            assert!(page.contains(&format!(".TH {name} 1")), "{page}");
        }
        assert!(!dir.path().join("xqute-help.1").exists());
        let none = dir.path().join("none");
        assert!(man(Man { verb: None, dir: Some(none.clone()) }).is_err() && !none.exists());
    }
}
