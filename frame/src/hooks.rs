//! Which hooks does the framework call? A family of four, for its own moments.

use xqute::{Counts, Job, Run};

use crate::{Pipeline, Process, Task};

/// The hooks of the framework. A plugin implements them with `#[hook(xqute_frame::FrameHooks)]`, beside those of xqute, and finds its state
/// in `run` in either.
#[xqute::hookspec(path = crate::hooks)]
pub trait FrameHooks {
    /// A pipeline is about to begin: nothing has been fed. An error ends it.
    #[gate]
    async fn on_pipeline_init(run: &Run, pipeline: &Pipeline);
    /// A job is about to be fed; those before it run meanwhile. An error ends the pipeline.
    #[gate]
    async fn on_job_prepare(run: &Run, process: &Process, task: &Task);
    /// A job need not run: what it would write is there.
    async fn on_job_cached(run: &Run, process: &Process, job: &Job);
    /// The last job of a process has ended, and so they ended. Not called where the run is stopped
    /// before all were fed.
    async fn on_process_done(run: &Run, process: &Process, counts: &Counts);
}
