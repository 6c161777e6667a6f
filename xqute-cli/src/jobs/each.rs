//! What is every job given? What options of the run say of its environment, its directory and its tag.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use xqute::{Argv, JobSpec};

use super::Planned;
use crate::options::variable;
use crate::{args, output};

/// What every job is given.
pub(crate) struct Each {
    /// Whether its output is told apart by what it was made of.
    tag: bool,
    env: Vec<(OsString, OsString)>,
    cwd: Option<PathBuf>,
}

impl Each {
    pub(crate) fn new(args: &args::Run) -> Result<Self> {
        let cwd = args.cwd.as_ref().map(|cwd| {
            let told = || format!("`--cwd {}`: no job can run there", cwd.display());
            // What a job could not enter fails before there are jobs.
            std::fs::read_dir(cwd).with_context(told)?;
            std::path::absolute(cwd).with_context(told)
        });
        let env = args.env.iter().map(|it| variable(it).map_err(|why| anyhow!("-e: {why}")));
        Ok(Self { tag: args.tag, env: env.collect::<Result<_>>()?, cwd: cwd.transpose()? })
    }

    /// A command, with what all jobs are given.
    pub(crate) fn job(&self, argv: Argv) -> JobSpec {
        let mut spec = JobSpec::from(argv);
        for (name, value) in &self.env {
            spec = spec.env(name, value);
        }
        if let Some(cwd) = &self.cwd {
            spec = spec.cwd(cwd);
        }
        spec
    }

    /// A job as it is fed.
    pub(crate) fn spec(&self, planned: Planned) -> JobSpec {
        let mut spec = planned.spec.unwrap_or_else(|| planned.files.of(self.job(planned.argv)));
        if self.tag {
            spec = spec.data(output::Tag(planned.tag));
        }
        spec
    }
}
