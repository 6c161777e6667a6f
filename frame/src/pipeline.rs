//! What is a pipeline? Processes, of which some read what others write; and how their jobs come into a run.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use xqute::{Counts, Summary, WorkDirView, Xqute, XquteBuilder};

use crate::cache::Cache;
use crate::plugin::{Live, Part, Stage};
use crate::{FrameError, FrameHooks, Process, Task};

/// Processes, and the directory that their results are in: `DIR/results/PROCESS/`. Beside them are `DIR/cache/` and xqute's work
/// directory, `DIR/jobs/`.
#[derive(Debug)]
pub struct Pipeline {
    dir: PathBuf,
    processes: Vec<(Process, Vec<Task>)>,
}

impl Pipeline {
    /// A pipeline without processes.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), processes: Vec::new() }
    }

    /// Adds a process. Gives the files that it will write, for processes that read them: they are known before anything has run.
    ///
    /// # Errors
    ///
    /// It has no jobs, its name is taken, an output is not in its directory or is what its job reads, or two jobs would write one file.
    pub fn add(&mut self, process: Process) -> Result<Vec<PathBuf>, FrameError> {
        if self.processes.iter().any(|(it, _)| it.name() == process.name()) {
            return Err(FrameError::SameName(process.name().to_owned()));
        }
        let tasks = process.tasks(&self.dir.join("results").join(process.name()))?;
        let outputs: Vec<PathBuf> = tasks.iter().flat_map(|it| it.outputs.clone()).collect();
        let mut taken: HashSet<&PathBuf> =
            self.processes.iter().flat_map(|(_, tasks)| tasks).flat_map(|it| &it.outputs).collect();
        if let Some(twice) = outputs.iter().find(|it| !taken.insert(it)) {
            return Err(FrameError::SameOutput(twice.clone()));
        }
        self.processes.push((process, tasks));
        Ok(outputs)
    }

    /// The processes and their jobs, in the order in which they were added.
    pub fn processes(&self) -> impl ExactSizeIterator<Item = (&Process, &[Task])> {
        self.processes.iter().map(|(process, tasks)| (process, &**tasks))
    }

    /// Runs what is not done, as the builder says: how many at once, where, with which plugins and retries. A job starts when the files
    /// that it reads are there, and jobs run while others are being prepared.
    ///
    /// # Errors
    ///
    /// The run cannot begin or go on, or a plugin has ended it. Jobs that failed are no error: ask [`Summary::is_success`].
    pub async fn run(&self, builder: XquteBuilder) -> Result<Summary, FrameError> {
        let jobs = self.dir.join("jobs");
        // What failed is to be tried again, and what is done is for the cache to say. Another list of jobs begins anew.
        let builder = builder.retry_failed(true).rerun_done(true).fresh(self.is_another_list(&jobs));
        let xqute = builder.workdir(jobs).build()?;
        if !xqute.plugins().plugins().iter().any(|it| it.name == "frame" && it.on) {
            return Err(FrameError::Off);
        }
        let hooks = FrameHooks::build(xqute.plugins());
        hooks.on_pipeline_init(xqute.run(), self).await?;
        let live = Arc::new(Live { hooks, cache: Cache::new(self.dir.join("cache")) });
        let fed = self.feed(&xqute, &live).await;
        if fed.is_err() {
            xqute.cancel();
        }
        let summary = xqute.run_until_complete().await?;
        match fed {
            Err(error) if !error.is_stop() => Err(error),
            _ => Ok(summary),
        }
    }

    /// The first jobs run while later ones are prepared, and `feed` waits where the run has enough of them.
    async fn feed(&self, xqute: &Xqute, live: &Arc<Live>) -> Result<(), FrameError> {
        let mut writers: HashMap<&Path, usize> = HashMap::new();
        for (process, tasks) in &self.processes {
            make_dir(&self.dir.join("results").join(process.name()))?;
            let counts = Mutex::new(Counts::default());
            let stage = Arc::new(Stage { process: process.clone(), jobs: tasks.len(), counts });
            for task in tasks {
                live.hooks.on_job_prepare(xqute.run(), process, task).await?;
                let before: HashSet<usize> =
                    task.inputs.iter().filter_map(|it| writers.get(&**it).copied()).collect();
                let part = Part { live: Arc::clone(live), stage: Arc::clone(&stage) };
                let spec = process.spec(task).data(part);
                let index = xqute.feed(before.into_iter().fold(spec, xqute::JobSpec::after)).await?;
                writers.extend(task.outputs.iter().map(|it| (&**it, index)));
            }
        }
        Ok(())
    }

    /// Whether the work directory has other jobs. Results are safe in the cache; xqute knows jobs by their places in the list.
    fn is_another_list(&self, jobs: &Path) -> bool {
        // Where nothing can be read, the run says so.
        let Ok(mut view) = WorkDirView::open(jobs) else { return false };
        let tasks = self.processes.iter().flat_map(|(_, tasks)| tasks);
        tasks.enumerate().any(|(index, task)| {
            view.job(index).ok().flatten().is_some_and(|it| it.name.as_deref() != Some(task.name()))
        })
    }
}

fn make_dir(path: &Path) -> Result<(), FrameError> {
    fs::create_dir_all(path).map_err(|error| FrameError::Directory { path: path.to_owned(), error })
}
