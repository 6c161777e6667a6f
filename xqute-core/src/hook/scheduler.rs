//! What does a hook see of the scheduler?

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The scheduler of a run, as hooks see it: read only.
#[derive(Clone)]
pub struct Scheduler {
    pub(crate) name: Arc<str>,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) workdir: Arc<Path>,
    pub(crate) forks: usize,
}

/// Without the values of options, which may be secrets.
impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("name", &self.name)
            .field("options", &self.options.keys())
            .field("workdir", &self.workdir)
            .field("forks", &self.forks)
            .finish()
    }
}

impl Scheduler {
    /// Its name: `local`, `slurm`, ….
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The options that the run gives it.
    #[must_use]
    pub fn options(&self) -> &BTreeMap<String, String> {
        &self.options
    }

    /// The run's work directory, absolute.
    #[must_use]
    pub fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// The most jobs at once.
    #[must_use]
    pub fn forks(&self) -> usize {
        self.forks
    }
}
