//! Functions of every shape that a hook may have, in every place: each registers, once.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, rust_2018_idioms)]

use xqute::{Job, PluginSet, Run, Scheduler, hook};

xqute::plugin!(name = "shapes");

const LATE: i32 = 100;

/// A synchronous function for an async hook; some of the arguments, in another order.
#[hook]
fn on_job_init(job: &Job, run: &Run) {
    let _ = (job, run);
}

/// Arguments that are not used, or are changed.
#[hook]
async fn on_job_queued(_job: &Job, mut scheduler: &Scheduler, mut _run: &Run) {
    let other = scheduler;
    scheduler = other;
    let _ = scheduler;
}

/// Attributes, a visibility, another name, a priority that is a constant.
#[hook(name = on_job_started, priority = LATE)]
#[inline]
#[must_use]
pub(crate) fn say_so(#[allow(unused_variables, reason = "an attribute that is kept")] job: &Job) {}

/// Options in another order, a negative priority, a comma at the end.
#[hook(priority = -1, name = on_job_started,)]
async fn r#async() {}

/// A name with a needless `r#`.
#[hook]
async fn r#on_job_killed(r#job: &Job) {
    let _ = job;
}

/// Left out.
#[hook]
#[cfg(any())]
async fn on_job_failed(job: &Nothing) {}

/// In.
#[cfg(all())]
#[hook]
#[cfg(not(any()))]
async fn on_job_failed(job: &Job) {
    let _ = job;
}

mod nested {
    use super::hook;

    pub(super) mod deeper {
        use xqute as engine;

        use super::hook;

        #[hook(crate = engine)]
        async fn on_job_killed(job: &engine::Job) -> Result<(), std::fmt::Error> {
            let _ = job;
            Ok(())
        }
    }

    #[hook(::xqute::Hooks)]
    async fn on_job_killed() {}
}

macro_rules! watch {
    ($($hook:ident($job:ident: $ty:ty) -> $result:ty)*) => {$(
        #[hook]
        async fn $hook($job: $ty) -> $result {
            let _ = $job;
            Default::default()
        }
    )*};
}
watch! {
    on_job_submitted(job: &Job) -> ()
    on_job_killing(job: &Job) -> Option<bool>
}

fn main() {
    #[hook]
    async fn on_run_done() {}

    let set = PluginSet::builder().build().unwrap();
    let [plugin] = &set.plugins()[..] else { panic!("there is one plugin") };
    let told = plugin.hooks.iter().map(|it| {
        let module = it.place.module.split_once("::").map_or("", |(_, module)| module);
        (it.hook, it.function, module, it.priority)
    });
    let expected = [
        ("on_job_failed", "on_job_failed", "", 0),
        ("on_job_init", "on_job_init", "", 0),
        ("on_job_killed", "on_job_killed", "", 0),
        ("on_job_killed", "on_job_killed", "nested::deeper", 0),
        ("on_job_killed", "on_job_killed", "nested", 0),
        ("on_job_killing", "on_job_killing", "", 0),
        ("on_job_queued", "on_job_queued", "", 0),
        ("on_job_started", "async", "", -1),
        ("on_job_started", "say_so", "", LATE),
        ("on_job_submitted", "on_job_submitted", "", 0),
        ("on_run_done", "on_run_done", "", 0),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}
