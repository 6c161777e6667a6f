//! Which files is a job said to read and to write? `--in` and `--out`, filled in as COMMAND is.

use std::ffi::OsString;

use anyhow::{Result, bail};
use xqute::JobSpec;

use super::template::Template;

/// What was typed behind `--in` and `--out`.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    inputs: Option<Template>,
    outputs: Option<Template>,
}

/// The same for one job.
#[derive(Debug, Default)]
pub(crate) struct Files {
    inputs: Vec<OsString>,
    outputs: Vec<OsString>,
}

impl Paths {
    pub(super) fn read(inputs: &[OsString], outputs: &[OsString]) -> Result<Self> {
        let read = |words: &[OsString], place| {
            let template = (!words.is_empty()).then(|| Template::new(words));
            template.as_ref().map_or(Ok(()), |it| it.check_known(place))?;
            Ok::<_, anyhow::Error>(template)
        };
        Ok(Self { inputs: read(inputs, "--in")?, outputs: read(outputs, "--out")? })
    }

    /// Whether an argument has a place in one of them.
    pub(super) fn have_places(&self) -> bool {
        self.inputs.iter().chain(&self.outputs).any(Template::has_places)
    }

    /// An error, if they ask for more arguments than each job has.
    pub(super) fn check(&self, sources: usize) -> Result<()> {
        if sources == 0 && self.have_places() {
            bail!(
                "--in or --out has a place for an argument, and lines that are commands have none: there is `{{#}}`, the number of the job"
            );
        }
        self.inputs.as_ref().map_or(Ok(()), |it| it.check(sources, "--in"))?;
        self.outputs.as_ref().map_or(Ok(()), |it| it.check(sources, "--out"))
    }

    /// Those of a job: its number, from 1, and its arguments.
    pub(super) fn fill(&self, number: usize, args: &[OsString]) -> Files {
        let fill =
            |template: &Option<Template>| template.as_ref().map_or_else(Vec::new, |it| it.fill(number, args));
        Files { inputs: fill(&self.inputs), outputs: fill(&self.outputs) }
    }
}

impl Files {
    /// A job that is said to read and to write them.
    pub(super) fn of(self, spec: JobSpec) -> JobSpec {
        let spec = self.inputs.into_iter().fold(spec, JobSpec::input);
        self.outputs.into_iter().fold(spec, JobSpec::output)
    }
}
