//! Does a dispatch allocate? Every hook of the engine, called 10,000 times, with 0, 1 and 16 implementations, ready and
//! waiting: never, where no text is returned and a hook's future holds at most 256 bytes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use xqute::{Hooks, Job, PluginSet, Run, Scheduler, Signal, Summary, Xqute};

const DISPATCHES: u64 = 10_000;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting per thread.
struct Counting;

// SAFETY: all is the system's doing; a counter in a thread's own memory allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Plugins that have every hook; an async one does what `$wait` says.
macro_rules! plugins {
    ($kind:ident: $($plugin:ident)*; $wait:expr) => {
        mod $kind {
            pub(super) const NAMES: &[&str] = &[$(stringify!($plugin)),*];

            $(mod $plugin {
                use std::hint::black_box;
                use xqute::{hook, Job, Run, Scheduler, Signal, Submit, Summary, Verdict};

                xqute::plugin!(enabled = false);

                #[hook] fn on_init(run: &Run, scheduler: &Scheduler) { black_box((run, scheduler)); }
                #[hook] fn on_shutdown(signal: Option<Signal>) -> bool { black_box(signal).is_some() }
                #[hook] fn on_jobcmd_init(job: &Job) -> &'static str { black_box(job); "set -e" }
                #[hook] fn on_jobcmd_prep(job: &Job) -> Option<&'static str> { black_box(job); None }
                #[hook] fn on_jobcmd_end() {}
                #[hook] async fn on_job_init(run: &Run, scheduler: &Scheduler, job: &Job) {
                    $wait;
                    black_box((run, scheduler, job));
                }
                #[hook] async fn on_job_queued(job: &Job) { $wait; black_box(job); }
                #[hook] async fn on_job_submitting(job: &Job) -> Submit { $wait; black_box(job); Submit::Proceed }
                #[hook] async fn on_job_submitted(job: &Job) { $wait; black_box(job); }
                #[hook] async fn on_job_started(job: &Job) { $wait; black_box(job); }
                #[hook] async fn on_job_polling(job: &Job, counter: u64) { $wait; black_box((job, counter)); }
                #[hook] async fn on_job_killing(job: &Job) -> Verdict { $wait; black_box(job); Verdict::Proceed }
                #[hook] async fn on_job_killed(job: &Job) { $wait; black_box(job); }
                #[hook] async fn on_job_failed(job: &Job) { $wait; black_box(job); }
                #[hook] async fn on_job_succeeded(job: &Job) -> Result<(), String> { $wait; black_box(job); Ok(()) }
                #[hook] async fn on_job_verify(job: &Job) -> Option<bool> { $wait; black_box(job); None }
                #[hook] async fn on_job_cancelled(job: &Job) {
                    let held = [0_u64; 24];
                    $wait;
                    black_box((job, held));
                }
                #[hook] async fn on_run_done(summary: &Summary) { $wait; black_box(summary); }
            })*
        }
    };
}
plugins!(ready: r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15; std::future::ready(()).await);
plugins!(waiting: w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15; tokio::task::yield_now().await);

/// Shows that the counter counts: its future holds more than the dispatch has room for.
mod large {
    xqute::plugin!(enabled = false);

    #[xqute::hook]
    async fn on_job_queued() {
        let held = [0_u8; 300];
        tokio::task::yield_now().await;
        std::hint::black_box(held);
    }
}

/// Takes a job out of a run.
mod catch {
    use std::sync::OnceLock;

    use xqute::{Job, Run, StateError, hook};

    xqute::plugin!(enabled = false);

    /// The run's own: tests run at once.
    #[derive(Default)]
    pub(super) struct Caught(pub(super) OnceLock<Job>);

    #[hook]
    fn on_init(run: &Run) -> Result<(), StateError> {
        run.init_state(Caught::default())
    }

    #[hook]
    fn on_job_started(run: &Run, job: &Job) {
        run.state::<Caught>().unwrap().0.get_or_init(|| job.clone());
    }
}

/// What hooks are called with, from a real run.
struct Scene {
    xqute: Xqute,
    job: Job,
    summary: Summary,
}

