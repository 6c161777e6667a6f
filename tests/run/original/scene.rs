//! What do these tests run in? A directory with a work directory, and a ledger beside it.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use xqute::XquteBuilder;
use xqute_tests::ledger::Ledger;

use crate::run_of;

/// How a job's command is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// As a process of its own, where plugins do not want a script.
    Direct,
    /// In a script.
    Wrapped,
}

pub(crate) const WAYS: [Way; 2] = [Way::Direct, Way::Wrapped];

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) dir: TempDir,
    pub(crate) ledger: Ledger,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(dir.path());
        Self { dir, ledger }
    }

    /// A run in the work directory, with these plugins alone.
    pub(crate) fn builder(&self, way: Way, plugins: &[&str]) -> XquteBuilder {
        let (_own, builder) = run_of(plugins);
        let builder = builder.workdir(self.path(""));
        if way == Way::Wrapped { builder.prescript(":") } else { builder }
    }

    /// A path in the work directory.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join("work").join(path)
    }

    /// A text in the work directory.
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Waits for something that blocks, while hooks run.
pub(crate) async fn blocking<T: Send + 'static>(wait: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(wait).await.unwrap()
}
