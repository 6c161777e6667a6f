//! A plugin that has a directory, a secret, and something to tell at the end.

use std::fs;

use xqute::{BoxError, Run, Secret, hook};

xqute::plugin!(enabled = false, config = Keeps);

/// What it is to do.
#[xqute::config]
#[derive(Debug, Default)]
pub(crate) struct Keeps {
    /// Added to its file.
    pub(crate) text: String,
    pub(crate) secret: Option<Secret>,
    /// It cannot start.
    pub(crate) fails: bool,
}

/// What its file had when the run was built.
#[derive(Debug)]
pub(crate) struct Found(pub(crate) String);

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let Some(keeps) = run.config::<Keeps>("keeps")? else { return Ok(()) };
    if let Some(secret) = &keeps.secret {
        run.reveal(secret)?;
    }
    let file = run.plugin_dir("keeps")?.join("file");
    let found = fs::read_to_string(&file).unwrap_or_default();
    if !keeps.text.is_empty() {
        fs::write(&file, format!("{found}{}", keeps.text))?;
    }
    run.init_state(Found(found))?;
    run.init_state(Late(keeps.secret))?;
    if keeps.fails { Err("it was told to fail".into()) } else { Ok(()) }
}

/// A secret that is asked for once more when the run is over.
#[derive(Debug)]
struct Late(Option<Secret>);

#[hook]
fn on_run_done(run: &Run) {
    run.note("kept\nwhat it was told");
    run.note("kept what it was told");
    if let Some(Late(Some(secret))) = run.state() {
        run.note(run.reveal(secret).unwrap_err().to_string());
    }
}