impl Scene {
    fn new(dir: &tempfile::TempDir) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let xqute = Xqute::builder().workdir(dir.path().join("work")).select(["catch"]).build().unwrap();
        let summary = runtime.block_on(async {
            xqute.feed(["true"]).await.unwrap();
            xqute.run_until_complete().await.unwrap()
        });
        let job = xqute.run().state::<catch::Caught>().unwrap().0.get().unwrap().clone();
        Self { xqute, job, summary }
    }

    fn args(&self) -> (&Run, &Scheduler, &Job) {
        (self.xqute.run(), self.xqute.scheduler(), &self.job)
    }
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut cx) {
            return result;
        }
    }
}

/// Allocations in so many calls, the first left out: a thread takes its counter once.
fn allocations(mut call: impl FnMut()) -> u64 {
    call();
    let before = ALLOCATIONS.get();
    (0..DISPATCHES).for_each(|_| call());
    ALLOCATIONS.get() - before
}

/// Calls each hook; gives its name and its allocations.
fn every_hook(hooks: &Hooks, scene: &Scene) -> Vec<(&'static str, u64)> {
    let (run, scheduler, job) = scene.args();
    let mut told = Vec::new();
    macro_rules! measure {
        ($($hook:ident: |$h:ident| $call:expr;)*) => {
            $(told.push((stringify!($hook), allocations(|| { let $h = hooks; let _ = $call; })));)*
        };
    }
    measure! {
        on_init: |it| it.on_init(run, scheduler);
        on_shutdown: |it| it.on_shutdown(run, scheduler, Some(Signal(15)));
        on_job_init: |it| ready(it.on_job_init(run, scheduler, job));
        on_job_queued: |it| ready(it.on_job_queued(run, scheduler, job));
        on_job_submitting: |it| ready(it.on_job_submitting(run, scheduler, job));
        on_job_submitted: |it| ready(it.on_job_submitted(run, scheduler, job));
        on_job_started: |it| ready(it.on_job_started(run, scheduler, job));
        on_job_polling: |it| ready(it.on_job_polling(run, scheduler, job, 7));
        on_job_killing: |it| ready(it.on_job_killing(run, scheduler, job));
        on_job_killed: |it| ready(it.on_job_killed(run, scheduler, job));
        on_job_failed: |it| ready(it.on_job_failed(run, scheduler, job));
        on_job_succeeded: |it| ready(it.on_job_succeeded(run, scheduler, job));
        on_jobcmd_init: |it| it.on_jobcmd_init(run, scheduler, job, |_, text| drop(text));
        on_jobcmd_prep: |it| it.on_jobcmd_prep(run, scheduler, job, |_, text| drop(text));
        on_jobcmd_end: |it| it.on_jobcmd_end(run, scheduler, job, |_, text| drop(text));
        on_job_verify: |it| ready(it.on_job_verify(run, scheduler, job));
        on_job_cancelled: |it| ready(it.on_job_cancelled(run, scheduler, job));
        on_run_done: |it| ready(it.on_run_done(run, scheduler, &scene.summary));
    }
    told
}

fn hooks(plugins: &[&str]) -> (PluginSet, Hooks) {
    // Naming none would select all that are on; all of these are off.
    let names = if plugins.is_empty() { &["-catch"] } else { plugins };
    let set = PluginSet::builder().select(names.iter().copied()).build().unwrap();
    let hooks = Hooks::build(&set);
    (set, hooks)
}

/// The hooks of the engine, as its tables name them.
fn hooks_of_the_engine() -> BTreeSet<String> {
    let tables = format!("{:?}", hooks(&[]).1);
    let names = tables.split([' ', '{', ',']).filter_map(|word| word.strip_suffix(':'));
    names.map(str::to_owned).collect()
}

#[test]
fn no_hook_allocates() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::new(&dir);
    for names in [ready::NAMES, waiting::NAMES] {
        for many in [0, 1, 16] {
            let (set, hooks) = hooks(&names[..many]);
            let told = every_hook(&hooks, &scene);
            assert!(told.iter().all(|(_, count)| *count == 0), "{many} implementations: {told:?}");
            let called: BTreeSet<String> = told.iter().map(|(hook, _)| (*hook).to_owned()).collect();
            assert_eq!(called, hooks_of_the_engine());
            let costs = set.costs();
            assert_eq!(costs.len(), many * told.len());
            assert!(costs.iter().all(|cost| cost.calls == DISPATCHES + 1 && cost.faults() == 0));
        }
    }
}

#[test]
fn a_larger_future_allocates_once_a_call() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::new(&dir);
    let told = every_hook(&hooks(&["large"]).1, &scene);
    let allocating: Vec<_> = told.into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(allocating, [("on_job_queued", DISPATCHES)]);
}
