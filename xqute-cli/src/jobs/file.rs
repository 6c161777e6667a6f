//! What does a job file say? A job each: a command and what goes with it, in TOML or a JSON object a line.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use toml::Spanned;
use xqute::{Argv, GraphError, JobRef, JobSpec, RetryPolicy, in_order};

use super::{Files, Planned};
use crate::options;

/// A job, in the words of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    /// A line that is split as a shell splits it,
    cmd: Option<String>,
    /// or the words,
    argv: Option<Vec<String>>,
    /// or a text for `sh`.
    shell: Option<String>,
    name: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    cwd: Option<PathBuf>,
    #[serde(default)]
    after: Vec<Other>,
    #[serde(default)]
    after_any: Vec<Other>,
    /// The files that it is said to read and to write.
    #[serde(default, rename = "in")]
    inputs: Vec<PathBuf>,
    #[serde(default, rename = "out")]
    outputs: Vec<PathBuf>,
    timeout: Option<Time>,
    retries: Option<u32>,
}

/// Another job: its place in the file, from 0, or a name or tag.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a job's index, name or tag was expected")]
enum Other {
    Index(usize),
    Word(String),
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a time was expected: seconds, or a text as \"5m\"")]
enum Time {
    Seconds(u32),
    Text(String),
}

/// Its jobs in the order in which they are fed. `base` makes a job of a command, with what all are given.
pub(super) fn read(path: &Path, base: &dyn Fn(Argv) -> JobSpec) -> Result<Vec<Planned>> {
    let shown = path.display();
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.with_context(|| format!("cannot read the jobs of {shown}"))?;
    let is_toml = path.extension().is_some_and(|it| it == "toml");
    let jobs = if is_toml { toml(&text, path)? } else { json_lines(&text, path)? };
    let mut lines = Vec::with_capacity(jobs.len());
    let mut specs = Vec::with_capacity(jobs.len());
    for (line, job) in jobs {
        specs.push(job.spec(base).map_err(|error| error.context(format!("{shown}:{line}")))?);
        lines.push(line);
    }
    let ordered = in_order(specs).map_err(|error| match &error {
        GraphError::Unknown { index, .. } => anyhow!("{shown}:{}: {error}", lines[*index]),
        _ => anyhow!("{shown}: {error}"),
    })?;
    ordered.into_iter().map(planned).collect()
}

fn planned(spec: JobSpec) -> Result<Planned> {
    let argv = spec.argv().map_err(Clone::clone)?.clone();
    let tag = argv.to_string().into_bytes();
    Ok(Planned { argv, tag, note: None, files: Files::default(), spec: Some(spec) })
}

fn toml(text: &str, path: &Path) -> Result<Vec<(usize, Job)>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        job: Vec<Spanned<Job>>,
    }
    let line = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |it| it.start);
        anyhow!(
            "{}:{}: {}: write `[[job]]` tables with `cmd = \"…\"`",
            path.display(),
            line(at),
            error.message()
        )
    })?;
    Ok(file.job.into_iter().map(|job| (line(job.span().start), job.into_inner())).collect())
}

fn json_lines(text: &str, path: &Path) -> Result<Vec<(usize, Job)>> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let read = |(number, line): (usize, &str)| {
        let job = serde_json::from_str(line).map_err(|error| {
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or(&why);
            anyhow!(
                "{}:{number}:{}: {why}: write a JSON object a line, as {{\"cmd\": \"echo hi\"}}",
                path.display(),
                error.column()
            )
        })?;
        Ok((number, job))
    };
    lines.map(read).collect()
}

impl Job {
    fn spec(self, base: &dyn Fn(Argv) -> JobSpec) -> Result<JobSpec> {
        let argv = match (self.cmd, self.argv, self.shell) {
            (Some(line), None, None) => Argv::parse(line)?,
            (None, Some(words), None) => Argv::new(words)?,
            (None, None, Some(text)) => Argv::new(["sh", "-c", &text])?,
            (None, None, None) => bail!("the job has no command: give it `cmd`, `argv` or `shell`"),
            _ => bail!("the job has more than one of `cmd`, `argv` and `shell`: leave one"),
        };
        let mut spec = base(argv);
        if let Some(name) = self.name {
            spec = spec.name(name);
        }
        spec = self.tags.into_iter().fold(spec, JobSpec::tag);
        spec = self.env.into_iter().fold(spec, |it, (name, value)| it.env(name, value));
        spec = self.after.into_iter().fold(spec, JobSpec::after);
        spec = self.after_any.into_iter().fold(spec, JobSpec::after_any);
        spec = self.inputs.into_iter().fold(spec, JobSpec::input);
        spec = self.outputs.into_iter().fold(spec, JobSpec::output);
        if let Some(cwd) = self.cwd {
            spec = spec.cwd(std::path::absolute(&cwd).with_context(|| format!("cwd = {}", cwd.display()))?);
        }
        if let Some(limit) = self.timeout {
            let text = match limit {
                Time::Seconds(seconds) => seconds.to_string(),
                Time::Text(text) => text,
            };
            spec = spec.timeout(options::limit(&text).map_err(|why| anyhow!("timeout: {why}"))?);
        }
        if let Some(retries) = self.retries {
            spec = spec.retry(RetryPolicy::new(retries));
        }
        Ok(spec)
    }
}

impl From<Other> for JobRef {
    fn from(other: Other) -> Self {
        match other {
            Other::Index(index) => index.into(),
            Other::Word(word) => word.into(),
        }
    }
}
