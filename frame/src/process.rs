//! What is a process? One command for many inputs: a job for each of them, or one job for all.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use xqute::JobSpec;

use crate::FrameError;

/// One command for many inputs.
///
/// ```
/// # use xqute_frame::Process;
/// let sums = Process::each("sums", ["a.txt", "b.txt"])
///     .outputs(["{stem}.sha256"])
///     .command(["bash", "-c", r#"sha256sum "$1" >"$2""#, "sums", "{in}", "{out}"]);
/// assert_eq!(sums.name(), "sums");
/// ```
#[derive(Debug, Clone)]
pub struct Process {
    name: String,
    inputs: Inputs,
    outputs: Vec<String>,
    command: Vec<OsString>,
}

#[derive(Debug, Clone)]
enum Inputs {
    Each(Vec<PathBuf>),
    All(Vec<PathBuf>),
}

/// What one job of a process reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub(crate) name: String,
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) outputs: Vec<PathBuf>,
}

impl Process {
    /// A process with a job for each input, named `PROCESS/STEM`, where the stem is the input's name without extension. The inputs are
    /// files, or what [`Pipeline::add`](crate::Pipeline::add) gave for another process.
    pub fn each<P: Into<PathBuf>>(name: impl Into<String>, inputs: impl IntoIterator<Item = P>) -> Self {
        Self::of(name.into(), Inputs::Each(inputs.into_iter().map(Into::into).collect()))
    }

    /// A process with one job for all inputs, named `PROCESS/PROCESS`.
    pub fn all<P: Into<PathBuf>>(name: impl Into<String>, inputs: impl IntoIterator<Item = P>) -> Self {
        Self::of(name.into(), Inputs::All(inputs.into_iter().map(Into::into).collect()))
    }

    fn of(name: String, inputs: Inputs) -> Self {
        Self { name, inputs, outputs: Vec::new(), command: Vec::new() }
    }

    /// The files that each job writes, by their names in the process's directory. `{stem}` stands for the job's stem. What is there under
    /// such a name goes before the job runs.
    #[must_use]
    pub fn outputs<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.outputs = names.into_iter().map(Into::into).collect();
        self
    }

    /// What each job runs. A word `{in}` stands for its inputs, a word `{out}` for its outputs, a word each; no shell reads them unless
    /// the command is one.
    #[must_use]
    pub fn command<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.command = words.into_iter().map(Into::into).collect();
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its jobs, where its outputs are in this directory.
    pub(crate) fn tasks(&self, directory: &Path) -> Result<Vec<Task>, FrameError> {
        if Path::new(&self.name).file_name() != Some(self.name.as_ref()) {
            return Err(FrameError::Name(self.name.clone()));
        }
        if self.outputs.is_empty() {
            return Err(FrameError::NoOutputs(self.name.clone()));
        }
        let tasks: Vec<Task> = match &self.inputs {
            Inputs::Each(inputs) => inputs
                .iter()
                .map(|it| self.task(directory, &stem(it), vec![it.clone()]))
                .collect::<Result<_, _>>()?,
            Inputs::All(inputs) if inputs.is_empty() => Vec::new(),
            Inputs::All(inputs) => vec![self.task(directory, &self.name, inputs.clone())?],
        };
        if tasks.is_empty() { Err(FrameError::NoInputs(self.name.clone())) } else { Ok(tasks) }
    }

    fn task(&self, directory: &Path, stem: &str, inputs: Vec<PathBuf>) -> Result<Task, FrameError> {
        let names = self.outputs.iter().map(|it| it.replace("{stem}", stem));
        let outputs: Vec<PathBuf> = names.map(|it| inside(directory, it)).collect::<Result<_, _>>()?;
        // Outputs go before their job runs: the user's own file would.
        if let Some(both) = outputs.iter().find(|it| is_among(it, &inputs)) {
            return Err(FrameError::OutputIsInput(both.clone()));
        }
        Ok(Task { name: format!("{}/{stem}", self.name), inputs, outputs })
    }

    /// A job for xqute. Its files are declared, for other plugins as well.
    pub(crate) fn spec(&self, task: &Task) -> JobSpec {
        let mut words: Vec<OsString> = Vec::new();
        for word in &self.command {
            match word.to_str() {
                Some("{in}") => words.extend(task.inputs.iter().map(Into::into)),
                Some("{out}") => words.extend(task.outputs.iter().map(Into::into)),
                _ => words.push(word.clone()),
            }
        }
        let spec = JobSpec::new(words).name(task.name()).tag(self.name());
        let spec = task.inputs.iter().fold(spec, JobSpec::input);
        task.outputs.iter().fold(spec, JobSpec::output)
    }
}

impl Task {
    /// Its name, `PROCESS/STEM`: the same in each run.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it reads.
    #[must_use]
    pub fn inputs(&self) -> &[PathBuf] {
        &self.inputs
    }

    /// What it writes.
    #[must_use]
    pub fn outputs(&self) -> &[PathBuf] {
        &self.outputs
    }
}

/// A file in the directory or below it, and nowhere else.
fn inside(directory: &Path, name: String) -> Result<PathBuf, FrameError> {
    let mut components = Path::new(&name).components().peekable();
    let is_inside = components.peek().is_some() && components.all(|it| matches!(it, Component::Normal(_)));
    if is_inside { Ok(directory.join(name)) } else { Err(FrameError::Outside(name)) }
}

/// Whether removing the file would remove one of these, however they are spelled.
fn is_among(file: &Path, others: &[PathBuf]) -> bool {
    // The file itself is not followed: one that is a link to an input may go.
    let folder = file.parent().and_then(|it| it.canonicalize().ok());
    let place = folder.zip(file.file_name()).map(|(folder, name)| folder.join(name));
    others.iter().any(|it| it == file || place.is_some() && it.canonicalize().ok() == place)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
