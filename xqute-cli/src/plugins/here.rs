//! Which plugins would a run use that is started here? Those that `xqute run` would, found without building one.

use anyhow::{Error, Result};
use xqute::{PluginInfo, PluginSet};

use crate::args::Chosen;
use crate::settings::{Settings, run_here};
use crate::{conduct, output, run};

/// The plugins of this binary, as things are here.
pub(super) struct Here {
    pub(super) plugins: Vec<PluginInfo>,
    /// Whether only some are selected, which orders them.
    pub(super) chosen: bool,
    /// What is wrong with a table of a plugin.
    pub(super) wrong: Option<Error>,
}

impl Here {
    /// Reads what is set, as `xqute run` does, with these plugins typed.
    pub(super) fn read(chosen: &Chosen, typed: &[String]) -> Result<Self> {
        let mut settings = Settings::read(chosen)?;
        let wrong = settings.plugins.check().err();
        let args = run_here(&settings, typed)?;
        conduct::configure(&args, &mut settings.plugins);
        let shown = run::shown(&args);
        let names: Vec<String> = run::selection(args.plugins, shown.print.is_some());
        let is_only = run::is_only(&names);
        let tables = settings.plugins.values.into_keys();
        let set = tables.chain(output::configured(&shown).map(str::to_owned));
        let set = set.fold(PluginSet::builder().select(names), |it, name| it.configured(name));
        match (set.build(), wrong) {
            (Ok(set), wrong) => Ok(Self { plugins: set.plugins(), chosen: is_only, wrong }),
            // It says where the mistake stands.
            (Err(_), Some(wrong)) => Err(wrong),
            (Err(error), None) => Err(error.into()),
        }
    }
}
